"""Do the variables of a workflow stand for something? Asked once, at submit, as Argo's validation
asks it: of every template in the order in which it is reached, with Argo's words.

What only the run can know is let pass: tags of dynamic calls, expressions, a ``withParam``'s items.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from toolkit.errors import ExpressionError
from toolkit.workflow.admission import dag_rules, template_rules
from toolkit.workflow.nodes import Row
from toolkit.workflow.spec.definition import Definition, TemplateError
from toolkit.workflow.spec.depends import Graph, graph_of
from toolkit.workflow.spec.merge import type_of
from toolkit.workflow.substitution.parameters import find, has_location, text_of
from toolkit.workflow.substitution.substitute import has_tags
from toolkit.workflow.templates.hooks import EXIT
from toolkit.workflow.templates.invoke import MAX_DEPTH

_ROOTS: Final = ("item.", "steps.", "inputs.", "outputs.", "pod.", "workflow.", "tasks.")
_ALWAYS: Final = (
    "outputs.", "workflow.creationTimestamp", "workflow.scheduledTime", "workflow.duration",
    "tasks.name", "steps.name", "node.name",
)  # fmt: skip
_ANY_ITEM: Final = "item.*"
_ANY_OUTPUT: Final = {
    "parameters": "workflow.outputs.parameters.*",
    "artifacts": "workflow.outputs.artifacts.*",
}
_RETRIES: Final = (
    "retries", "lastRetry.exitCode", "lastRetry.status", "lastRetry.duration", "lastRetry.message",
)  # fmt: skip
_POD_TYPES: Final = frozenset({"container", "script", "resource", "data", "containerSet"})
_WITH_RESULT: Final = frozenset({"container", "script", "data", "http", "plugin"})
_LOOPS: Final = ("withItems", "withParam", "withSequence")


class _UndefinedError(ExpressionError):
    """What is wrong, with the place in front."""


def undefined(definition: Definition) -> str:
    """The first variable that stands for nothing, or input that nobody supplies; "" where all is
    well. Cost: linear in the templates.
    """
    spec, local = definition.spec, str(definition.row["scope"])
    walk = _Walk(definition)
    given = spec.get("arguments") or {}
    try:
        walk.call({"template": spec.get("entrypoint")}, local, given)
        if spec.get("onExit"):
            walk.known_globals.add("workflow.failures")
            if _exports_any_artifact(definition.templates.get(local, {}).values()):
                walk.known_globals.add(_ANY_OUTPUT["artifacts"])
            walk.call({"template": spec["onExit"]}, local, given)
        for name in definition.templates.get(local, {}):
            with _At(f"templates.{name}"):
                walk.call({"template": name}, local, None)
    except _UndefinedError as error:
        return error.message
    return ""


class _At:
    """Puts a place in front of what is wrong below it."""

    def __init__(self, place: str) -> None:
        self._place = place

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, _UndefinedError):
            raise _UndefinedError(f"{self._place} {error.message}") from error


class _Walk:
    """One validation: what was seen, and the global variables found so far."""

    def __init__(self, definition: Definition) -> None:
        self._definition = definition
        self._seen: set[tuple[str, int]] = set()
        self._depth = 0
        self.known_globals = {*definition.row["globals"], "workflow.status"}

    def call(self, holder: Row, scope: str, arguments: Row | None) -> Row | None:
        """A step, task or entrypoint: its template, None where only the run knows it. Without
        ``arguments`` every input is taken for supplied.
        """
        if is_dynamic(holder):
            return None
        if holder.get("template") and holder.get("templateRef"):
            raise _UndefinedError("template name cannot be specified with templateRef")
        try:
            template, inner = self._definition.declared(holder, scope)
        except TemplateError as error:
            raise _UndefinedError(error.message) from error
        name = str(template.get("name") or "")
        _refuse(template_rules.broken_declaration(template))
        if arguments is not None:
            with _At(f"templates.{name}"):
                _check_supplied(template, arguments)
        _refuse(template_rules.broken_use(template))
        mark = (inner, id(holder["inline"]) if holder.get("inline") else hash(name))
        if mark not in self._seen and self._depth < MAX_DEPTH:  # deeper no run ever comes
            self._seen.add(mark)
            self._depth += 1
            self._template(template, name, inner)
            self._depth -= 1
        return template

    def _template(self, template: Row, name: str, scope: str) -> None:
        known = _own_variables(template)
        kind = type_of(template)
        if kind == "steps":
            self._steps(template, name, scope, known)
        elif kind == "dag":
            if has_tags(str([(task.get("depends"), task.get("dependencies"))
                             for task in template["dag"].get("tasks") or ()])):  # fmt: skip
                return
            self._tasks(template, name, scope, known)
        else:
            with _At(f"templates.{name}:"):
                self._check(template, known)
            defaults = self._definition.spec.get("templateDefaults") or {}
            _refuse(template_rules.broken_inside(template, defaults))
        _refuse(template_rules.broken_outputs(template))
        with _At(f"templates.{name}.outputs"):
            self._check(template.get("outputs"), known)
        _refuse(template_rules.broken_sources(template))

    def _steps(self, template: Row, name: str, scope: str, known: set[str]) -> None:
        _refuse(template_rules.broken_inside(template, {}))
        names: set[str] = set()
        for at, group in enumerate(template.get("steps") or ()):
            for step in [group] if isinstance(group, dict) else group or ():
                key = str(step.get("name") or "")
                _refuse(
                    template_rules.broken_step_name(
                        key, names, f"templates.{name}.steps[{at}].name"
                    )
                )
                prefix, place = f"steps.{key}", f"templates.{name}.steps[{at}].{key}"
                known.add(f"{prefix}.status")
                with _At(place):
                    known |= _items(step)
                _check_arguments(step, f"{place}.arguments.")
                with _At(place):
                    called = self.call(step, scope, None)
                if _has_exit_hook(step):
                    known |= self._outputs(called, prefix, is_loop=False)
                with _At(f"templates.{name}.steps"):
                    self._check(step, known, _inline_inputs(step))
                known |= self._outputs(called, prefix, is_loop=_aggregates(step))
                with _At(place):
                    self.call(step, scope, step.get("arguments") or {})

    def _tasks(self, template: Row, name: str, scope: str, known: set[str]) -> None:
        tasks = template["dag"].get("tasks") or ()
        _refuse(template_rules.broken_inside(template, {}))
        _refuse(dag_rules.broken_tasks(tasks, f"templates.{name}"))
        with _At(f"templates.{name}.targets"):
            self._check(template["dag"].get("target"), known)
        _refuse(dag_rules.broken_waits(tasks, f"templates.{name}"))
        _refuse(dag_rules.broken_graph(template["dag"], f"templates.{name}"))
        graph = graph_of({**template["dag"], "target": ""})
        tasks = [graph.tasks[key] for key in dag_rules.in_order(graph)]
        for task in tasks:
            key = str(task.get("name") or "")
            with _At(f"templates.{name}.tasks.{key}"):
                called = self.call(task, scope, None)
            known |= self._outputs(called, f"tasks.{key}", is_loop=_aggregates(task))
            _refuse(dag_rules.broken_dependencies(task, graph, f"templates.{name}.tasks.{key}"))
        for task in tasks:
            key = str(task.get("name") or "")
            place = f"templates.{name}.tasks.{key}"
            if task.get("hooks"):
                known.add(f"tasks.{key}.status")
            with _At(place):
                extra = _items(task) | _inline_inputs(task)
                self._check(task, known, extra, _Before(graph, key))
            _check_arguments(task, f"{place}.arguments.")
            with _At(place):
                _check_dependencies(task, _Before(graph, key))
                self.call(task, scope, task.get("arguments") or {})

    def _outputs(self, template: Row | None, prefix: str, *, is_loop: bool) -> set[str]:
        """What others may say of a step or task. Outputs that are the workflow's become known."""
        known = {f"{prefix}.{field}" for field in ("id", "startedAt", "finishedAt", "hostNodeName")}
        if template is None:
            return known | {f"{prefix}.*"}
        if template.get("daemon"):
            known.add(f"{prefix}.ip")
        kind = type_of(template)
        if kind in _WITH_RESULT or (kind == "containerSet" and _has_main(template)):
            known |= {f"{prefix}.outputs.result", f"{prefix}.exitCode"}
        for sort in ("parameters", "artifacts"):
            for entry in (template.get("outputs") or {}).get(sort) or ():
                known.add(f"{prefix}.outputs.{sort}.{entry.get('name')}")
                known |= self._exported(sort, str(entry.get("globalName") or ""))
        if is_loop:
            known.add(f"{prefix}.outputs.parameters")
        if is_loop and kind in {"script", "containerSet"}:
            known |= {f"{prefix}.outputs.result", f"{prefix}.exitCode"}
        return known

    def _exported(self, sort: str, name: str) -> set[str]:
        if not name:
            return set()
        if has_tags(name):
            self.known_globals.add(_ANY_OUTPUT[sort])
            return {_ANY_OUTPUT[sort]}
        self.known_globals.add(f"workflow.outputs.{sort}.{name}")
        return {f"workflow.outputs.{sort}.{name}"}

    def _check(
        self,
        value: Any,
        known: set[str],
        extra: set[str] | None = None,
        before: _Before | None = None,
    ) -> None:
        for tag in _tags(value):
            name = tag.strip()
            if not name.startswith(_ROOTS) or name.startswith(_ALWAYS):
                continue
            if name in known or name in self.known_globals or (extra and name in extra):
                continue
            if not (self._may_be(name, known, extra or set()) or (before and before.has(name))):
                raise _UndefinedError(f"failed to resolve {{{{{tag}}}}}")

    def _may_be(self, name: str, known: set[str], extra: set[str]) -> bool:
        """Whether only the run knows."""
        if has_tags(name):
            return True
        if name.startswith("item."):
            return _ANY_ITEM in known or _ANY_ITEM in extra
        for any_output in _ANY_OUTPUT.values():
            if name.startswith(any_output[:-1]):
                return any_output in known or any_output in self.known_globals
        return ".".join([*name.split(".")[:2], "*"]) in known


