"""Steps as real containers."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from queue import Empty
from typing import Any

import pytest

from tests.adapters.conftest import IMAGE
from tests.adapters.process.conftest import Bench, container, heard, pod, step
from toolkit.adapters.containers.engine import ContainerEngine, Stage
from toolkit.adapters.process import progress
from toolkit.adapters.process.claims import Claim
from toolkit.adapters.process.isolation import NONE
from toolkit.repository.settings import ImageRule
from toolkit.workflow.commands import InputArtifact, OutputArtifact
from toolkit.workflow.events import (
    OUT_OF_MEMORY,
    ContainerEnded,
    ContainerErrored,
    ContainerStarted,
)
from toolkit.workflow.ports import ResolvedStart, VolumeMount

Opener = Callable[..., Bench]


@pytest.fixture
def open_bench(tmp_path: Path, engine: ContainerEngine) -> Iterator[Opener]:
    benches: list[Bench] = []

    def opener(engine: ContainerEngine = engine, **options: Any) -> Bench:
        benches.append(Bench(tmp_path, NONE, engines={"staging": engine}, **options))
        return benches[-1]

    yield opener
    for bench in benches:
        bench.executor.sweep(frozenset())
        bench.close()


@pytest.fixture
def bench(open_bench: Opener) -> Bench:
    return open_bench()


PULLS = 'if [ "$1" = run ]; then trap : TERM; sleep 1; trap - TERM; fi'
"""A client that has an image to pull, and loses what signal comes meanwhile."""
LOSES = """\
if [ "$1" = run ]; then
    CLIENT "$@" &
    sleep 2
    kill -9 $!
    touch FOLDER/away
    exit 125
fi
[ ! -e FOLDER/away ] || exit 1
"""
"""A client whose engine goes away while the container runs, until FOLDER/away is gone."""
LISTS_NOTHING = 'if [ "$1" = ps ]; then exit 1; fi'


@pytest.fixture
def with_client(tmp_path: Path, engine: ContainerEngine, open_bench: Opener) -> Opener:
    """A bench with a client that does something before it is the engine's own."""

    def opener(before: str) -> Bench:
        client = tmp_path / f"client-{len(before)}"
        words = f'#!/bin/sh\n{before}\nexec CLIENT "$@"\n'
        client.write_text(words.replace("CLIENT", engine.program).replace("FOLDER", str(tmp_path)))
        client.chmod(0o755)
        return open_bench(engine=replace(engine, program=str(client)))

    return opener


def contained(source: str, *, id: str = "uid-1", **fields: Any) -> ResolvedStart:
    call = {"image": IMAGE, **fields.pop("call", {})}
    return step(source, id=id, call=call, **fields)


def await_words(bench: Bench, resolved: ResolvedStart) -> None:
    """Returns once the step has said something: it is inside its container."""
    bench.next()
    next(iter(bench.logs.lines(resolved.address, follow=True)))


def await_client(bench: Bench, id: str) -> None:
    while Claim(bench.root / "steps", id).record() is None:
        time.sleep(0.01)


def test_a_script_runs_in_its_image(bench: Bench) -> None:
    resolved = contained("cat /etc/image; echo said >&2")
    assert bench.ended(resolved).exit_code == 0
    assert sorted(bench.log(resolved)) == ["from the image", "said"]


def test_the_result_is_standard_output_alone(bench: Bench) -> None:
    resolved = contained("echo out; echo err >&2", captures_result=True)
    assert bench.ended(resolved).result == "out"


def test_outputs_are_copied_out_from_anywhere(bench: Bench) -> None:
    source = "mkdir -p /deep/er; echo a > /deep/er/f; echo b > /result.txt"
    ended = bench.ended(contained(source, outputs=("/deep/er/f", "/result.txt", "/none")))
    assert ended.outputs == {"/deep/er/f": "a", "/result.txt": "b", "/none": None}


def test_nothing_of_the_container_is_left(bench: Bench, engine: ContainerEngine) -> None:
    bench.ended(contained("true"))
    assert engine.names() == frozenset()


