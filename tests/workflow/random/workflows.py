"""Random workflows with all features mixed. The same seed gives the same."""

from __future__ import annotations

import random
from typing import Any

from tests.workflow.random.leaves import Chance, Leaves, input_declarations
from toolkit.resource.resource import Body
from toolkit.workflow.spec.library import Library

_RESULTS = (
    "", ".Succeeded", ".Failed", ".Skipped", ".Omitted", ".Errored", ".Daemoned", ".AnySucceeded",
    ".AllFailed",
)  # fmt: skip


class Author:
    """Writes small workflows."""

    def __init__(self, rng: random.Random) -> None:
        self._chance = Chance(rng)
        self._rng = rng
        self._maybe = self._chance.maybe
        self._templates: list[Body] = []
        self._shared: list[Body] = []

    def workflow(self, name: str) -> tuple[Body, Library]:
        """A workflow, and the WorkflowTemplate ``shared`` that it may refer to."""
        write = Leaves(self._chance).write
        self._templates = [write(f"leaf{at}") for at in range(self._rng.randint(1, 4))]
        leaves = [str(template["name"]) for template in self._templates]
        self._shared = [template for template in self._templates if self._maybe(0.5)]
        names = list(leaves)
        for level in range(self._rng.randint(0, 3)):
            names.append(self._composite(f"c{level}", names))
        given = {"parameters": [{"name": "w", "value": "given"}]}
        spec: Body = {"entrypoint": names[-1], "arguments": given, "templates": self._templates}
        spec |= self._of_run(names)
        template = {"kind": "WorkflowTemplate", "metadata": {"name": "shared"}}
        shared = {**template, "spec": {"templates": self._shared}}
        library = Library(templates={("WorkflowTemplate", "shared"): shared})
        metadata = {"name": name, "uid": f"uid-{name}", "namespace": "data"}
        return {"metadata": metadata, "spec": spec}, library

    # The run

    def _of_run(self, names: list[str]) -> Body:
        spec: Body = {}
        if self._maybe(0.3):
            spec["parallelism"] = self._rng.randint(1, 3)
        if self._maybe(0.1):
            spec["activeDeadlineSeconds"] = self._rng.randint(5, 60)
        if self._maybe(0.2):
            spec["synchronization"] = self._chance.locks()
        if self._maybe(0.2):
            spec["priority"] = self._rng.randint(-1, 2)
        if self._maybe(0.05):
            spec["retryStrategy"] = self._chance.retry()
        if self._maybe(0.05):
            spec["templateDefaults"] = {"retryStrategy": self._chance.retry()}
        if self._maybe(0.05):
            spec["suspend"] = True
        if self._maybe(0.1):
            strategies = ["OnPodCompletion", "OnPodSuccess", "OnWorkflowSuccess"]
            spec["podGC"] = {"strategy": self._rng.choice(strategies)}
            spec["ttlStrategy"] = {"secondsAfterCompletion": 60}
        return spec | self._endings(names)

    def _endings(self, names: list[str]) -> Body:
        """Exit handlers and hooks of the whole run; any template may serve."""
        spec: Body = {}
        last = self._rng.choice(names)
        if self._maybe(0.4):
            spec["onExit"] = last
        elif self._maybe(0.2):
            spec["hooks"] = {"exit": {"template": last}}
            if self._maybe(0.3):
                spec["hooks"]["exit"]["expression"] = 'workflow.status != "Error"'
        if self._maybe(0.2):
            expression = f'workflow.status == "{self._phase()}"'
            hook = {"template": self._rng.choice(names), "expression": expression}
            spec["hooks"] = {**spec.get("hooks", {}), "h": hook}
        return spec

    # Steps and dags

    def _composite(self, name: str, names: list[str]) -> str:
        template: Body = {"name": name, "inputs": input_declarations(is_leaf=False)}
        if self._maybe(0.2):
            template["parallelism"] = self._rng.randint(1, 2)
            if self._maybe(0.5):
                template["failFast"] = True
        if self._maybe(0.15):
            template["retryStrategy"] = self._chance.retry()
        if self._maybe(0.1):
            template["synchronization"] = self._chance.locks()
        if self._maybe(0.05):
            template["memoize"] = self._chance.memoize()
        if self._maybe(0.5):
            groups = range(self._rng.randint(1, 3))
            template["steps"] = [self._group(at, names) for at in groups]
            self._put_outputs(template, "steps", "s00")
        else:
            template["dag"] = self._dag(names)
            self._put_outputs(template, "tasks", "t0")
        self._templates.append(template)
        return name

    def _put_outputs(self, template: Body, prefix: str, key: str) -> None:
        if not self._maybe(0.3):
            return
        sources = [
            {"parameter": f"{{{{{prefix}.{key}.outputs.parameters.o}}}}", "default": "none"},
            {"parameter": f"{{{{{prefix}.{key}.outputs.parameters.o}}}}"},
            {"expression": f"{prefix}['{key}'].outputs.parameters.o"},
            {"expression": f"{prefix}['{key}'].status"},
        ]
        parameter = {"name": "o", "valueFrom": self._rng.choice(sources)}
        template["outputs"] = {"parameters": [parameter]}

    def _group(self, at: int, names: list[str]) -> list[Body]:
        before = [f"s{at - 1}0"] if at else []
        steps = range(self._rng.randint(1, 3))
        return [self._step(f"s{at}{each}", names, "steps", before) for each in steps]

    def _dag(self, names: list[str]) -> Body:
        uses_depends = self._maybe(0.5)
        tasks: list[Body] = []
        for at in range(self._rng.randint(1, 5)):
            before = [f"t{each}" for each in range(at) if self._maybe(0.4)]
            task = self._step(f"t{at}", names, "tasks", before)
            if uses_depends:
                task.pop("continueOn", None)
            if before and uses_depends:
                terms = [f"{each}{self._rng.choice(_RESULTS)}" for each in before]
                task["depends"] = self._rng.choice([" && ", " || "]).join(terms)
            elif before:
                task["dependencies"] = before
            tasks.append(task)
        dag: Body = {"tasks": tasks}
        if self._maybe(0.3):
            dag["failFast"] = False
        if self._maybe(0.2):
            dag["target"] = tasks[-1]["name"]
        return dag

    # One step or task

    def _step(self, name: str, names: list[str], prefix: str, before: list[str]) -> Body:
        template = self._rng.choice(names[-3:])
        step: Body = {"name": name, "template": template}
        if any(shared["name"] == template for shared in self._shared) and self._maybe(0.3):
            step = {"name": name, "templateRef": {"name": "shared", "template": template}}
        step["arguments"] = self._arguments(step, prefix, before)
        if self._maybe(0.2):
            condition = self._rng.choice(["1 == 1", "1 == 2", "{{item}} == 1"])
            if "item" not in condition or "withItems" in step:
                step["when"] = condition
        elif before and self._maybe(0.1):
            step["when"] = f"{{{{{prefix}.{before[0]}.status}}}} == Succeeded"
        if self._maybe(0.3):
            step["continueOn"] = {"failed": self._maybe(0.7), "error": self._maybe(0.5)}
        self._put_hooks(step, names, prefix)
        return step

    def _put_hooks(self, step: Body, names: list[str], prefix: str) -> None:
        template = self._rng.choice(names)
        if self._maybe(0.1):
            step["hooks"] = {"exit": {"template": names[0]}}
        elif self._maybe(0.05):
            step["onExit"] = template
        elif self._maybe(0.15):
            expression = f'{prefix}["{step["name"]}"].status == "{self._phase()}"'
            step["hooks"] = {"seen": {"template": template, "expression": expression}}

    def _arguments(self, step: Body, prefix: str, before: list[str]) -> Body:
        value = "{{inputs.parameters.p}}"
        if self._maybe(0.1):
            value = "{{workflow.parameters.w}}"
        elif before and self._maybe(0.4):
            fields = ["status", "status", "outputs.result", "outputs.parameters.o"]
            value = f"{{{{{prefix}.{before[0]}.{self._rng.choice(fields)}}}}}"
        value = self._loop(step, prefix, before) or value
        arguments: Body = {"parameters": [{"name": "p", "value": value}]}
        if before and self._maybe(0.1):
            origin = f"{{{{{prefix}.{before[0]}.outputs.artifacts.a}}}}"
            arguments["artifacts"] = [{"name": "in", "from": origin, "optional": True}]
        return arguments

    def _loop(self, step: dict[str, Any], prefix: str, before: list[str]) -> str:
        """Make it a loop, perhaps; the value that its items take."""
        if self._maybe(0.25):
            items = [1, "two", {"k": "v"}]
            step["withItems"] = items[: self._rng.randint(0, 3)] or [1]
            return "{{item}}"
        if before and self._maybe(0.1):
            step["withParam"] = f"{{{{{prefix}.{before[0]}.outputs.result}}}}"
            return "{{item}}"
        if self._maybe(0.1):
            ranges: list[Body] = [
                {"count": self._rng.randint(0, 3)},
                {"start": "2", "end": "1"},
                {"start": "0", "end": "1", "format": "i%02d"},
            ]
            step["withSequence"] = self._rng.choice(ranges)
        return ""

    def _phase(self) -> str:
        return self._rng.choice(["Running", "Succeeded", "Failed"])
