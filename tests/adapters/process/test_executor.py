from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.adapters.process.conftest import Bench, await_end, step
from toolkit.adapters.process.claims import Claim
from toolkit.adapters.process.isolation import Namespaces
from toolkit.workflow.commands import InputArtifact, OutputArtifact
from toolkit.workflow.events import ContainerErrored, ContainerStarted

OpenBench = Callable[..., Bench]


def test_a_step_is_reported_started_then_ended(bench: Bench) -> None:
    bench.start(step("exit 3"))
    first, second = bench.next(), bench.next()
    assert isinstance(first, ContainerStarted)
    assert (second.command_id, second.node_id) == ("uid-1", "node-uid-1")
    assert second.exit_code == 3  # type: ignore[union-attr]


def test_result_is_stdout_alone_without_one_line_end(bench: Bench) -> None:
    resolved = step("echo out; echo err >&2; echo", captures_result=True)
    assert bench.ended(resolved).result == "out\n"
    assert sorted(bench.log(resolved)) == ["", "err", "out"]


def test_result_is_the_last_256_kilobytes(bench: Bench) -> None:
    ended = bench.ended(step("head -c 300000 /dev/zero | tr '\\0' x; echo", captures_result=True))
    assert ended.result == "x" * (256 * 1024 - 1)


def test_without_capture_there_is_no_result(bench: Bench) -> None:
    assert bench.ended(step("echo out")).result is None


def test_log_holds_both_streams_in_order(bench: Bench) -> None:
    resolved = step("echo 1; echo 2 >&2; echo 3; echo 4 >&2")
    bench.ended(resolved)
    assert bench.log(resolved) == ["1", "2", "3", "4"]


def test_a_signal_counts_as_the_shell_counts_it(bench: Bench) -> None:
    assert bench.ended(step("kill -KILL $$")).exit_code == 137


def test_arguments_arrive_as_they_are(bench: Bench) -> None:
    call = {"command": ("printf", "%s|"), "args": ("a b", "", "$HOME", "*", "é\n")}
    ended = bench.ended(step(call=call, captures_result=True))
    assert ended.result == "a b||$HOME|*|é\n|"


def test_script_is_the_last_argument_and_executable(bench: Bench) -> None:
    call = {"command": ("sh", "-c", 'test -x "$1" && cat "$1"', "name")}
    assert bench.ended(step("echo body", call=call, captures_result=True)).result == "echo body"


