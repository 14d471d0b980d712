"""The lock table: who gets what."""

from __future__ import annotations

import random

import pytest

from toolkit.workflow.locks.locks import (
    CONFIG_MAP,
    DATABASE,
    DATABASE_MUTEX,
    MUTEX,
    Lock,
    LockRequest,
    LockTable,
    lock_request_from_row,
    lock_request_to_row,
)

A, B = Lock(MUTEX, "argo", "a"), Lock(MUTEX, "argo", "b")
TWO = Lock(CONFIG_MAP, "argo", "limits", "two")
HERE = "staging"


def request(
    run: str,
    *locks: Lock,
    node: str = "",
    priority: int = 0,
    created: str = "1",
    held: bool = False,
) -> LockRequest:
    return LockRequest(f"{run}/{node}", run, node, f"argo/{run}", locks, priority, created, held)


def table(*requests: LockRequest) -> LockTable:
    made = LockTable()
    made.set_limit(HERE, TWO, 2)
    for each in requests:
        made.put(HERE, each)
    return made


def granted(made: LockTable) -> list[str]:
    return [request.id for _, request in made.grant()]


@pytest.mark.parametrize(
    ("lock", "text"),
    [
        (A, "argo/Mutex/a"),
        (TWO, "argo/ConfigMap/limits/two"),
        (Lock(DATABASE, "argo", "k"), "argo/Database/k"),
        (Lock(DATABASE_MUTEX, "argo", "m"), "argo/Database/m"),
    ],
)
def test_a_lock_is_called_as_in_argo(lock: Lock, text: str) -> None:
    assert lock.text == text


def test_a_request_survives_its_row() -> None:
    one = request("x", A, TWO, node="n", priority=3, held=True)
    assert lock_request_from_row(lock_request_to_row(one)) == one


def test_a_mutex_goes_to_the_first_and_then_to_the_next() -> None:
    made = table(request("x", A), request("y", A), request("z", A))
    assert granted(made) == ["x/"]
    made.withdraw("x", "")
    assert granted(made) == ["y/"]


def test_priority_goes_before_age_and_age_before_arrival() -> None:
    made = table(
        request("late", A, created="2"),
        request("early", A, created="1"),
        request("urgent", A, priority=1),
    )
    order = []
    for _ in range(3):
        order += granted(made)
        made.withdraw(order[-1][:-1], "")
    assert order == ["urgent/", "early/", "late/"]


def test_all_or_nothing() -> None:
    made = table(request("x", A))
    assert granted(made) == ["x/"]
    made.put(HERE, request("y", A, B))
    assert granted(made) == []
    assert made.holders(HERE, B) == ()


def test_who_waits_for_several_keeps_those_behind_it_waiting() -> None:
    made = table(request("x", A))
    granted(made)
    made.put(HERE, request("y", A, B))
    made.put(HERE, request("z", B))
    assert granted(made) == []
    made.withdraw("x", "")
    assert granted(made) == ["y/"]


def test_another_node_of_the_same_run_may_go_before_it() -> None:
    made = table(request("x", A))
    granted(made)
    made.put(HERE, request("y", A, B, node="1"))
    made.put(HERE, request("y", B, node="2"))
    assert granted(made) == ["y/2"]


@pytest.mark.parametrize("changed", [(A, B), (B, A)])
def test_who_goes_first_does_not_depend_on_which_lock_changed_first(
    changed: tuple[Lock, Lock],
) -> None:
    made = table(*(request("x", lock, node=lock.name) for lock in (A, B)))
    granted(made)
    made.put(HERE, request("y", A, node="1"))
    made.put(HERE, request("y", B, A, node="2"))
    for lock in changed:
        made.withdraw("x", lock.name)
    assert granted(made) == ["y/1"]


def test_crossed_wishes_do_not_block_each_other() -> None:
    made = table(request("x", A, B), request("y", B, A))
    assert granted(made) == ["x/"]
    made.withdraw("x", "")
    assert granted(made) == ["y/"]


