"""The embedded API server: lists, watches and durable writes, beside etcd's in the same run.

::

    python benchmarks/bench_apiserver.py [--objects 10000] [--writers 16] [--save]

Every write is on disk before it is acknowledged, in both (SQLite ``synchronous=FULL``, etcd's
default). Both are driven by the same client, a process of its own with ``--writers`` kept-alive
connections. Where an ``etcd`` is found, on the PATH or by ``ETCD=/path``, it writes the same
objects. CPU seconds stand beside wall times: a shared machine is slow by the clock alone.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import resource
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import results
from apiserver_peers import (
    CLUSTER,
    CRONS,
    NAMESPACE,
    Peer,
    create_cron,
    cron,
    etcd,
    find_etcd,
    ours,
    put_cron,
)

from toolkit.adapters.clock import SystemClock
from toolkit.adapters.embedded import EmbeddedCluster, logical_cluster
from toolkit.adapters.sqlite.database import Database
from toolkit.adapters.sqlite.objects import SqliteObjects
from toolkit.resource.identity import GroupVersionKind

HEADING = "API server"
T = TypeVar("T")
CRON = GroupVersionKind("argoproj.io", "v1alpha1", "CronWorkflow")


def main() -> None:
    options = _options()
    rows = ["| measure | wall | server's CPU | target | |", "|---|---|---|---|---|"]
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        in_process = _in_process(folder, options)
        print(f"{options.objects} objects are in; now over HTTPS ...", file=sys.stderr)
        over_http = _over_http(folder, options)
        rows += [row.text() for row in (*in_process, *over_http)]
        rows += ["", _beside_etcd(folder, options, [*in_process, *over_http])]
    text = "\n".join([*rows, "", _circumstances()])
    print(text)
    if options.save:
        results.put(HEADING, text)


@dataclass(frozen=True)
class Row:
    """``wall`` and ``target`` in ``unit``; CPU in ms for each operation."""

    measure: str
    wall: float
    cpu_ms: float
    target: float
    unit: str

    def text(self) -> str:
        is_met = self.wall >= self.target if self.unit == "/s" else self.wall <= self.target
        return (
            f"| {self.measure} | {self.wall:,.1f} {self.unit} | {self.cpu_ms:.2f} ms each "
            f"| {self.target:,g} {self.unit} | {'met' if is_met else 'missed'} |"
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--writes", type=int, default=3_000, help="over HTTP, and to etcd")
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--events", type=int, default=200)
    parser.add_argument("--folder", help="where the databases stand: its disk is what is measured")
    parser.add_argument("--save", action="store_true", help=f"write {results.RESULTS.name}")
    return parser.parse_args()


def _in_process(folder: Path, options: argparse.Namespace) -> list[Row]:
    with Database(folder / "state.db") as database:
        logical = logical_cluster(SqliteObjects(database), CLUSTER, SystemClock())
        logical.ensure(NAMESPACE)
        cluster = EmbeddedCluster(logical)
        bodies = [cron(f"cron-{number:06}") for number in range(options.objects)]
        cpu = _own_cpu()
        seconds = _spread(options.writers, bodies, lambda _, body: cluster.create(body))
        cpu = _own_cpu() - cpu
        writes = Row(
            f"{len(bodies):,} durable writes in process, {options.writers} threads",
            len(bodies) / seconds,
            1000 * cpu / len(bodies),
            1000,
            "/s",
        )
        again = bodies[: len(bodies) // 5]
        cpu = _own_cpu()
        seconds = _spread(
            options.writers, again, lambda _, body: cluster.apply(body, field_manager="first")
        )
        applies = Row(
            "applies that take over, in process",
            len(again) / seconds,
            1000 * (_own_cpu() - cpu) / len(again),
            1000,
            "/s",
        )
        cpu = _own_cpu()
        seconds = _spread(
            options.writers, again, lambda _, body: cluster.apply(body, field_manager="first")
        )
        no_ops = Row(
            "applies that change nothing, in process",
            len(again) / seconds,
            1000 * (_own_cpu() - cpu) / len(again),
            1000,
            "/s",
        )
        rounds = [_timed(lambda: cluster.list(CRON, NAMESPACE), _own_cpu) for _ in range(5)]
        return [writes, applies, no_ops, _list_row("in process", options.objects, rounds)]


def _over_http(folder: Path, options: argparse.Namespace) -> list[Row]:
    with ours(folder) as peer:
        connection = peer.connect()
        path = f"/clusters/{CLUSTER}{CRONS}"
        rounds = [_timed(lambda: peer.ask(connection, "GET", path), peer.cpu) for _ in range(5)]
        lists = _list_row("over HTTPS", options.objects, rounds)
        writes = _written(peer, create_cron, options, target=400, name="over HTTPS")
        return [lists, writes, _watched(peer, options.events)]


def _list_row(how: str, count: int, rounds: list[tuple[float, float]]) -> Row:
    wall = statistics.median(seconds for seconds, _ in rounds)
    cpu = statistics.median(spent for _, spent in rounds)
    return Row(f"list {count:,} {how}", 1000 * wall, 1000 * cpu, 500, "ms")


def _written(
    peer: Peer,
    write: Callable[[Peer, http.client.HTTPConnection, str], None],
    options: argparse.Namespace,
    *,
    target: float,
    name: str,
) -> Row:
    connections = [peer.connect() for _ in range(options.writers)]
    names = [f"written-{number:06}" for number in range(options.writes)]
    cpu = peer.cpu()
    seconds = _spread(
        options.writers, names, lambda writer, each: write(peer, connections[writer], each)
    )
    cpu = peer.cpu() - cpu
    for connection in connections:
        connection.close()
    return Row(
        f"{len(names):,} durable writes {name}, {options.writers} connections",
        len(names) / seconds,
        1000 * cpu / len(names),
        target,
        "/s",
    )


def _watched(peer: Peer, count: int) -> Row:
    """From a write's answer to the event at a watcher, while nothing else writes."""
    seen: dict[str, float] = {}
    arrived = threading.Semaphore(0)
    watching = peer.connect()
    lines = _watch(peer, watching)

    def follow() -> None:
        for line in iter(lines.readline, b""):
            seen[json.loads(line)["object"]["metadata"]["name"]] = time.monotonic()
            arrived.release()

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    writing = peer.connect()
    sent: dict[str, float] = {}
    cpu = peer.cpu()
    for number in range(count):
        name = f"watched-{number:06}"
        sent[name] = time.monotonic()
        create_cron(peer, writing, name)
        arrived.acquire()
    cpu = peer.cpu() - cpu
    delays = [1000 * (seen[name] - sent[name]) for name in sent]
    how = "watch event, from sending the write to the watcher's line"
    return Row(how, statistics.median(delays), 1000 * cpu / count, 10, "ms")


