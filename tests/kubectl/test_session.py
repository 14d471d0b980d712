"""One long session with the real kubectl: nothing people use has to change."""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kubectl.script import Script, Step, mismatch, parse

_HERE = Path(__file__).parent
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_OWN = _HERE.parent.parent / "build" / "tools" / "bin" / "kubectl"
_KUBECTLS = [path for path in (shutil.which("kubectl"), str(_OWN)) if path and Path(path).exists()]
_PATIENCE_S = 30.0
_EDITOR = "sed -i s/whalesay/fortune/"


@pytest.fixture
def script() -> Script:
    return parse((_HERE / "session.txt").read_text(encoding="utf-8"))


def test_the_session_is_long_enough(script: Script) -> None:
    assert len(script.steps) >= 120


@pytest.mark.timeout(240)
@pytest.mark.skipif(not _KUBECTLS, reason="there is no kubectl on this machine")
@pytest.mark.parametrize("kubectl", _KUBECTLS or [""])
def test_each_step_says_what_kubectl_says(
    kubectl: str, script: Script, kubeconfig: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "session"
    folder.mkdir()
    for name, text in script.files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    with Session(kubectl, kubeconfig, folder).running() as session:
        for step in script.steps:
            session.take(step)


class Session:
    """One shell's worth of state: kept words, and commands that run on."""

    def __init__(self, kubectl: str, kubeconfig: Path, folder: Path) -> None:
        self._kubectl = kubectl
        self._folder = folder
        self._kept: dict[str, str] = {}
        self._streams: dict[str, Stream] = {}
        self._environment = {
            "KUBECONFIG": str(kubeconfig),
            "HOME": str(folder),
            "PATH": "/usr/bin:/bin",
            "KUBE_EDITOR": _EDITOR,
            "KUBECTL_APPLYSET": "true",
        }

    @contextlib.contextmanager
    def running(self) -> Iterator[Session]:
        try:
            yield self
        finally:
            for stream in self._streams.values():
                stream.end()

    def take(self, step: Step) -> None:
        if step.mode == "start":
            stream = Stream(self._words(step), self._environment, self._folder)
            self._streams[step.name] = stream
            output, code = stream.until(len(step.expected)), 0
        elif step.mode == "end":
            stream = self._streams.pop(step.name)
            output, code = stream.until(len(step.expected)), 0
            stream.end()
        else:
            output, code = self._run(step)
        found = mismatch(step.expected, output) if not step.keeps else None
        where = f"session.txt:{step.line}: kubectl {step.words or step.name}"
        assert code == step.code, f"{where}: exit code {code}\n{output}"
        assert found is None, f"{where}\n--- said\n{found}--- expected\n" + "\n".join(step.expected)

    def _run(self, step: Step) -> tuple[str, int]:
        done = subprocess.run(
            self._words(step),
            env=self._environment,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if step.keeps:
            self._kept[step.keeps] = done.stdout.strip()
        return _COLOUR.sub("", done.stdout + done.stderr), done.returncode

    def _words(self, step: Step) -> list[str]:
        words = shlex.split(step.words)
        for name, value in self._kept.items():
            words = [word.replace(f"{{{name}}}", value) for word in words]
        return [self._kubectl, *words]


class Stream:
    """A command that runs on, read line by line."""

    def __init__(self, words: list[str], environment: dict[str, str], folder: Path) -> None:
        self._process = subprocess.Popen(
            words, env=environment, cwd=folder, stdout=subprocess.PIPE, text=True
        )
        self._lines: list[str] = []
        self._came = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def until(self, count: int) -> str:
        """The lines, once there are so many."""
        with self._came:
            self._came.wait_for(lambda: len(self._lines) >= count, _PATIENCE_S)
            return "".join(self._lines)

    def end(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._reader.join()
        if self._process.stdout:
            self._process.stdout.close()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            with self._came:
                self._lines.append(line)
                self._came.notify_all()