def test_a_semaphore_is_granted_up_to_its_limit() -> None:
    made = table(*(request(str(n), TWO) for n in range(4)))
    assert granted(made) == ["0/", "1/"]
    made.set_limit(HERE, TWO, 3)
    assert granted(made) == ["2/"]


def test_nothing_is_granted_until_enough_have_gone_below_a_smaller_limit() -> None:
    made = table(*(request(str(n), TWO) for n in range(3)))
    granted(made)
    made.set_limit(HERE, TWO, 1)
    made.withdraw("0", "")
    assert granted(made) == []
    made.withdraw("1", "")
    assert granted(made) == ["2/"]


def test_a_semaphore_of_unknown_limit_is_not_granted_but_held_after_a_restart() -> None:
    unknown = Lock(CONFIG_MAP, "argo", "gone", "k")
    made = table(request("x", unknown, held=True), request("y", unknown))
    assert granted(made) == []
    assert made.holders(HERE, unknown) == ("argo/x",)
    found = made.blocked_by("y", "")
    assert found == (unknown, f"Failed to get semaphore limit for {unknown.text}")


def test_locks_of_clusters_are_apart_but_those_of_the_database() -> None:
    shared = Lock(DATABASE_MUTEX, "argo", "m")
    made = LockTable()
    for cluster in ("staging", "production"):
        made.put(cluster, request(cluster, A, node="local"))
        made.put(cluster, request(cluster, shared, node="shared"))
    assert sorted(granted(made)) == ["production/local", "staging/local", "staging/shared"]


def test_a_request_replaces_the_one_before() -> None:
    made = table(request("x", A), request("y", A))
    granted(made)
    made.put(HERE, request("x", B))
    assert sorted(granted(made)) == ["x/", "y/"]


def test_a_run_that_is_gone_holds_and_waits_for_nothing() -> None:
    made = table(request("x", A), request("x", A, node="n"), request("y", A))
    granted(made)
    made.withdraw_run("x")
    assert granted(made) == ["y/"]
    assert made.requests("x") == ()


def test_it_says_what_a_request_waits_for() -> None:
    made = table(request("x", A), request("y", B, A))
    granted(made)
    assert made.blocked_by("y", "") == (A, "Waiting for argo/Mutex/a lock. Lock status: 0/1")
    assert made.blocked_by("x", "") is None


def test_nothing_is_kept_of_locks_that_nobody_wants() -> None:
    made = table(request("x", A, B))
    granted(made)
    made.withdraw("x", "")
    granted(made)
    assert made.locks(HERE) == ()


@pytest.mark.parametrize("seed", range(40))
def test_whatever_happens_no_lock_is_granted_twice_and_nobody_waits_for_nothing(seed: int) -> None:
    rng = random.Random(seed)
    locks = [A, B, TWO, Lock(MUTEX, "argo", "c")]
    made, holding, waiting = table(), dict[str, LockRequest](), dict[str, LockRequest]()
    limits = {lock: 2 if lock == TWO else 1 for lock in locks}
    for step in range(200):
        if rng.random() < 0.6:
            wanted = rng.sample(locks, rng.randint(1, 3))
            one = request(f"r{step}", *wanted, priority=rng.randint(0, 2), created=str(step // 20))
            made.set_limit(HERE, TWO, 2)
            made.put(HERE, one)
            waiting[one.run] = one
        elif known := [*holding, *waiting]:
            run = rng.choice(known)
            made.withdraw(run, "")
            holding.pop(run, None)
            waiting.pop(run, None)
        for _, one in made.grant():
            holding[one.run] = waiting.pop(one.run)
        used = [lock for one in holding.values() for lock in one.locks]
        assert all(used.count(lock) <= limits[lock] for lock in locks)
        first = min(
            waiting.values(),
            key=lambda one: (-one.priority, one.created, list(waiting).index(one.run)),
            default=None,
        )
        busy = {lock for lock in locks if used.count(lock) >= limits[lock]}
        assert first is None or busy & set(first.locks), "the first of all waits for nothing"