class _Before:
    """The tasks before one, asked only where it matters: it takes a walk."""

    def __init__(self, graph: Graph, task: str) -> None:
        self._graph = graph
        self._task = task

    def holds(self, task: str) -> bool:
        direct = task in self._graph.dependencies.get(self._task, ())
        return direct or task in self._graph.ancestors(self._task)

    def has(self, name: str) -> bool:
        """Whether a variable is the status of such a task."""
        root, _, rest = name.partition(".")
        task, _, field = rest.rpartition(".")
        return root == "tasks" and field == "status" and self.holds(task)


def _own_variables(template: Row) -> set[str]:
    inputs = template.get("inputs") or {}
    known = {f"inputs.parameters.{one.get('name')}" for one in inputs.get("parameters") or ()}
    known.add("inputs.parameters")
    for one in inputs.get("artifacts") or ():
        known |= {f"inputs.artifacts.{one.get('name')}", f"inputs.artifacts.{one.get('name')}.path"}
    if type_of(template) in _POD_TYPES:
        known.add("pod.name")
    if template.get("retryStrategy") is not None:
        known.update(_RETRIES)
    return known


def _check_supplied(template: Row, arguments: Row) -> None:
    """Raises for the first input that has no value."""
    inputs = template.get("inputs") or {}
    for one in inputs.get("parameters") or ():
        argument = find(arguments.get("parameters"), str(one.get("name")))
        source = one if argument is None else argument
        has_default = argument is None and one.get("default") is not None
        from_map = (source.get("valueFrom") or {}).get("configMapKeyRef")
        if source.get("value") is None and not has_default and not from_map:
            raise _UndefinedError(f"inputs.parameters.{one.get('name')} was not supplied")
    for one in inputs.get("artifacts") or ():
        is_needed = not one.get("optional") and not _has_location(one)
        if is_needed and find(arguments.get("artifacts"), str(one.get("name"))) is None:
            raise _UndefinedError(f"inputs.artifacts.{one.get('name')} was not supplied")


