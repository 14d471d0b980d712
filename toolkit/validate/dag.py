"""Rules of DAGs: what depends on what, and whether that can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from toolkit.resource.field_path import FieldPath
from toolkit.validate.notes import Notes
from toolkit.validate.shapes import did_you_mean, fields_of, has_tag, listed, text_of, texts_of
from toolkit.validate.spec import Node, Template, WorkflowSpec

_TASK: Final = re.compile(r"([a-zA-Z0-9_][-a-zA-Z0-9_]*)(?:\.([a-zA-Z]+))?")
_RESULTS: Final = (
    "Succeeded",
    "Failed",
    "Errored",
    "Skipped",
    "Omitted",
    "Daemoned",
    "AnySucceeded",
    "AllFailed",
)
_SHOWN: Final = 8
_RESULTS_OF_ITEMS: Final = ("AnySucceeded", "AllFailed")


def dependencies_of(task: Node) -> tuple[tuple[str, str, FieldPath], ...]:
    """(task, result or "", path to the text) for everything a task depends on, as written."""
    path = task.call.path
    depends = text_of(task.call.body.get("depends"))
    found = [(name, result, (*path, "depends")) for name, result in _TASK.findall(depends)]
    names = task.call.body.get("dependencies")
    if isinstance(names, list):
        for index, name in enumerate(names):
            if isinstance(name, str):
                found.append((name, "", (*path, "dependencies", index)))
    return tuple(found)


class Ancestry:
    """Which tasks of a DAG have ended before another starts. Computed once, when first asked for
    what is no direct dependency: bit sets, so that ten thousand tasks take a second.
    """

    def __init__(self, tasks: tuple[Node, ...]) -> None:
        self._direct = {task.name: _names_in(task) for task in tasks}
        self._bit = {name: 1 << number for number, name in enumerate(self._direct)}
        self._before: dict[str, int] = {}

    def is_before(self, ancestor: str, task: str) -> bool:
        """Whether ``task`` depends on ``ancestor``, through however many others."""
        if ancestor in self._direct[task]:
            return True
        if not self._before:
            self._compute()
        return bool(self._before[task] & self._bit[ancestor])

    def _compute(self) -> None:
        """Depth first without recursion; in a cycle, which is found elsewhere, the first visit
        counts.
        """
        for start in self._direct:
            trail = [start]
            while trail:
                name = trail[-1]
                if name not in self._before:
                    self._before[name] = 0
                    trail += [each for each in self._known(name) if each not in self._before]
                    continue
                trail.pop()
                for each in self._known(name):
                    self._before[name] |= self._bit[each] | self._before[each]

    def _known(self, name: str) -> list[str]:
        return [each for each in self._direct[name] if each in self._direct]


def _names_in(task: Node) -> dict[str, None]:
    return {name: None for name, _, _ in dependencies_of(task)}


def check_dags(spec: WorkflowSpec, notes: Notes) -> None:
    """Every DAG of a spec, inline ones included."""
    for template in spec.every_template:
        if template.type == "dag":
            tasks = template.nodes
            _check_style(template, tasks, notes)
            known = {task.name: task for task in tasks}
            for task in tasks:
                _check_dependencies(task, known, notes)
            _check_cycles(tasks, notes)
            _check_targets(template, tasks, notes)


def _check_style(template: Template, tasks: tuple[Node, ...], notes: Notes) -> None:
    depends = [task for task in tasks if task.call.body.get("depends")]
    for task in tasks:
        path, body = task.call.path, task.call.body
        if depends and body.get("dependencies"):
            message = f"{template.label} uses both 'depends' and 'dependencies'"
            hint = "write 'depends: " + " && ".join(texts_of(body["dependencies"])) + "'"
            notes.add("invalid-depends", (*path, "dependencies"), message, hint, is_key=True)
        if depends and body.get("continueOn") is not None:
            message = "continueOn does not go together with 'depends'"
            hint = "say it in 'depends': A.Failed, A.Errored"
            notes.add("invalid-depends", (*path, "continueOn"), message, hint, is_key=True)
        if task.name[:1].isdigit() and (depends or body.get("dependencies")):
            message = f"task name {task.name!r} begins with a digit, which 'depends' cannot read"
            notes.add("invalid-depends", (*path, "name"), message)


def _check_dependencies(task: Node, known: Mapping[str, Node], notes: Notes) -> None:
    if has_tag(text_of(task.call.body.get("depends"))):
        return
    for name, result, path in dependencies_of(task):
        if has_tag(name):
            continue
        if name not in known:
            message = f"task {task.name!r} depends on {name!r}, which is no task of this DAG"
            hint = did_you_mean(name, known, otherwise=f"tasks: {listed(known)}")
            notes.add("unknown-dependency", path, message, hint, part=name)
        elif result and result not in _RESULTS:
            message = f"{name}.{result}: there is no such result"
            hint = did_you_mean(result, _RESULTS, otherwise=f"results: {', '.join(_RESULTS)}")
            notes.add("invalid-depends", path, message, hint, part=f"{name}.{result}")
        elif result in _RESULTS_OF_ITEMS and not known[name].has_items:
            message = f"{name}.{result} asks about items, but task {name!r} has none"
            hint = f"use {name}.Succeeded or {name}.Failed"
            notes.add("invalid-depends", path, message, hint, part=f"{name}.{result}")
    _check_syntax(task, notes)


def _check_syntax(task: Node, notes: Notes) -> None:
    from toolkit.errors import ExpressionError
    from toolkit.workflow.expressions import parse

    depends = text_of(task.call.body.get("depends"))
    if not depends:
        return
    try:
        # As the engine reads it: '-' means minus in the expression language, not in a name.
        parse(_TASK.sub(lambda match: match.group().replace("-", "_"), depends))
    except ExpressionError as error:
        path = (*task.call.path, "depends")
        hint = "combine task names with &&, || and !"
        notes.add(
            "invalid-depends",
            path,
            f"depends cannot be read: {error.message.partition(chr(10))[0]}",
            hint,
        )


def _check_cycles(tasks: tuple[Node, ...], notes: Notes) -> None:
    direct = {task.name: [name for name, _, _ in dependencies_of(task)] for task in tasks}
    done: set[str] = set()
    for task in tasks:
        cycle = _cycle_from(task.name, direct, done)
        if cycle:
            shown = (*cycle[:_SHOWN], "…", cycle[-1]) if len(cycle) > _SHOWN + 1 else cycle
            message = f"tasks depend on each other in a circle: {' → '.join(shown)}"
            key = "depends" if task.call.body.get("depends") else "dependencies"
            notes.add("dependency-cycle", (*task.call.path, key), message)


def _cycle_from(start: str, direct: Mapping[str, list[str]], done: set[str]) -> tuple[str, ...]:
    """The first cycle reached from ``start`` through tasks not ``done``; () where there is none.

    Depth first with a stack of its own: a DAG may be deeper than the recursion limit.
    """
    trail: dict[str, None] = {}
    waiting: list[Iterator[str]] = [iter([start])]
    while waiting:
        name = next(waiting[-1], None)
        if name is None:
            waiting.pop()
            if trail and waiting:
                done.add(trail.popitem()[0])
        elif name in trail:
            names = list(trail)
            cycle = (*names[names.index(name) :], name)
            done.update(trail)
            return cycle
        elif name not in done and name in direct:
            trail[name] = None
            waiting.append(iter(direct[name]))
    return ()


def _check_targets(template: Template, tasks: tuple[Node, ...], notes: Notes) -> None:
    target = text_of(fields_of(template.body.get("dag")).get("target"))
    if has_tag(target):
        return
    known = {task.name for task in tasks}
    for name in target.split():
        if name not in known:
            hint = did_you_mean(name, known, otherwise=f"tasks: {listed(known)}")
            path = (*template.path, "dag", "target")
            notes.add("unknown-target", path, f"target {name!r} is no task of this DAG", hint)
