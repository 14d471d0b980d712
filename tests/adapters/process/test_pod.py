"""Pods of several containers as real processes."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.adapters.process.conftest import Bench, await_end, container, pod
from toolkit.adapters.process.claims import Claim
from toolkit.adapters.process.isolation import Namespaces
from toolkit.workflow.events import ContainerEnded, ContainerErrored, ContainerStarted
from toolkit.workflow.ports import VolumeMount

Open = Callable[..., Bench]

WORK = (VolumeMount("/shared", "work", is_pods=True),)


def codes(ended: ContainerEnded) -> dict[str, int | None]:
    return {state.name: state.exit_code for state in ended.containers}


# Order


def test_containers_wait_for_their_dependencies_and_share_a_volume(
    open_bench: Open, isolation: Namespaces
) -> None:
    bench = open_bench(isolation)
    ended = bench.ended(
        pod(
            container("a", "echo a >> /shared/order"),
            container("b", "echo b >> /shared/order", dependencies=("a",)),
            container("main", "echo main >> /shared/order", dependencies=("a", "b")),
            mounts=WORK,
            outputs=("/shared/order",),
        )
    )
    assert ended.outputs == {"/shared/order": "a\nb\nmain"}
    assert codes(ended) == {"a": 0, "b": 0, "main": 0}


def test_what_a_container_writes_after_main_has_ended_is_put_out_too(bench: Bench) -> None:
    ended = bench.ended(
        pod(
            container("main", "true"),
            container("late", "echo late > /shared/o", dependencies=("main",)),
            mounts=WORK,
            outputs=("/shared/o",),
        )
    )
    assert ended.outputs == {"/shared/o": "late"}


def test_the_result_is_what_main_printed(bench: Bench) -> None:
    ended = bench.ended(
        pod(container("a", "echo no"), container("main", "echo yes"), captures_result=True)
    )
    assert ended.result == "yes"


def test_a_failure_ends_the_others_and_those_that_wait_for_it_do_not_start(bench: Bench) -> None:
    ended = bench.ended(
        pod(
            container("a", "exit 3"),
            container("b", "echo ran", dependencies=("a",)),
            container("long", "sleep 60"),
        )
    )
    assert codes(ended) == {"a": 3, "b": 64, "long": 143}
    by_name = {state.name: state for state in ended.containers}
    assert by_name["b"].message == 'dependency "a" exited with non-zero code: 3'
    assert by_name["b"].started is None


def test_a_command_that_fails_is_run_again_in_its_container(
    open_bench: Open, isolation: Namespaces
) -> None:
    bench = open_bench(isolation)
    again = container("main", "echo try >> /shared/n; test $(wc -l < /shared/n) = 3", retries=2)
    ended = bench.ended(pod(again, mounts=WORK, outputs=("/shared/n",)))
    assert (codes(ended), ended.outputs) == ({"main": 0}, {"/shared/n": "try\ntry\ntry"})


def test_a_command_is_not_run_more_often_than_it_may(bench: Bench) -> None:
    resolved = pod(container("a", "echo try; exit 5", retries=1))
    ended = bench.ended(resolved)
    assert codes(ended) == {"a": 5}
    assert bench.log(resolved, "a") == ["try", "try"]


# Volumes


@pytest.mark.parametrize(
    "path",
    [
        "/shared",
        "/shared/deep/down",
        "/tmp/vol",
        "/var/cache/gitops-vol",
        "/etc/gitops-vol",
        "/mnt/v",
    ],
)
def test_a_volume_is_shared_wherever_it_is_mounted(
    open_bench: Open, isolation: Namespaces, path: str
) -> None:
    bench = open_bench(isolation)
    ended = bench.ended(
        pod(
            container("a", f"echo a > {path}/o"),
            container("main", f"echo main >> {path}/o", dependencies=("a",)),
            mounts=(VolumeMount(path, "work", is_pods=True),),
            outputs=(f"{path}/o",),
        )
    )
    assert ended.outputs == {f"{path}/o": "a\nmain"}


def test_a_volume_may_be_mounted_twice_and_inside_another(
    open_bench: Open, isolation: Namespaces
) -> None:
    bench = open_bench(isolation)
    mounts = (
        VolumeMount("/one", "one", is_pods=True),
        VolumeMount("/one/two", "two", is_pods=True),
        VolumeMount("/again", "two/sub", is_pods=True),
    )
    ended = bench.ended(
        pod(
            container("a", "echo a > /one/o; mkdir -p /one/two/sub; echo b > /one/two/sub/o"),
            container("main", "cat /one/o /again/o > /again/all", dependencies=("a",)),
            mounts=mounts,
            outputs=("/one/two/sub/all",),
        )
    )
    assert ended.outputs == {"/one/two/sub/all": "a\nb"}


def test_a_volume_that_is_read_only_cannot_be_written(
    open_bench: Open, namespaces: Namespaces
) -> None:
    if not namespaces.is_private:
        pytest.skip("this machine does not allow mount namespaces")
    bench = open_bench(namespaces)
    mounts = (VolumeMount("/shared", "work", is_pods=True, is_read_only=True),)
    ended = bench.ended(pod(container("main", "echo x > /shared/x || exit 9"), mounts=mounts))
    assert codes(ended) == {"main": 9}


# Init containers


def test_init_containers_run_one_after_the_other_before_main(
    open_bench: Open, isolation: Namespaces
) -> None:
    bench = open_bench(isolation)
    ended = bench.ended(
        pod(
            container("one", "sleep 0.1; echo one >> /shared/o", "init"),
            container("two", "echo two >> /shared/o", "init"),
            container("main", "cat /shared/o; echo main >> /shared/o"),
            mounts=WORK,
            outputs=("/shared/o",),
        )
    )
    assert ended.outputs == {"/shared/o": "one\ntwo\nmain"}


def test_main_does_not_start_after_an_init_container_that_failed(bench: Bench) -> None:
    resolved = pod(container("one", "exit 7", "init"), container("main", "echo ran"))
    assert codes(bench.ended(resolved)) == {"one": 7}


def test_an_input_in_a_volume_is_there_for_the_init_containers(bench: Bench) -> None:
    resolved = pod(
        container("one", "cat /shared/in > /shared/out; rm /shared/in", "init"),
        container("main", "test ! -e /shared/in && cat /shared/out"),
        mounts=WORK,
        input_files=(("/shared/in", "given"),),
    )
    bench.ended(resolved)
    assert bench.log(resolved) == ["given"]


def test_an_input_lies_in_the_innermost_volume(bench: Bench) -> None:
    mounts = (*WORK, VolumeMount("/shared/inner", "inner", is_pods=True))
    resolved = pod(
        container("one", "cat /shared/inner/in > /shared/out", "init"),
        container("main", "cat /shared/out"),
        mounts=mounts,
        input_files=(("/shared/inner/in", "given"),),
    )
    bench.ended(resolved)
    assert bench.log(resolved) == ["given"]


def test_the_pod_runs_when_a_container_that_is_no_init_container_does(bench: Bench) -> None:
    bench.start(pod(container("one", "true", "init"), container("main", "true")))
    assert bench.state("one", has_ended=True).exit_code == 0
    while not isinstance(event := bench.next(), ContainerStarted):
        assert not isinstance(event, ContainerEnded | ContainerErrored)


# Sidecars


def test_a_sidecar_is_ended_when_main_has_ended(bench: Bench) -> None:
    resolved = pod(
        container("main", "until test -e /shared/up; do sleep 0.01; done; echo served"),
        container("helper", "touch /shared/up; sleep 60", "sidecar"),
        mounts=WORK,
    )
    assert codes(bench.ended(resolved)) == {"main": 0, "helper": 143}
    assert bench.log(resolved) == ["served"]


def test_a_sidecar_that_ignores_the_signal_is_killed(bench: Bench) -> None:
    stubborn = container("helper", "trap '' TERM; echo deaf; while :; do sleep 0.05; done",
                         "sidecar")  # fmt: skip
    resolved = pod(container("main", "sleep 60"), stubborn, mounts=WORK)
    bench.start(resolved)
    bench.state("helper")
    while bench.log(resolved, "helper") != ["deaf"]:
        time.sleep(0.01)
    bench.executor.stop(resolved.start.id, grace_s=0.3)
    ended = bench.outcome()
    assert isinstance(ended, ContainerEnded)
    assert codes(ended) == {"main": 143, "helper": 137}


def test_main_reaches_its_sidecar_over_the_loopback(bench: Bench) -> None:
    serve = (
        "import http.server, pathlib\n"
        "server = http.server.HTTPServer(('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler)\n"
        "pathlib.Path('/shared/port').write_text(str(server.server_port))\n"
        "server.serve_forever()\n"
    )
    ask = (
        "until test -s /shared/port; do sleep 0.01; done\n"
        "exec python3 - <<'E'\n"
        "import urllib.request\n"
        "port = open('/shared/port').read()\n"
        "print(urllib.request.urlopen(f'http://127.0.0.1:{port}').status)\nE\n"
    )
    sidecar = container("web", f"exec python3 - <<'E'\n{serve}E", "sidecar")
    resolved = pod(container("main", ask), sidecar, mounts=WORK)
    bench.ended(resolved)
    assert bench.log(resolved) == ["200"]


# What cannot be started


def test_an_image_nobody_mapped_starts_no_container(tmp_path: Path, bench: Bench) -> None:
    resolved = pod(
        container("a", f"touch {bench.root}/ran"), container("b", "true", image="nobody/knows:1")
    )
    errored = bench.errored(resolved)
    assert errored.message.startswith("container b: ")
    assert not (bench.root / "ran").exists()


def test_a_member_whose_command_is_missing_gives_up(bench: Bench) -> None:
    missing = container("a", "")
    gone = missing.call.__class__(image="any", command=("no-such-command-here",))
    ended = bench.ended(pod(missing.__class__("a", "main", gone), container("b", "sleep 60")))
    assert codes(ended) == {"a": 64, "b": 143}


# Ends from outside


def test_a_stop_ends_all_and_starts_none(bench: Bench) -> None:
    resolved = pod(
        container("a", "sleep 60"), container("b", "echo ran", dependencies=("a",)), mounts=WORK
    )
    bench.start(resolved)
    bench.state("a")
    bench.executor.stop(resolved.start.id, grace_s=5)
    ended = bench.outcome()
    assert isinstance(ended, ContainerEnded)
    assert codes(ended) == {"a": 143, "b": 143}


def test_a_deadline_ends_the_pod(bench: Bench) -> None:
    deadline = datetime.now(UTC) + timedelta(seconds=0.5)
    resolved = pod(container("a", "sleep 60"), container("b", "sleep 60"), deadline=deadline)
    errored = bench.errored(resolved)
    assert errored.is_deadline
    assert errored.message == "Pod was active on the node longer than the specified deadline"


# After a restart


def test_containers_that_run_are_followed_again_and_the_next_ones_start(
    open_bench: Open, isolation: Namespaces
) -> None:
    first = open_bench(isolation)
    resolved = pod(
        container("a", "echo a >> /shared/o; until test -e /shared/go; do sleep 0.01; done"),
        container("main", "echo main >> /shared/o", dependencies=("a",)),
        mounts=WORK,
        outputs=("/shared/o",),
    )
    first.start(resolved)
    first.state("a")
    first.close()
    second = open_bench(isolation)
    second.executor.recover(resolved)
    second.state("a")
    (second.root / "steps" / "uid-1" / "volumes" / "work" / "go").touch()
    ended = second.outcome()
    assert isinstance(ended, ContainerEnded)
    assert ended.outputs == {"/shared/o": "a\nmain"}


def test_a_pod_that_ended_while_nobody_followed_it_is_concluded(open_bench: Open) -> None:
    first = open_bench()
    gate = container("main", "until test -e /shared/go; do sleep 0.01; done; echo x > /shared/o")
    resolved = pod(gate, container("helper", "sleep 60", "sidecar"), mounts=WORK,
                   outputs=("/shared/o",))  # fmt: skip
    first.start(resolved)
    first.state("helper")
    first.close()
    volume = first.root / "steps" / "uid-1" / "volumes" / "work"
    (volume / "go").touch()
    while not (volume / "o").exists():
        continue
    second = open_bench()
    second.executor.recover(resolved)
    ended = second.outcome()
    assert isinstance(ended, ContainerEnded)
    assert (codes(ended), ended.outputs) == ({"main": 0, "helper": 143}, {"/shared/o": "x"})


def test_a_stop_before_the_crash_still_holds_after_it(open_bench: Open) -> None:
    first = open_bench()
    stubborn = "trap '' TERM; touch /shared/up; while :; do sleep 0.05; done"
    resolved = pod(
        container("a", stubborn),
        container("b", "touch /shared/b", dependencies=("a",)),
        mounts=WORK,
    )
    first.start(resolved)
    first.state("a")
    up = first.root / "steps" / "uid-1" / "volumes" / "work" / "up"
    while not up.exists():
        continue
    first.executor.stop("uid-1", grace_s=60)
    stop = first.root / "steps" / "uid-1" / "containers" / "a" / "stop"
    while not stop.exists():
        continue
    first.close()
    second = open_bench()
    second.executor.recover(resolved)
    second.executor.stop("uid-1", grace_s=0.1)
    ended = second.outcome()
    assert isinstance(ended, ContainerEnded)
    assert codes(ended) == {"a": 137, "b": 143}


def test_a_container_that_vanished_makes_the_pod_interrupted(open_bench: Open) -> None:
    first = open_bench()
    resolved = pod(container("a", "sleep 60"), container("b", "sleep 60"))
    first.start(resolved)
    first.state("a")
    first.state("b")
    pid = pid_under(Claim(first.root / "steps" / "uid-1" / "containers", "a"))
    first.close()
    os.killpg(pid, signal.SIGKILL)
    second = open_bench()
    second.executor.recover(resolved)
    errored = second.outcome()
    assert isinstance(errored, ContainerErrored)
    assert errored.message == "interrupted"


# Secrets


def test_a_secret_is_masked_in_the_log_of_every_container(bench: Bench) -> None:
    resolved = pod(
        container("main", "cat /shared/s; echo end"),
        container("one", "echo hunter2 > /shared/s", "init"),
        mounts=WORK,
        secrets=frozenset({"hunter2"}),
    )
    bench.ended(resolved)
    assert bench.log(resolved) == ["***", "end"]


# Readiness, liveness, hooks


@pytest.mark.parametrize(
    "action",
    [
        {"exec": {"command": ["test", "-e", "/shared/ready"]}},
        {"exec": {"command": ["sh", "-c", "cat /shared/ready"]}},
    ],
)
def test_a_daemon_is_up_when_it_is_ready(
    open_bench: Open, isolation: Namespaces, action: dict[str, object]
) -> None:
    bench = open_bench(isolation)
    probe = {"readiness": {**action, "periodSeconds": 0.05, "failureThreshold": 1000}}
    server = container("main", "sleep 60", probes=probe)
    resolved = pod(server, mounts=WORK, awaits_ready=True)
    bench.start(resolved)
    assert not bench.state("main").is_ready
    (bench.root / "steps" / "uid-1" / "volumes" / "work" / "ready").touch()
    assert bench.state("main").is_ready
    assert isinstance(bench.next(), ContainerStarted)


def test_a_container_that_fails_its_liveness_probe_is_ended(bench: Bench) -> None:
    probe = {"exec": {"command": ["false"]}, "periodSeconds": 0.05, "failureThreshold": 2}
    resolved = pod(container("main", "sleep 60", probes={"liveness": probe}))
    assert codes(bench.ended(resolved)) == {"main": 143}
    assert "Liveness probe failed" in bench.log(resolved)[-1]


def test_a_startup_probe_comes_before_the_others(bench: Bench) -> None:
    probes = {
        "startup": {"exec": {"command": ["test", "-e", "/shared/up"]}, "periodSeconds": 0.05,
                    "failureThreshold": 1000},
        "liveness": {"exec": {"command": ["false"]}, "periodSeconds": 0.05,
                     "failureThreshold": 1},
    }  # fmt: skip
    main = container("main", "sleep 0.4; touch /shared/up; sleep 60", probes=probes)
    resolved = pod(main, mounts=WORK, outputs=("/shared/up",))
    ended = bench.ended(resolved)
    assert (codes(ended), ended.outputs) == ({"main": 143}, {"/shared/up": ""})


def test_a_tcp_probe_waits_for_the_port(bench: Bench) -> None:
    listen = (
        "import socket, time\n"
        "server = socket.create_server(('127.0.0.1', {port}))\n"
        "time.sleep(60)\n"
    )
    port = free_port()
    script = f"exec python3 - <<'E'\n{listen.format(port=port)}E"
    probe = {"readiness": {"tcpSocket": {"port": port}, "periodSeconds": 0.05}}
    bench.start(pod(container("main", script, probes=probe), awaits_ready=True))
    assert isinstance(next_started(bench), ContainerStarted)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def next_started(bench: Bench) -> ContainerStarted:
    while not isinstance(event := bench.next(), ContainerStarted):
        assert not isinstance(event, ContainerEnded | ContainerErrored), event
    return event


def test_an_http_probe_wants_a_good_status(bench: Bench) -> None:
    port = free_port()
    serve = (
        "import http.server\n"
        "class Handler(http.server.BaseHTTPRequestHandler):\n"
        "    count = 0\n"
        "    def do_GET(self):\n"
        "        Handler.count += 1\n"
        "        self.send_response(200 if Handler.count > 3 else 503)\n"
        "        self.end_headers()\n"
        f"http.server.HTTPServer(('127.0.0.1', {port}), Handler).serve_forever()\n"
    )
    script = f"exec python3 - <<'E' 2>/shared/log\n{serve}E"
    probe = {"readiness": {"httpGet": {"port": port, "path": "/ok"}, "periodSeconds": 0.05}}
    bench.start(pod(container("main", script, probes=probe), mounts=WORK, awaits_ready=True))
    next_started(bench)
    log = (bench.root / "steps" / "uid-1" / "volumes" / "work" / "log").read_text()
    assert log.count("503") == 3


def test_the_hook_after_the_start_runs_in_the_container(
    open_bench: Open, isolation: Namespaces
) -> None:
    bench = open_bench(isolation)
    hook = {"postStart": {"exec": {"command": ["sh", "-c", "echo $WHO > /shared/hook"]}}}
    wait = "until test -s /shared/hook; do sleep 0.01; done; cat /shared/hook"
    resolved = pod(container("main", wait, lifecycle=hook), mounts=WORK, environment={"WHO": "me"})
    bench.ended(resolved)
    assert bench.log(resolved) == ["me"]


def test_a_container_whose_hook_after_the_start_fails_is_ended(bench: Bench) -> None:
    hook = {"postStart": {"exec": {"command": ["false"]}}}
    resolved = pod(container("main", "sleep 60", lifecycle=hook))
    assert codes(bench.ended(resolved)) == {"main": 143}


def test_the_hook_before_the_end_comes_before_the_signal(bench: Bench) -> None:
    hook = {"preStop": {"exec": {"command": ["touch", "/shared/bye"]}}}
    polite = "until test -e /shared/bye; do sleep 0.01; done; exit 0"
    resolved = pod(
        container("main", "true"), container("helper", polite, "sidecar", lifecycle=hook),
        mounts=WORK, outputs=("/shared/bye",),
    )  # fmt: skip
    ended = bench.ended(resolved)
    assert ended.outputs == {"/shared/bye": ""}


# Found again, when what they refer to is gone


def test_containers_that_run_are_followed_though_their_secrets_are_gone(
    open_bench: Open,
) -> None:
    first = open_bench()
    gate = "until test -e /shared/go; do sleep 0.01; done; exit 4"
    resolved = pod(container("a", gate), mounts=WORK)
    first.start(resolved)
    first.state("a")
    first.close()
    second = open_bench()
    second.executor.recover(replace(resolved, containers=()))
    second.state("a")
    (second.root / "steps" / "uid-1" / "volumes" / "work" / "go").touch()
    ended = second.outcome()
    assert isinstance(ended, ContainerEnded)
    assert codes(ended) == {"a": 4}


def test_a_container_is_not_started_without_what_it_refers_to(open_bench: Open) -> None:
    first = open_bench()
    gate = "until test -e /shared/go; do sleep 0.01; done"
    resolved = pod(container("a", gate), container("b", "true", dependencies=("a",)), mounts=WORK)
    first.start(resolved)
    first.state("a")
    first.close()
    second = open_bench()
    second.executor.recover(replace(resolved, containers=()))
    second.state("a")
    (second.root / "steps" / "uid-1" / "volumes" / "work" / "go").touch()
    errored = second.outcome()
    assert isinstance(errored, ContainerErrored)
    assert errored.message == "container b: what it refers to is no longer there"


def test_a_stop_reaches_the_containers_though_the_program_ends_at_once(open_bench: Open) -> None:
    first = open_bench()
    resolved = pod(container("a", "exec sleep 60"), container("b", "exec sleep 60"))
    first.start(resolved)
    first.state("a")
    first.state("b")
    folder = first.root / "steps" / "uid-1" / "containers"
    pids = [pid_under(Claim(folder, name)) for name in ("a", "b")]
    first.executor.stop("uid-1", grace_s=60)
    first.close()
    for pid in pids:
        await_end(pid)


def pid_under(claim: Claim) -> int:
    while (record := claim.record()) is None:
        continue
    return record.pid