def _has_location(artifact: Row) -> bool:
    """An http artifact without a URL is none."""
    http = artifact.get("http")
    return has_location(artifact) and not (http is not None and not (http or {}).get("url"))


def _exports_any_artifact(templates: Iterable[Row]) -> bool:
    """Whether only the run knows the names of all artifacts of the workflow."""
    return any(
        has_tags(str(one.get("globalName") or ""))
        for template in templates
        for one in (template.get("outputs") or {}).get("artifacts") or ()
    )


def _refuse(texts: Iterator[str]) -> None:
    """Raises for the first."""
    for text in texts:
        raise _UndefinedError(text)


def is_dynamic(holder: Row) -> bool:
    """Only the run knows which template it is."""
    reference: Row = holder.get("templateRef") or {}
    names = (holder.get("template"), reference.get("name"), reference.get("template"))
    return any(has_tags(str(name)) for name in names if name)


def _check_arguments(call: Row, prefix: str) -> None:
    _refuse(template_rules.broken_arguments(call.get("arguments") or {}, prefix))


def _check_dependencies(task: Row, before: _Before) -> None:
    """An argument that is another task's output needs that task before it."""
    arguments: Mapping[str, Any] = task.get("arguments") or {}
    for kind, field in (("parameter", "value"), ("artifact", "from")):
        for one in arguments.get(f"{kind}s") or ():
            text = "" if one.get(field) is None else text_of(one[field])
            if text.startswith("{{tasks.") and not before.holds(other := text.split(".")[1]):
                said = f"missing dependency '{other}' for {kind} '{one.get('name')}'"
                raise _UndefinedError(said)