def test_environment_is_what_the_template_names(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOST_SECRET", "of the host")
    ended = bench.ended(step("env", environment={"NAMED": "yes"}, captures_result=True))
    names = {line.partition("=")[0] for line in (ended.result or "").splitlines()}
    given = {"PATH", "HOME", "TMPDIR", "LANG", "PWD", "ARGO_PROGRESS_FILE"}
    assert names - {"SHLVL", "_"} == {"NAMED", *given}


def test_entrypoint_of_the_image_runs_where_the_template_has_no_command(bench: Bench) -> None:
    resolved = step(call={"image": "hello", "command": (), "args": ("you",)}, captures_result=True)
    assert bench.ended(resolved).result == "hello you"


def test_an_unmapped_image_is_an_error_that_names_the_setting(bench: Bench) -> None:
    errored = bench.errored(step("true", call={"image": "acme/etl:3"}))
    assert "gitops.yaml runtime.images" in errored.message
    assert "acme/etl:3" in errored.message


def test_a_command_the_host_lacks_fails_as_with_argos_executor(bench: Bench) -> None:
    ended = bench.ended(step(call={"command": ("no-such-command",)}))
    assert ended.exit_code == 64
    assert 'exec: "no-such-command": executable file not found in $PATH' in ended.message


def test_it_fails_the_same_after_a_restart(open_bench: OpenBench) -> None:
    resolved = step(call={"command": ("no-such-command",)})
    ended = open_bench().ended(resolved)
    again = open_bench().ended(resolved)
    assert (again.exit_code, again.message) == (ended.exit_code, ended.message)


@pytest.mark.parametrize("path", ["/tmp/out.txt", "/data-of-step/out/r.txt", "/result.txt"])
def test_output_is_read_from_the_private_folder(
    open_bench: OpenBench, isolation: Namespaces, path: str
) -> None:
    bench = open_bench(isolation)
    script = f"mkdir -p {Path(path).parent}; echo made > {path}"
    resolved = step(script, outputs=(path, "/tmp/absent"))
    assert bench.ended(resolved).outputs == {path: "made", "/tmp/absent": None}
    assert not Path(path).exists()


def test_a_file_right_below_the_root_is_meant_by_its_bare_name(
    open_bench: OpenBench, isolation: Namespaces
) -> None:
    resolved = step("echo bare > result.txt", outputs=("/result.txt",))
    assert open_bench(isolation).ended(resolved).outputs == {"/result.txt": "bare"}


def test_folders_above_an_output_are_the_steps_to_make(
    open_bench: OpenBench, isolation: Namespaces
) -> None:
    resolved = step("mkdir /mnt/of-step && echo x > /mnt/of-step/o", outputs=("/mnt/of-step/o",))
    assert open_bench(isolation).ended(resolved).outputs == {"/mnt/of-step/o": "x"}


def test_output_below_a_system_folder_leaves_the_rest_in_sight(
    open_bench: OpenBench, isolation: Namespaces
) -> None:
    resolved = step(
        "ls -d /etc/passwd; mkdir /etc/step; echo x > /etc/step/o", outputs=("/etc/step/o",)
    )
    bench = open_bench(isolation)
    assert bench.ended(resolved).outputs == {"/etc/step/o": "x"}
    assert bench.log(resolved) == ["/etc/passwd"]


def test_parallel_steps_that_write_the_same_path_never_meet(
    open_bench: OpenBench, isolation: Namespaces
) -> None:
    bench = open_bench(isolation)
    script = "echo $ME > /tmp/out.txt; sleep 0.05; cat /tmp/out.txt >> /tmp/sum.txt"
    for number in range(8):
        outputs = ("/tmp/out.txt", "/tmp/sum.txt")
        environment = {"ME": str(number)}
        bench.start(step(script, id=f"u-{number}", outputs=outputs, environment=environment))
    ends = {event.command_id: event for event in (bench.outcome() for _ in range(8))}
    for number in range(8):
        expected = {"/tmp/out.txt": f"{number}", "/tmp/sum.txt": f"{number}"}
        assert ends[f"u-{number}"].outputs == expected  # type: ignore[union-attr]


def test_inputs_and_volumes_are_there(open_bench: OpenBench, isolation: Namespaces) -> None:
    call = {"volume_mounts": ({"name": "scratch", "mountPath": "/scratch"},)}
    resolved = step(
        "cat /tmp/in.txt /etc/conf/key; echo ok > /scratch/f; cat /scratch/f",
        call=call,
        input_files=(("/tmp/in.txt", "in\n"),),
        files={"/etc/conf/key": b"value\n"},
        captures_result=True,
    )
    assert open_bench(isolation).ended(resolved).result == "in\nvalue\nok"


@pytest.mark.parametrize("path", ["/mnt/of-step/vol", "/vol-of-step", "/etc/of-step"])
def test_a_volume_is_a_mount_point(
    open_bench: OpenBench, namespaces: Namespaces, path: str
) -> None:
    if not namespaces.is_private:
        pytest.skip("this machine allows no mount namespaces")
    call = {"volume_mounts": ({"name": "v", "mountPath": path},)}
    source = f"grep -q ' {path} ' /proc/mounts && echo x > {path}/f && cat {path}/f"
    resolved = step(source, call=call, captures_result=True)
    assert open_bench(namespaces).ended(resolved).result == "x"


def test_working_folder_is_private_unless_named(
    open_bench: OpenBench, isolation: Namespaces
) -> None:
    bench = open_bench(isolation)
    assert bench.ended(step("ls -A", captures_result=True)).result == ""
    named = step("pwd", id="uid-2", call={"working_dir": "/usr"}, captures_result=True)
    assert bench.ended(named).result == "/usr"
    made = step("touch here; ls", id="uid-3", call={"working_dir": "/app-x"}, captures_result=True)
    assert bench.ended(made).result == "here"


def test_secret_values_are_masked_in_result_outputs_and_log(bench: Bench) -> None:
    resolved = step(
        "echo $TOKEN; echo $TOKEN > /tmp/o",
        environment={"TOKEN": "hunter2-hunter2"},
        secrets=frozenset({"hunter2-hunter2"}),
        outputs=("/tmp/o",),
        captures_result=True,
    )
    ended = bench.ended(resolved)
    assert (ended.result, ended.outputs) == ("***", {"/tmp/o": "***"})
    assert bench.log(resolved) == ["***"]
    assert "hunter2" not in bench.logs.path(resolved.address).read_text()


def test_secret_files_are_gone_when_the_step_has_ended(bench: Bench) -> None:
    resolved = step("cat /secrets/token", files={"/secrets/token": b"hunter2-hunter2"})
    bench.ended(resolved)
    kept = [path for path in (bench.root / "steps").rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept if b"hunter2" in path.read_bytes()]


def test_a_log_that_may_show_secrets_is_not_read_by_a_stranger(
    open_bench: OpenBench, tmp_path: Path
) -> None:
    from toolkit.adapters.logs.files import Logs
    from toolkit.errors import StateError

    bench = open_bench()
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    resolved = step(f"echo s3cret-word; read x < {fifo}", secrets=frozenset({"s3cret-word"}))
    bench.start(resolved)
    assert isinstance(bench.next(), ContainerStarted)
    with pytest.raises(StateError):
        Logs(tmp_path / "logs").lines(resolved.address)
    fifo.write_text("go\n")
    bench.outcome()
    assert list(Logs(tmp_path / "logs").lines(resolved.address)) == ["***"]


def test_following_a_log_ends_with_the_step(bench: Bench, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    resolved = step(f"echo first; read x < {fifo}; echo $x; printf last")
    bench.start(resolved)
    assert isinstance(bench.next(), ContainerStarted)
    lines = bench.logs.lines(resolved.address, follow=True)
    assert next(lines) == "first"
    fifo.write_text("second\n")
    assert list(lines) == ["second", "last"]


def test_stop_terminates_the_whole_group(bench: Bench, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    bench.start(step(f"sleep 1000 & echo $! > {fifo}; wait"))
    child = int(fifo.read_text())
    bench.executor.stop("uid-1", grace_s=30)
    assert bench.outcome().exit_code == 143  # type: ignore[union-attr]
    await_end(child)


def test_stop_kills_what_ignores_it(bench: Bench, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    bench.start(step(f"trap '' TERM; echo > {fifo}; while :; do sleep 1000; done"))
    fifo.read_text()
    bench.executor.stop("uid-1", grace_s=0.05)
    assert bench.outcome().exit_code == 137  # type: ignore[union-attr]


def test_stop_before_the_start_keeps_it_from_running(open_bench: OpenBench, tmp_path: Path) -> None:
    bench = open_bench(slots=1)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    bench.start(step(f"read x < {fifo}", id="u-first"))
    bench.start(step(f"touch {tmp_path}/ran", id="u-second"))
    bench.executor.stop("u-second", grace_s=1)
    fifo.write_text("go\n")
    assert isinstance(bench.outcome("u-second"), ContainerErrored)
    assert not (tmp_path / "ran").exists()


def test_stop_of_an_unknown_command_is_ignored(bench: Bench) -> None:
    bench.executor.stop("u-nobody", grace_s=1)


def test_a_passed_deadline_ends_the_step(bench: Bench) -> None:
    deadline = datetime.now(UTC) + timedelta(milliseconds=100)
    errored = bench.errored(step("sleep 1000", deadline=deadline))
    assert errored.is_deadline
    assert "deadline" in errored.message


def test_leftovers_of_a_command_end_with_it(bench: Bench) -> None:
    ended = bench.ended(step("sleep 1000 & echo $!", captures_result=True))
    await_end(int(ended.result or 0))


def test_no_more_than_the_slots_run_at_once(open_bench: OpenBench, tmp_path: Path) -> None:
    bench = open_bench(slots=2)
    for number in range(6):
        script = f"echo + >> {tmp_path}/j; sleep 0.3; echo - >> {tmp_path}/j"
        bench.start(step(script, id=f"u-{number}"))
    for _ in range(6):
        bench.outcome()
    running = most = 0
    for mark in (tmp_path / "j").read_text().split():
        running += 1 if mark == "+" else -1
        most = max(most, running)
    assert most == 2


def test_a_step_without_a_slot_says_why_it_waits(open_bench: OpenBench, tmp_path: Path) -> None:
    bench = open_bench(slots=1)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    bench.start(step(f"read x < {fifo}", id="u-first"))
    bench.start(step("true", id="u-second"))
    assert isinstance(bench.next(), ContainerStarted)
    assert bench.executor.why_waiting("u-first") == ""
    assert "1 steps run" in bench.executor.why_waiting("u-second")
    fifo.write_text("go\n")
    bench.outcome("u-second")
    assert bench.executor.why_waiting("u-second") == ""


def test_starting_twice_runs_once(bench: Bench, tmp_path: Path) -> None:
    resolved = step(f"echo x >> {tmp_path}/journal")
    for _ in range(5):
        bench.start(resolved)
    bench.outcome()
    bench.start(resolved)
    bench.outcome()
    assert (tmp_path / "journal").read_text() == "x\n"


def test_racing_executors_run_a_step_once(open_bench: OpenBench, tmp_path: Path) -> None:
    benches = [open_bench() for _ in range(4)]
    steps = [step(f"echo {n} >> {tmp_path}/journal", id=f"u-{n}") for n in range(20)]
    barrier = threading.Barrier(len(benches))

    def race(bench: Bench) -> None:
        barrier.wait()
        for resolved in steps:
            bench.start(resolved)

    threads = [threading.Thread(target=race, args=(bench,)) for bench in benches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outcomes = [[bench.outcome() for _ in steps] for bench in benches]
    ran = (tmp_path / "journal").read_text().split() if (tmp_path / "journal").exists() else []
    assert len(ran) == len(set(ran))
    for seen in outcomes:
        ended = {event.command_id for event in seen if not isinstance(event, ContainerErrored)}
        assert ended == {f"u-{number}" for number in ran}


def test_a_running_step_is_followed_again_after_a_restart(
    open_bench: OpenBench, isolation: Namespaces, tmp_path: Path
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    resolved = step(
        f"read x < {fifo}; echo $x > /tmp/o; exit 7", outputs=("/tmp/o",), captures_result=True
    )
    first = open_bench(isolation)
    first.start(resolved)
    assert isinstance(first.next(), ContainerStarted)
    first.close()
    second = open_bench(isolation)
    second.executor.recover(resolved)
    assert isinstance(second.next(), ContainerStarted)
    fifo.write_text("go\n")
    ended = second.outcome()
    assert (ended.exit_code, ended.outputs) == (7, {"/tmp/o": "go"})  # type: ignore[union-attr]


def test_a_step_that_ended_meanwhile_is_reported_after_a_restart(
    open_bench: OpenBench, tmp_path: Path
) -> None:
    resolved = step(f"echo x >> {tmp_path}/journal; exit 5")
    open_bench().ended(resolved)
    second = open_bench()
    second.executor.recover(resolved)
    assert second.outcome().exit_code == 5  # type: ignore[union-attr]
    assert (tmp_path / "journal").read_text() == "x\n"


def test_a_step_never_claimed_is_started_by_recovery(bench: Bench) -> None:
    bench.executor.recover(step("exit 4"))
    assert bench.outcome().exit_code == 4  # type: ignore[union-attr]


def test_claimed_without_process_or_exit_code_is_interrupted(
    open_bench: OpenBench, tmp_path: Path
) -> None:
    bench = open_bench()
    lock = Claim(tmp_path / "steps", "uid-1").take()
    assert lock is not None
    os.close(lock)
    assert bench.errored(step(f"touch {tmp_path}/ran")).message == "interrupted"
    assert not (tmp_path / "ran").exists()


def test_a_killed_wrapper_takes_its_command_along(bench: Bench, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    bench.start(step(f"echo $$ > {fifo}; exec sleep 1000"))
    child = int(fifo.read_text())
    record = Claim(tmp_path / "steps", "uid-1").record()
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)
    errored = bench.outcome()
    assert isinstance(errored, ContainerErrored)
    assert errored.message == "interrupted"
    await_end(child)


def test_a_step_whose_holder_is_killed_is_interrupted(bench: Bench) -> None:
    """As a stop does that comes before the holder's trap: no exit code is written anywhere."""
    assert bench.errored(step("kill -KILL $PPID", captures_result=True)).message == "interrupted"


def test_a_record_that_a_power_loss_tore_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "steps").mkdir()
    claim = Claim(tmp_path / "steps", "uid-1")
    lock = claim.take()
    assert lock is not None
    os.write(lock, b"exit \nexit x\n\n\0\0\0\n")
    assert claim.exit_code() is None
    assert claim.record() is None
    os.close(lock)


def test_forget_removes_the_folder_and_keeps_the_log(bench: Bench, tmp_path: Path) -> None:
    resolved = step("echo kept")
    bench.ended(resolved)
    bench.executor.forget("uid-1")
    bench.close()
    assert list((tmp_path / "steps").iterdir()) == []
    assert bench.log(resolved) == ["kept"]


def test_sweep_ends_what_nobody_knows(open_bench: OpenBench, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    first = open_bench()
    first.start(step(f"echo $$ > {fifo}; exec sleep 1000", id="u-gone"))
    child = int(fifo.read_text())
    first.close()
    second = open_bench()
    second.executor.sweep({"u-other"})
    second.close()
    assert not (tmp_path / "steps" / "u-gone").exists()
    await_end(child)


def test_artifacts_pass_from_step_to_step(open_bench: OpenBench, isolation: Namespaces) -> None:
    bench = open_bench(isolation)
    made = OutputArtifact("made", "/made-by-step", "wf/made.tgz")
    absent = OutputArtifact("absent", "/tmp/absent", "wf/absent.tgz")
    first = step(
        "mkdir -p /made-by-step/x; echo hi > /made-by-step/x/y", output_artifacts=(made, absent)
    )
    assert bench.ended(first).artifacts == {"made": "wf/made.tgz"}
    given = InputArtifact("given", "/tmp/given", "wf/made.tgz", {})
    second = step("cat /tmp/given/x/y", id="uid-2", input_artifacts=(given,), captures_result=True)
    assert bench.ended(second).result == "hi"


def test_an_artifact_of_a_system_folder_holds_what_the_step_wrote(
    open_bench: OpenBench, namespaces: Namespaces
) -> None:
    if not namespaces.has_overlay:
        pytest.skip("needs overlays")
    bench = open_bench(namespaces)
    made = OutputArtifact("etc", "/etc", "wf/etc.tgz")
    script = "test -s /etc/passwd && echo hi > /etc/of-step"
    assert bench.ended(step(script, output_artifacts=(made,))).artifacts == {"etc": "wf/etc.tgz"}
    assert not Path("/etc/of-step").exists()
    given = InputArtifact("given", "/tmp/given", "wf/etc.tgz", {})
    second = step("ls /tmp/given", id="uid-2", input_artifacts=(given,), captures_result=True)
    assert bench.ended(second).result == "of-step"


def test_a_missing_artifact_is_named(bench: Bench) -> None:
    given = InputArtifact("given", "/tmp/given", "wf/none.tgz", {})
    assert "wf/none.tgz not found" in bench.errored(step("true", input_artifacts=(given,))).message


def test_a_stop_at_any_moment_of_the_start_is_heeded(open_bench: OpenBench) -> None:
    bench = open_bench(slots=24)
    for number in range(24):
        bench.start(step("exec sleep 1000", id=f"u-{number}", captures_result=bool(number % 2)))
    for number in range(24):
        bench.executor.stop(f"u-{number}", grace_s=60)
    for event in [bench.outcome() for _ in range(24)]:
        assert isinstance(event, ContainerErrored) or event.exit_code == 143
