"""What ``retry`` runs again, for graphs of many shapes.

The templates: ``t`` is a container, ``d`` a daemon, ``set`` a container set, ``wait`` a suspend
node, ``twice`` a container with one retry. A step fails, as often as it is told to, before it goes
well; what was started after the retry is compared, in order.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from toolkit.resource.resource import Body
from toolkit.workflow import verbs
from toolkit.workflow.commands import StartContainer, Work
from toolkit.workflow.events import NodesResumed
from toolkit.workflow.rehearsal.simulation import Outcome, Simulation
from toolkit.workflow.status.observe import observe
from toolkit.workflow.status.projection import project_workflow

NOW = datetime(2026, 5, 1, tzinfo=UTC)

TEMPLATES = """
- {name: t, container: {image: i, command: [c]}}
- {name: twice, retryStrategy: {limit: 1}, container: {image: i, command: [c]}}
- {name: d, daemon: true, container: {image: i, command: [c]}}
- {name: set, containerSet: {containers: [{name: main, image: i}, {name: side, image: i}]}}
- {name: wait, suspend: {}}
- {name: kept, memoize: {key: k, cache: {configMap: {name: c}}}, container: {image: i}}
"""

LINEAR = """
- name: main
  dag: {tasks: [{name: a, template: t}, {name: b, template: t, depends: a},
                {name: c, template: t, depends: b}]}
"""
DIAMOND = """
- name: main
  dag:
    failFast: false
    tasks: [{name: a, template: t}, {name: b, template: t, depends: a},
            {name: c, template: t, depends: a}, {name: d, template: t, depends: b && c}]
"""
CLEANED = """
- name: main
  dag:
    failFast: false
    tasks: [{name: a, template: t}, {name: clean, template: t, depends: a.Failed},
            {name: x, template: t}, {name: y, template: t, depends: "clean && x"}]
"""
DAG_IN_STEPS = """
- name: main
  steps: [[{name: n, template: n}, {name: m, template: t}], [{name: z, template: t}]]
- name: n
  dag: {tasks: [{name: x, template: t}, {name: y, template: t, depends: x},
                {name: w, template: t}]}
"""
STEPS_IN_DAG = """
- name: main
  dag: {tasks: [{name: n, template: n}, {name: z, template: t, depends: n}]}
- name: n
  steps: [[{name: x, template: t}], [{name: y, template: t}, {name: w, template: t}],
          [{name: v, template: t}]]
"""
LOOP = """
- name: main
  dag: {tasks: [{name: l, template: t, withItems: [a, b, c]},
                {name: z, template: t, depends: l}]}
"""
LOOP_OF_STEPS = """
- name: main
  steps: [[{name: l, template: n, withItems: [a, b]}], [{name: z, template: t}]]
- name: n
  steps: [[{name: x, template: t}], [{name: y, template: t}]]
"""
TRIED = """
- name: main
  dag: {tasks: [{name: a, template: twice}, {name: z, template: t, depends: a}]}
"""
TRIED_STEPS = """
- name: main
  dag: {tasks: [{name: n, template: n}, {name: z, template: t, depends: n}]}
- name: n
  retryStrategy: {limit: 1}
  steps: [[{name: x, template: t}], [{name: y, template: t}]]
"""
BORNE = """
- name: main
  dag: {tasks: [{name: n, template: n}, {name: z, template: m, depends: n}]}
- name: n
  retryStrategy: {limit: 1}
  steps: [[{name: x, template: t, continueOn: {failed: true}}]]
- name: m
  steps: [[{name: p, template: t}], [{name: q, template: t}]]
"""
HOOKED = """
- name: main
  dag:
    failFast: false
    tasks:
    - {name: a, template: t, hooks: {exit: {template: t}}}
    - {name: z, template: t, depends: a}
"""
HOOKED_STEPS = """
- name: main
  steps: [[{name: a, template: t, hooks: {exit: {template: t}}}], [{name: z, template: t}]]
"""
SKIPPING = """
- name: main
  dag:
    tasks: [{name: a, template: t}, {name: b, template: t, when: "1 == 2", depends: a},
            {name: c, template: t, depends: a.Errored}, {name: d, template: t, depends: b},
            {name: e, template: t, depends: c}]
"""
SUSPENDED = """
- name: main
  steps: [[{name: a, template: wait}], [{name: b, template: t}], [{name: c, template: wait}]]
