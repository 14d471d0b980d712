"""DAG dependencies: ``dependencies`` and ``depends`` as a graph and as logic over results."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from toolkit.errors import ExpressionError
from toolkit.workflow.expressions import Environment, EvaluationError, evaluate_bool
from toolkit.workflow.nodes import Row

RESULTS: Final = (
    "Succeeded", "Failed", "Errored", "Skipped", "Omitted", "Daemoned", "AnySucceeded", "AllFailed",
)  # fmt: skip
_IN_LOGIC = re.compile(r"(?<!\w)_\w+(?=\.)")
_TASK = re.compile(r"([a-zA-Z0-9_][-a-zA-Z0-9_]*?\.[A-Z][a-zA-Z]+)|([a-zA-Z0-9_][-a-zA-Z0-9_]*)")


@dataclass(frozen=True, slots=True)
class Graph:
    """Tasks of a DAG template by name, in the order written. ``logic`` is "" for a root."""

    tasks: Mapping[str, Row]
    dependencies: Mapping[str, tuple[str, ...]]
    dependents: Mapping[str, tuple[str, ...]]
    logic: Mapping[str, str]
    targets: tuple[str, ...]

    def ancestors(self, task: str) -> frozenset[str]:
        """All that stands before a task."""
        seen: dict[str, None] = {}
        pending = list(self.dependencies[task])
        while pending:
            name = pending.pop()
            if name not in seen:
                seen[name] = None
                pending.extend(self.dependencies[name])
        return frozenset(seen)


def graph_of(dag: Row) -> Graph:
    """The graph of a dag template. Raises ExpressionError for an unknown task, result or target,
    and for a cycle.
    """
    tasks = {str(task.get("name")): task for task in dag.get("tasks") or ()}
    dependencies: dict[str, tuple[str, ...]] = {}
    logic: dict[str, str] = {}
    dependents: dict[str, list[str]] = {name: [] for name in tasks}
    for name, task in tasks.items():
        dependencies[name], logic[name] = _dependencies(name, task, tasks)
        for dependency in dependencies[name]:
            dependents[dependency].append(name)
    refuse_cycle(dependencies)
    return Graph(
        tasks,
        dependencies,
        {name: tuple(after) for name, after in dependents.items()},
        logic,
        _targets(dag, tasks, dependents),
    )


def tasks_before(task: Row) -> tuple[str, ...]:
    """The names that a task says it waits for, whether there are such tasks or not."""
    if not task.get("depends"):
        return tuple(dict.fromkeys(str(name) for name in task.get("dependencies") or ()))
    text = str(task["depends"]).replace("'", "").replace('"', "")
    found = (bare or with_result.rsplit(".", 1)[0] for with_result, bare in _TASK.findall(text))
    return tuple(dict.fromkeys(found))


def _dependencies(name: str, task: Row, tasks: Mapping[str, Row]) -> tuple[tuple[str, ...], str]:
    if task.get("depends"):
        return _from_depends(name, str(task["depends"]), tasks)
    names = tuple(dict.fromkeys(str(entry) for entry in task.get("dependencies") or ()))
    for dependency in names:
        _known(name, dependency, tasks)
    return names, " && ".join(_expanded(entry, tasks) for entry in names)


def _from_depends(name: str, text: str, tasks: Mapping[str, Row]) -> tuple[tuple[str, ...], str]:
    found: dict[str, None] = {}

    def expand(match: re.Match[str]) -> str:
        with_result, bare = match.groups()
        if bare:
            _known(name, bare, tasks)
            found[bare] = None
            return _expanded(bare, tasks)
        dependency, result = with_result.rsplit(".", 1)
        _known(name, dependency, tasks)
        if result not in RESULTS:
            raise ExpressionError(f"task result '{result}' for task '{dependency}' is invalid")
        found[dependency] = None
        return f"{_variable(dependency)}.{result}"

    logic = _TASK.sub(expand, text.replace("'", "").replace('"', ""))
    return tuple(found), logic


def _known(name: str, dependency: str, tasks: Mapping[str, Row]) -> None:
    if dependency not in tasks:
        raise ExpressionError(f"tasks.{name} dependency '{dependency}' not defined")


def _expanded(name: str, tasks: Mapping[str, Row]) -> str:
    rule = tasks[name].get("continueOn") or {}
    results = ["Succeeded", "Skipped", "Daemoned"]
    results += ["Errored"] if rule.get("error") else []
    results += ["Failed"] if rule.get("failed") else []
    return f"({' || '.join(f'{_variable(name)}.{result}' for result in results)})"


def _variable(name: str) -> str:
    """A task's name as a variable; a leading digit would make it a number."""
    return f"_{name.replace('-', '_')}"


def refuse_cycle(dependencies: Mapping[str, Sequence[str]]) -> None:
    """Raises ExpressionError naming a circle of those that wait for each other."""
    state: dict[str, int] = {}
    for start in dependencies:
        path: list[str] = []
        stack: list[tuple[str, int]] = [(start, 0)]
        while stack:
            name, at = stack.pop()
            if at == 0:
                if state.get(name) == 2:
                    continue
                state[name] = 1
                path.append(name)
            if at == len(dependencies[name]):
                state[name] = 2
                path.pop()
                continue
            stack.append((name, at + 1))
            following = dependencies[name][at]
            if state.get(following) == 1:
                circle = [*path[path.index(following) :], following]
                raise ExpressionError(f"dependency cycle detected: {'->'.join(circle)}")
            if state.get(following) != 2:
                stack.append((following, 0))


def _targets(
    dag: Row, tasks: Mapping[str, Row], dependents: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    wanted = str(dag.get("target") or "").split()
    for target in wanted:
        if target not in tasks:
            raise ExpressionError(f"target '{target}' is not defined")
    if wanted:
        return tuple(wanted)
    return tuple(sorted(name for name in tasks if not dependents[name]))


def needed(graph: Graph) -> frozenset[str]:
    """The tasks that run: the targets and all before them."""
    leaves = {name for name, after in graph.dependents.items() if not after}
    if leaves <= set(graph.targets):
        return frozenset(graph.tasks)
    seen: set[str] = set()
    pending = list(graph.targets)
    while pending:
        name = pending.pop()
        if name not in seen:
            seen.add(name)
            pending.extend(graph.dependencies[name])
    return frozenset(seen)


def evaluate(logic: str, results: Iterable[tuple[str, Mapping[str, bool]]]) -> bool:
    """The truth of a task's logic over its dependencies' results. Raises ExpressionError.

    Tasks differ in the names they wait for and seldom in what they ask of them: under numbered
    names their logic is one text, which is parsed once.
    """
    values = {_variable(name): dict(truths) for name, truths in results}
    numbers = {name: f"_{number}" for number, name in enumerate(values)}
    text = _IN_LOGIC.sub(lambda found: numbers.get(found[0], found[0]), logic)
    try:
        return evaluate_bool(text, Environment.of({numbers[name]: values[name] for name in values}))
    except EvaluationError:
        return evaluate_bool(logic, Environment.of(values))  # to be told by its own names
