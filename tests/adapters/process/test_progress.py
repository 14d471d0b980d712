"""What steps write into ARGO_PROGRESS_FILE is heard while they run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.adapters.process.conftest import Bench, container, heard, pod, step
from toolkit.adapters.process import progress
from toolkit.adapters.process.isolation import Namespaces
from toolkit.workflow.ports import ResolvedStart

Open = Callable[..., Bench]

SLEEP = "exec sleep 60"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "INTERVAL_S", 0.02)


def test_the_last_line_counts_and_each_once(open_bench: Open, isolation: Namespaces) -> None:
    bench = open_bench(isolation)
    source = (
        "printf '1/100\\n40/100\\n' > $ARGO_PROGRESS_FILE;"
        'while [ ! -e "${ARGO_PROGRESS_FILE%/*}/go" ]; do sleep 0.05; done;'
        f"echo 90/100 > $ARGO_PROGRESS_FILE; {SLEEP}"
    )
    bench.start(step(source, outputs=("/result.txt",)))
    assert heard(bench) == "40/100"
    (bench.root / "steps" / "uid-1" / "go").touch()
    assert heard(bench) == "90/100"


def test_a_container_of_a_pod_says_it_for_the_pod(bench: Bench) -> None:
    main = container("main", f"echo 3/4 > $ARGO_PROGRESS_FILE; {SLEEP}")
    bench.start(pod(main, container("beside", SLEEP, role="sidecar")))
    assert heard(bench) == "3/4"


def test_what_is_no_progress_is_not_told(bench: Bench) -> None:
    source = (
        "echo soon > $ARGO_PROGRESS_FILE; sleep 0.3; rm $ARGO_PROGRESS_FILE;"
        "ln -s /etc/passwd $ARGO_PROGRESS_FILE; sleep 0.3; rm $ARGO_PROGRESS_FILE;"
        f"echo 1/2 > $ARGO_PROGRESS_FILE; {SLEEP}"
    )
    bench.start(step(source))
    assert heard(bench) == "1/2"


def test_after_a_restart_it_is_heard_again(open_bench: Open) -> None:
    bench = open_bench()
    resolved: ResolvedStart = step(f"echo 5/6 > $ARGO_PROGRESS_FILE; {SLEEP}")
    bench.start(resolved)
    assert heard(bench) == "5/6"
    bench.close()
    again = open_bench()
    again.executor.recover(resolved)
    assert heard(again) == "5/6"