"""
SET = """
- name: main
  dag: {tasks: [{name: s, template: set}, {name: z, template: t, depends: s}]}
"""
DAEMON = """
- name: main
  dag: {tasks: [{name: s, template: d}, {name: a, template: t, depends: s},
                {name: z, template: t, depends: a}]}
"""
MEMOIZED = """
- name: main
  dag: {tasks: [{name: k, template: kept}, {name: a, template: t, depends: k}]}
"""
DEEP = """
- name: main
  dag: {tasks: [{name: n, template: n}, {name: z, template: t, depends: n},
                {name: free, template: t}]}
- name: n
  dag: {tasks: [{name: o, template: o}, {name: p, template: t, depends: o}]}
- name: o
  dag: {tasks: [{name: x, template: t}, {name: y, template: t, depends: x}]}
"""
HOOKED_GROUP = """
- name: main
  dag:
    failFast: false
    tasks: [{name: a, template: t, hooks: {exit: {template: h}}}, {name: z, template: t}]
- name: h
  steps: [[{name: p, template: t}], [{name: q, template: t}]]
"""
AT_ONCE = """
- name: main
  dag:
    failFast: false
    tasks:
    - {name: a, template: n, hooks: {exit: {template: t}}}
    - {name: b, template: t, depends: a.Errored}
- name: n
  dag: {tasks: [{name: x, template: locked}]}