def test_the_environment_is_the_steps_and_the_images(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOST_SECRET", "hush")
    values = {"ONE": "a b", "TWO": "x\ny", "THREE": "a=#b"}
    resolved = contained('echo "$ONE|$TWO|$THREE|$HOST_SECRET|"', environment=values)
    bench.ended(resolved)
    assert bench.log(resolved) == ["a b|x", "y|a=#b||"]


def test_a_secret_stands_on_no_command_line_and_in_no_file_afterwards(bench: Bench) -> None:
    resolved = contained(
        "cat /proc/1/cmdline; echo; echo $TOKEN; cat /keys/token",
        environment={"TOKEN": "hush-1"},
        files={"/keys/token": b"hush-2"},
        secrets=frozenset({"hush-1", "hush-2"}),
        call={"volume_mounts": ({"name": "k", "mountPath": "/keys"},)},
    )
    bench.ended(resolved)
    assert [line for line in bench.log(resolved) if "hush" in line] == []
    kept = [path for path in bench.root.rglob("*") if path.is_file()]
    assert [path for path in kept if b"hush" in path.read_bytes()] == []


def test_the_engine_keeps_nothing_of_what_a_step_says(
    bench: Bench, engine: ContainerEngine
) -> None:
    resolved = contained("echo hush; exec sleep 1000", secrets=frozenset({"hush"}))
    bench.start(resolved)
    await_words(bench, resolved)
    (name,) = engine.names()
    logs = [engine.program, "logs", name]
    done = subprocess.run(logs, env=dict(engine.environment), capture_output=True, check=False)
    assert b"hush" not in done.stdout + done.stderr


def test_volumes_and_artifacts_are_mounted(bench: Bench) -> None:
    bench.artifacts.save(OutputArtifact("a", "/x", "key"), _file(bench.root / "given", "in\n"))
    resolved = contained(
        "cat /in/a /raw > /out/both; echo kept > /vol/f",
        input_artifacts=(InputArtifact("a", "/in/a", "key", {}),),
        input_files=(("/raw", "raw\n"),),
        output_artifacts=(OutputArtifact("b", "/out/both", "made", archive="none"),),
        mounts=(VolumeMount("/vol", "staging/data/claim"),),
        call={
            "volume_mounts": (
                {"name": "v", "mountPath": "/vol"},
                {"name": "o", "mountPath": "/out"},
            )
        },
    )
    ended = bench.ended(resolved)
    assert ended.artifacts == {"b": "made"}
    assert (bench.root / "artifacts" / "made").read_text() == "in\nraw\n"
    assert (bench.root / "volumes/staging/data/claim/f").read_text() == "kept\n"


def test_a_step_that_outlives_gitops_is_followed_again(open_bench: Opener) -> None:
    before, resolved = open_bench(), contained("sleep 2; echo done; exit 7")
    before.start(resolved)
    before.next()
    before.close()
    after = open_bench()
    after.executor.recover(resolved)
    ended = after.outcome("uid-1")
    assert isinstance(ended, ContainerEnded)
    assert ended.exit_code == 7
    assert after.log(resolved) == ["done"]


def test_how_far_it_is_is_heard(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "INTERVAL_S", 0.1)
    source = "cd ${ARGO_PROGRESS_FILE%/*}; echo 3/4 >new; mv new $ARGO_PROGRESS_FILE; exec sleep 60"
    bench.start(contained(source))
    assert heard(bench) == "3/4"


def test_how_far_it_is_is_heard_after_a_restart(
    open_bench: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "INTERVAL_S", 0.1)
    before, resolved = open_bench(), contained("echo 1/2 >$ARGO_PROGRESS_FILE; exec sleep 60")
    before.start(resolved)
    assert heard(before) == "1/2"
    before.close()
    after = open_bench()
    after.executor.recover(resolved)
    assert heard(after) == "1/2"


def test_a_volume_where_progress_is_told_stays_the_steps(bench: Bench) -> None:
    mount = {"name": "v", "mountPath": "/var/run/argo"}
    resolved = contained("echo 1/2 >$ARGO_PROGRESS_FILE", call={"volume_mounts": (mount,)})
    assert bench.ended(resolved).exit_code == 0


def test_a_stop_reaches_the_container(bench: Bench, engine: ContainerEngine) -> None:
    if not engine.has_init:
        pytest.skip("the machine has no catatonit")
    resolved = contained("echo up; sleep 1000")
    bench.start(resolved)
    await_words(bench, resolved)
    bench.executor.stop("uid-1", grace_s=30)
    ended = bench.outcome("uid-1")
    assert isinstance(ended, ContainerEnded)
    assert ended.exit_code == 143


def test_it_is_told_once_it_runs(with_client: Opener, engine: ContainerEngine) -> None:
    bench, resolved = with_client(PULLS), contained("exec sleep 1000")
    bench.start(resolved)
    assert isinstance(bench.next(), ContainerStarted)
    assert [*engine.stages().values()] == [Stage.RUNS]
    bench.executor.stop("uid-1", grace_s=0)
    bench.outcome("uid-1")


def test_it_is_told_at_once_of_one_that_was_seen_running(with_client: Opener) -> None:
    before, resolved = with_client(PULLS), contained("exec sleep 1000")
    before.start(resolved)
    before.next()
    before.close()
    after = with_client(LISTS_NOTHING)
    after.executor.recover(resolved)
    assert isinstance(after.next(), ContainerStarted)


def test_a_stop_that_the_client_loses_reaches_the_container(
    with_client: Opener, engine: ContainerEngine
) -> None:
    if not engine.has_init:
        pytest.skip("the machine has no catatonit")
    bench, resolved = with_client(PULLS), contained("sleep 1000")
    bench.start(resolved)
    await_client(bench, "uid-1")
    bench.executor.stop("uid-1", grace_s=30)
    ended = bench.outcome("uid-1")
    assert isinstance(ended, ContainerEnded)
    assert ended.exit_code == 143


def test_a_hook_after_the_start_waits_for_the_container(with_client: Opener) -> None:
    hook = {"postStart": {"exec": {"command": ["sh", "-c", "echo up > /hooked"]}}}
    source = "while [ ! -e /hooked ]; do sleep 0.1; done"
    resolved = pod(container("main", source, image=IMAGE, lifecycle=hook))
    assert with_client(PULLS).ended(resolved).exit_code == 0


def test_one_that_ignores_the_stop_is_killed(bench: Bench, engine: ContainerEngine) -> None:
    resolved = contained("trap '' TERM; echo up; while true; do sleep 1; done")
    bench.start(resolved)
    await_words(bench, resolved)
    bench.executor.stop("uid-1", grace_s=0.5)
    ended = bench.outcome("uid-1")
    assert isinstance(ended, ContainerEnded)
    assert ended.exit_code == 137
    assert engine.names() == frozenset()


def test_a_memory_limit_is_held(bench: Bench) -> None:
    source = "x=aaaaaaaaaaaaaaaa; while true; do x=$x$x; done"
    call = {"resources": {"limits": {"memory": "16Mi", "cpu": "500m"}}}
    ended = bench.ended(contained(source, call=call))
    assert ended.exit_code == 137
    assert ended.reason in (OUT_OF_MEMORY, "")  # not every machine's runtime tells


def test_an_image_that_is_not_to_be_had_is_an_error(bench: Bench) -> None:
    outcome = bench.errored(contained("true", call={"image": "localhost/no-such-image:1"}))
    assert isinstance(outcome, ContainerErrored)
    assert "could not run the container" in outcome.message


def test_one_whose_engine_went_away_has_not_ended_before_it_is_back(
    with_client: Opener, engine: ContainerEngine
) -> None:
    bench, resolved = with_client(LOSES), contained("exec sleep 1000")
    away = bench.root / "away"
    bench.start(resolved)
    assert isinstance(bench.next(), ContainerStarted)
    while not away.exists():
        time.sleep(0.05)
    with pytest.raises(Empty):
        bench.events.get(timeout=2)
    away.unlink()
    outcome = bench.outcome("uid-1")
    assert isinstance(outcome, ContainerErrored)
    assert outcome.message.endswith("lost the container while it ran")
    assert engine.names() == frozenset()


def test_an_exit_code_that_clients_use_too_is_the_steps(bench: Bench) -> None:
    assert bench.ended(contained("sleep 1; exit 125")).exit_code == 125


def test_an_image_of_the_host_stays_a_process(open_bench: Opener) -> None:
    bench = open_bench(rules=[ImageRule("mine", is_on_host=True)])
    resolved = contained("test -e /etc/image || echo host", call={"image": "mine"})
    bench.ended(resolved)
    assert bench.log(resolved) == ["host"]


def test_what_nobody_asks_for_any_more_is_swept(
    open_bench: Opener, engine: ContainerEngine
) -> None:
    before, resolved = open_bench(), contained("echo up; sleep 1000")
    before.start(resolved)
    await_words(before, resolved)
    before.close()
    open_bench().executor.sweep(frozenset())
    assert engine.names() == frozenset()


def test_a_container_that_no_claim_knows_is_swept(
    open_bench: Opener, engine: ContainerEngine
) -> None:
    before = open_bench()
    for id in ("uid-1", "uid-2"):
        before.start(contained("echo up; sleep 1000", id=id))
    await_words(before, contained("", id="uid-1"))
    await_words(before, contained("", id="uid-2"))
    before.close()
    shutil.rmtree(before.root / "steps" / "uid-1")
    open_bench().executor.sweep(frozenset({"uid-2"}))
    (left,) = engine.names()
    assert left.endswith("uid-2")


def test_the_command_replaces_the_entrypoint(bench: Bench) -> None:
    resolved = contained("", call={"command": ("echo", "a"), "args": ("b",), "source": None})
    bench.ended(resolved)
    assert bench.log(resolved) == ["a b"]


def test_the_containers_of_a_pod_share_its_volumes(bench: Bench, engine: ContainerEngine) -> None:
    resolved = pod(
        container("first", "echo a > /shared/o", image=IMAGE),
        container("main", "echo b >> /shared/o; exit 3", image=IMAGE, dependencies=("first",)),
        mounts=(VolumeMount("/shared", "work", is_pods=True),),
        outputs=("/shared/o",),
    )
    ended = bench.ended(resolved)
    assert (ended.exit_code, ended.outputs) == (3, {"/shared/o": "a\nb"})
    assert engine.names() == frozenset()


def test_a_probe_runs_its_command_in_the_container(bench: Bench) -> None:
    probe = {"exec": {"command": ["cat", "/ready"]}, "periodSeconds": 1}
    source = "sleep 1; echo > /ready; sleep 1000"
    resolved = pod(
        container("main", source, image=IMAGE, probes={"readiness": probe}), awaits_ready=True
    )
    bench.start(resolved)
    event = bench.next()
    while not isinstance(event, ContainerStarted):
        event = bench.next()
    bench.executor.stop("uid-1", grace_s=0)
    bench.outcome("uid-1")


def _file(path: Path, text: str) -> Path:
    path.write_text(text)
    return path