def _watch(peer: Peer, connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
    page = json.loads(peer.ask(connection, "GET", f"/clusters/{CLUSTER}{CRONS}?limit=1"))
    since = page["metadata"]["resourceVersion"]
    path = f"/clusters/{CLUSTER}{CRONS}?watch=1&resourceVersion={since}"
    connection.request("GET", path, headers={"Authorization": f"Bearer {peer.token}"})
    return connection.getresponse()


def _beside_etcd(folder: Path, options: argparse.Namespace, rows: list[Row]) -> str:
    program = find_etcd()
    if program is None:
        return "etcd: not found."
    with etcd(program, folder / "etcd") as peer:
        theirs = _written(peer, put_cron, options, target=0, name="to etcd over HTTP")
    by_writes = {row.target: row for row in rows if "durable writes" in row.measure}
    return (
        f"etcd, {theirs.measure}: {theirs.wall:,.0f}/s, {theirs.cpu_ms:.2f} ms CPU each. "
        f"Ours over HTTPS is {by_writes[400].wall / theirs.wall:.2f} of that by the clock, "
        f"in process {by_writes[1000].wall / theirs.wall:.2f}. (etcd stores the text and checks "
        "nothing; ours decodes, checks, tracks owners, stores and encodes.)"
    )


def _spread(writers: int, work: list[T], do: Callable[[int, T], object]) -> float:
    """Seconds for ``work``, each writer with its share."""

    def share(writer: int) -> None:
        for each in work[writer::writers]:
            do(writer, each)

    start = time.monotonic()
    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(share, range(writers)))
    return time.monotonic() - start


def _timed(do: Callable[[], object], cpu: Callable[[], float]) -> tuple[float, float]:
    """Wall and CPU seconds."""
    start, spent = time.monotonic(), cpu()
    do()
    return time.monotonic() - start, cpu() - spent


def _own_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _circumstances() -> str:
    load = os.getloadavg()[0]
    return (
        f"{time.strftime('%Y-%m-%d')}, Python {platform.python_version()}, {os.cpu_count()} cores "
        f"of {platform.machine()}, load average {load:.1f} at the end (others' work included); "
        f"`python {' '.join(['benchmarks/bench_apiserver.py', *_shown(sys.argv[1:])])}`, "
        f"objects of {len(json.dumps(cron('cron-000000'))):,} bytes."
    )


def _shown(arguments: list[str]) -> list[str]:
    return [argument for argument in arguments if not argument.startswith("--folder")]


if __name__ == "__main__":
    main()