- {name: locked, synchronization: {mutexes: [{name: m}]}, container: {image: i, command: [c]}}
"""


class Case:
    """``fails``: how often which step fails. ``again``: what is started after the retry."""

    def __init__(
        self, name: str, templates: str, fails: dict[str, int], again: str, selector: str = "",
        spec: str = "{}", parameters: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self.name, self.fails, self.selector = name, fails, selector
        self.parameters = parameters
        self.again = again.split()
        written = yaml.safe_load(templates) + yaml.safe_load(TEMPLATES)
        self.spec = {"entrypoint": "main", "templates": written, **yaml.safe_load(spec)}


CASES = (
    Case("linear, the middle", LINEAR, {"b": 1}, "b c"),
    Case("linear, the first", LINEAR, {"a": 1}, "a b c"),
    Case("diamond, one side", DIAMOND, {"b": 1}, "b d"),
    Case("diamond, both sides", DIAMOND, {"b": 1, "c": 1}, "b c d"),
    Case("diamond, the end", DIAMOND, {"d": 1}, "d"),
    Case("a failure that was cleaned up stays", CLEANED, {"a": 9, "x": 1}, "x y"),
    Case("dag in steps", DAG_IN_STEPS, {"[0].n.x": 1}, "[0].n.x [0].n.y [1].z"),
    Case(
        "dag in steps, two places",
        DAG_IN_STEPS,
        {"[0].n.y": 1, "[0].m": 1},
        "[0].n.y [0].m [1].z",
    ),
    Case("steps in a dag", STEPS_IN_DAG, {"n[1].y": 1}, "n[1].y n[2].v z"),
    Case("a loop's failed item", LOOP, {"l(1:b)": 1}, "l(1:b) z"),
    Case("two of a loop's items", LOOP, {"l(0:a)": 1, "l(2:c)": 1}, "l(0:a) l(2:c) z"),
    Case("a loop of steps", LOOP_OF_STEPS, {"[0].l(0:a)[1].y": 1}, "[0].l(0:a)[1].y [1].z"),
    Case("all attempts", TRIED, {"a(0)": 1, "a(1)": 1}, "a(0) z"),
    Case("attempts fail again", TRIED, {"a(0)": 2, "a(1)": 1}, "a(0) a(1) z"),
    Case(
        "the last attempt of steps goes on",
        TRIED_STEPS,
        {"n(0)[0].x": 1, "n(1)[1].y": 1},
        "n(1)[1].y z",
    ),
    Case("what came after went well in part", BORNE, {"n(0)[0].x": 9, "z[1].q": 1}, "z[1].q"),
    Case(
        "nothing that came after went well",
        BORNE,
        {"n(0)[0].x": 1, "z[0].p": 1},
        "n(0)[0].x z[0].p z[1].q",
    ),
    Case("a step and its exit handler", HOOKED, {"a": 1, "a.onExit": 1}, "a a.onExit z"),
    Case("a failed exit handler of a task", HOOKED, {"a.onExit": 1, "z": 1}, "a.onExit z"),
    Case(
        "an exit handler that failed in a group that went well",
        HOOKED_STEPS,
        {"[0].a.onExit": 1, "[1].z": 1},
        "[1].z",
    ),
    Case(
        "what follows a task that fails as soon as it goes on waits for its exit handler",
        AT_ONCE,
        {"b": 1},
        "a.onExit b",
        spec="{synchronization: {mutexes: [{name: m}]}}",
    ),
    Case(
        "an exit handler of several steps, with other parameters",
        HOOKED_GROUP,
        {"a.onExit[1].q": 1, "z": 1},
        "a.onExit[1].q z",
        spec="{arguments: {parameters: [{name: w, value: a}]}}",
        parameters=("w=b",),
    ),
    Case("an exit handler that went well stays", HOOKED, {"z": 1}, "z"),
    Case("omitted and skipped tasks are looked at anew", SKIPPING, {"a": 1}, "a d"),
    Case("an omitted task after one that failed alone", SKIPPING, {"d": 1}, "d"),
    Case("suspended before and after", SUSPENDED, {"[1].b": 1}, "[1].b"),
    Case("a container set", SET, {"s": 1}, "s z"),
    Case("a daemon is not started again, as in Argo", DAEMON, {"a": 1}, "a z"),
    Case("memoized", MEMOIZED, {"a": 1}, "a"),
    Case("three dags deep", DEEP, {"n.o.x": 1}, "n.o.x n.o.y n.p z"),
    Case("three dags deep, the middle", DEEP, {"n.p": 1}, "n.p z"),
    Case("the workflow's exit handler", LINEAR, {"c": 1}, "c onExit", spec="{onExit: t}"),
    Case(
        "an exit handler that failed too", LINEAR, {"c": 1, "onExit": 1}, "c onExit",
        spec="{onExit: t}",
    ),
    Case("a chosen node", LINEAR, {}, "b c", selector="displayName=b"),
    Case("a chosen node beside a failed one", DIAMOND, {"b": 1}, "b c d", "displayName=c"),
    Case("a chosen dag", DEEP, {}, "n.o.x n.o.y n.p z", selector="displayName=n"),
    Case("a chosen item", LOOP, {}, "l(1:b) z", selector="displayName=l(1:b)"),
    Case("a chosen container means its pod", SET, {}, "s z", selector="displayName=side"),
    Case("a chosen suspend node", SUSPENDED, {}, "[1].b", selector="displayName=a"),
    Case("a chosen attempt", TRIED, {"a(0)": 1}, "a(1) z", selector="displayName=a(1)"),
)  # fmt: skip


def script(fails: dict[str, int]) -> Any:
    left = Counter(fails)

    def outcome(work: Work) -> Outcome:
        if not isinstance(work, StartContainer):
            return Outcome(exit_code=1)  # nothing is in the cache
        name = _short(work.node_name)
        left[name] -= 1
        return Outcome(exit_code=1 if left[name] >= 0 else 0, is_stuck=work.template == "d")

    return outcome


def _short(node_name: str) -> str:
    """A node's name below the root."""
    return node_name.removeprefix("wf").removeprefix(".")


def ended(simulation: Simulation) -> Simulation:
    """Played to its end; whoever waits for a person is released."""
    simulation.run_to_end()
    while simulation.run.row["waiting"]:
        simulation.send(NodesResumed(tuple(simulation.run.row["waiting"])))
        simulation.run_to_end()
    return simulation


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_retry_runs_again_what_failed_and_what_came_after(case: Case) -> None:
    workflow: Body = {
        "metadata": {"name": "wf", "namespace": "default", "uid": "u"},
        "spec": case.spec,
    }
    simulation = ended(Simulation(workflow, outcome=script(case.fails)))
    before = len(simulation.started)
    live = project_workflow(simulation.run, workflow)
    wanted, _ = verbs.retry(
        live,
        now=NOW,
        restart_successful=bool(case.selector),
        node_field_selector=case.selector,
        parameters=case.parameters,
    )
    for event in observe(simulation.run, wanted):
        simulation.send(event)
    ended(simulation)
    again = [_short(work.node_name) for work in simulation.started[before:]]
    assert again == case.again
    assert simulation.run.phase == "Succeeded"
