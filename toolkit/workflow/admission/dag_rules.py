"""What Argo's validation asks of the tasks of a dag, in its order and with its words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from toolkit.errors import ExpressionError
from toolkit.workflow.admission.template_rules import broken_names, field_name_problem
from toolkit.workflow.nodes import Row
from toolkit.workflow.spec.depends import RESULTS, Graph, graph_of, refuse_cycle, tasks_before
from toolkit.workflow.substitution.substitute import has_tags

_ITEMS: Final = re.compile(r"([a-zA-Z0-9][-a-zA-Z0-9]*)\.(?:AnySucceeded|AllFailed)\b")
_RESULT: Final = re.compile(r"([a-zA-Z0-9_][-a-zA-Z0-9_]*?)\.([A-Z][a-zA-Z]+)")
_LOOPS: Final = ("withItems", "withParam", "withSequence")


def broken_tasks(tasks: Sequence[Row], place: str) -> Iterator[str]:
    """Of all together, before each is looked at."""
    if not tasks:
        yield f"{place} must have at least one task"
    names = [str(task.get("name") or "") for task in tasks]
    for name, count in Counter(names).items():
        if count > 1:
            yield f"{place} sorting failed: duplicated nodeName {name}"
    before = {name: tasks_before(task) for name, task in zip(names, tasks, strict=True)}
    for others in before.values():
        for other in others:
            if other not in before:
                yield f"{place} sorting failed: invalid dependency {other}"
    try:
        refuse_cycle(before)
    except ExpressionError:
        yield f"{place} sorting failed: graph with cycle"
    for text in broken_names(tasks, field_name_problem):
        yield f"{place}.tasks{text}"


def broken_waits(tasks: Sequence[Row], place: str) -> Iterator[str]:
    """Of each: how it names what it waits for."""
    uses_depends = any(task.get("depends") for task in tasks)
    for task in tasks:
        yield from _broken_wait(task, place, uses_depends=uses_depends)


def _broken_wait(task: Row, place: str, *, uses_depends: bool) -> Iterator[str]:
    name = str(task.get("name") or "")
    if (uses_depends or task.get("dependencies")) and name[:1].isdigit():
        yield (
            f"{place}.tasks.{name} name cannot begin with a digit when using either 'depends' or"
            " 'dependencies'"
        )
    if uses_depends and task.get("dependencies"):
        yield f"{place} cannot use both 'depends' and 'dependencies' in the same DAG template"
    if uses_depends and task.get("continueOn") is not None:
        yield (
            f"{place} cannot use 'continueOn' when using 'depends'. Instead use"
            " 'dep-task.Failed'/'dep-task.Errored'"
        )
    for other, result in _RESULT.findall(str(task.get("depends") or "")):
        if result not in RESULTS:
            said = f"task result '{result}' for task '{other}' is invalid"
            yield f"{place}.tasks.{name} {said}"


def broken_graph(dag: Row, place: str) -> Iterator[str]:
    """Of the whole: what keeps the tasks from being a graph. A target with tags is the run's."""
    target = dag.get("target")
    try:
        graph_of({**dag, "target": "" if has_tags(str(target)) else target})
    except ExpressionError as error:
        is_target = error.message.startswith("target ")
        yield f"{place}.targets: {error.message}" if is_target else f"{place} {error.message}"


def in_order(graph: Graph) -> list[str]:
    """The tasks, each after those it waits for."""
    found: dict[str, None] = {}
    pending = [*graph.tasks][::-1]
    while pending:
        name = pending[-1]
        missing = [other for other in graph.dependencies[name] if other not in found]
        if missing:
            pending.extend(missing)
        else:
            found[pending.pop()] = None
    return list(found)


def broken_dependencies(task: Row, graph: Graph, place: str) -> Iterator[str]:
    """Of one: whether what it waits for has items, where it asks for theirs."""
    for name in dict.fromkeys(_ITEMS.findall(str(task.get("depends") or ""))):
        other = graph.tasks.get(name) or {}
        if not any(other.get(field) not in (None, "", []) for field in _LOOPS):
            yield (
                f"{place} dependency '{name}' uses an items-based condition such as .AnySucceeded"
                " or .AllFailed but does not contain any items"
            )