def _items(call: Row) -> set[str]:
    given = [field for field in _LOOPS if call.get(field) not in (None, "", [])]
    if len(given) > 1:
        raise _UndefinedError("only one of withItems, withParam, withSequence can be specified")
    sequence = call.get("withSequence") or {}
    if sequence.get("count") is not None and sequence.get("end") is not None:
        raise _UndefinedError("only one of count or end can be defined in withSequence")
    known = {"item"} if given else set()
    if call.get("withParam"):
        known.add(_ANY_ITEM)
    for item in call.get("withItems") or ():
        if isinstance(item, dict):
            known |= {f"item.{key}" for key in item}
        elif isinstance(item, list):
            known |= {f"item.[{at}]" for at in range(len(item))}
    return known


def _inline_inputs(call: Row) -> set[str]:
    inputs = (call.get("inline") or {}).get("inputs") or {}
    return {f"inputs.parameters.{one.get('name')}" for one in inputs.get("parameters") or ()}


def _aggregates(call: Row) -> bool:
    return bool(call.get("withItems") or call.get("withParam"))


def _has_exit_hook(call: Row) -> bool:
    return bool(call.get("onExit") or EXIT in (call.get("hooks") or {}))


def _has_main(template: Row) -> bool:
    containers = template["containerSet"].get("containers") or ()
    return any(container.get("name") == "main" for container in containers)


def _tags(value: Any) -> Iterator[str]:
    """The tags in the strings of a tree, expressions left out."""
    match value:
        case str():
            yield from _tags_of_text(value)
        case dict():
            for key, inner in value.items():
                yield from _tags(str(key))
                yield from _tags(inner)
        case list():
            for inner in value:
                yield from _tags(inner)


def _tags_of_text(text: str) -> Iterator[str]:
    at = 0
    while (start := text.find("{{", at)) >= 0 and (end := text.find("}}", start)) >= 0:
        tag = text[start + 2 : end]
        if not tag.lstrip().startswith("="):
            yield tag
        at = end + 2
