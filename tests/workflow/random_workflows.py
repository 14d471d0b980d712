"""Random workflows with all features mixed. The same seed gives the same."""

from __future__ import annotations

import random
from typing import Any

from tests.workflow.random_pods import put_containers
from toolkit.resource.resource import Body
from toolkit.workflow.library import Library

LIMITS = {"one": 1, "two": 2}
"""The semaphores of the ConfigMap ``limits``."""

_RESULTS = (
    "", ".Succeeded", ".Failed", ".Skipped", ".Omitted", ".Errored", ".Daemoned", ".AnySucceeded",
    ".AllFailed",
)  # fmt: skip


class Author:
    """Writes small workflows."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._templates: list[Body] = []
        self._shared: list[Body] = []

    def workflow(self, name: str) -> tuple[Body, Library]:
        """A workflow, and the WorkflowTemplate ``shared`` that it may refer to."""
        leaves = [self._leaf(f"leaf{at}") for at in range(self._rng.randint(1, 4))]
        self._shared = [template for template in self._templates if self._maybe(0.5)]
        names = list(leaves)
        for level in range(self._rng.randint(0, 3)):
            names.append(self._composite(f"c{level}", names))
        spec: Body = {"entrypoint": names[-1], "templates": self._templates, **self._of_run(leaves)}
        template = {"kind": "WorkflowTemplate", "metadata": {"name": "shared"}}
        shared = {**template, "spec": {"templates": self._shared}}
        library = Library(templates={("WorkflowTemplate", "shared"): shared})
        metadata = {"name": name, "uid": f"uid-{name}", "namespace": "data"}
        return {"metadata": metadata, "spec": spec}, library

    def _maybe(self, chance: float) -> bool:
        return self._rng.random() < chance

    def _of_run(self, leaves: list[str]) -> Body:
        spec: Body = {}
        if self._maybe(0.5):
            spec["onExit"] = self._rng.choice(leaves)
        if self._maybe(0.3):
            spec["parallelism"] = self._rng.randint(1, 3)
        if self._maybe(0.1):
            spec["activeDeadlineSeconds"] = self._rng.randint(5, 60)
        if self._maybe(0.2):
            expression = f'workflow.status == "{self._phase()}"'
            hook = {"template": self._rng.choice(leaves), "expression": expression}
            spec["hooks"] = {"h": hook}
        if self._maybe(0.2):
            spec["synchronization"] = self._locks()
        if self._maybe(0.2):
            spec["priority"] = self._rng.randint(-1, 2)
        if self._maybe(0.05):
            spec["retryStrategy"] = self._retry()
        return spec

    def _locks(self) -> Body:
        mutexes = [{"name": name} for name in ("m", "n") if self._maybe(0.5)]
        if mutexes and self._maybe(0.2):
            mutexes[0]["database"] = True
        keys = [key for key in LIMITS if self._maybe(0.4)]
        semaphores = [{"configMapKeyRef": {"name": "limits", "key": key}} for key in keys]
        return {"mutexes": mutexes or [{"name": "m"}], "semaphores": semaphores}

    def _leaf(self, name: str) -> str:
        template: Body = {
            "name": name,
            "inputs": {"parameters": [{"name": "p", "default": "d"}]},
        }
        if self._maybe(0.1):
            template["suspend"] = {} if self._maybe(0.5) else {"duration": "5"}
            if self._maybe(0.5):
                source = {"supplied": {}, "default": "none"}
                template["outputs"] = {"parameters": [{"name": "o", "valueFrom": source}]}
        elif self._maybe(0.1):
            template["resource"] = {"action": "create", "manifest": "kind: ConfigMap"}
        else:
            template |= self._container()
        if self._maybe(0.15):
            template["synchronization"] = self._locks()
        self._templates.append(template)
        return name

    def _container(self) -> Body:
        template: Body = {"container": {"image": "i", "args": ["{{inputs.parameters.p}}"]}}
        if self._maybe(0.3):
            source: Body = {"path": "/o"}
            if self._maybe(0.5):
                source["default"] = "dflt"
            output = {"name": "o", "valueFrom": source}
            if self._maybe(0.3):
                output["globalName"] = "g"
            template["outputs"] = {"parameters": [output]}
        if self._maybe(0.3):
            template["retryStrategy"] = self._retry()
        if self._maybe(0.1):
            template["timeout"] = f"{self._rng.randint(1, 5)}s"
        if self._maybe(0.08):
            template["daemon"] = True
        elif self._maybe(0.1):
            template["memoize"] = {"key": "k", "cache": {"configMap": {"name": "c"}}}
        put_containers(self._rng, template)
        return template

    def _retry(self) -> Body:
        strategy: Body = {"limit": self._rng.randint(0, 2)}
        if self._maybe(0.5):
            policies = ["Always", "OnFailure", "OnError", "OnTransientError"]
            strategy["retryPolicy"] = self._rng.choice(policies)
        if self._maybe(0.5):
            strategy["backoff"] = {"duration": "2", "factor": 2}
            if self._maybe(0.3):
                strategy["backoff"]["maxDuration"] = "5s"
        if self._maybe(0.3):
            strategy["expression"] = "asInt(lastRetry.exitCode) != 2"
        return strategy

    def _composite(self, name: str, names: list[str]) -> str:
        template: Body = {
            "name": name,
            "inputs": {"parameters": [{"name": "p", "default": "d"}]},
        }
        if self._maybe(0.2):
            template["parallelism"] = self._rng.randint(1, 2)
            if self._maybe(0.5):
                template["failFast"] = True
        if self._maybe(0.15):
            template["retryStrategy"] = self._retry()
        if self._maybe(0.1):
            template["synchronization"] = self._locks()
        if self._maybe(0.5):
            groups = range(self._rng.randint(1, 3))
            template["steps"] = [self._group(at, names) for at in groups]
        else:
            template["dag"] = self._dag(names)
        self._templates.append(template)
        return name

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

    def _step(self, name: str, names: list[str], prefix: str, before: list[str]) -> Body:
        template = self._rng.choice(names[-3:])
        step: Body = {"name": name, "template": template}
        if any(shared["name"] == template for shared in self._shared) and self._maybe(0.3):
            step = {"name": name, "templateRef": {"name": "shared", "template": template}}
        value = "{{inputs.parameters.p}}"
        if before and self._maybe(0.3):
            value = f"{{{{{prefix}.{before[0]}.status}}}}"
        value = self._loop(step, prefix, before) or value
        step["arguments"] = {"parameters": [{"name": "p", "value": value}]}
        if self._maybe(0.2):
            condition = self._rng.choice(["1 == 1", "1 == 2", "{{item}} == 1"])
            if "item" not in condition or "withItems" in step:
                step["when"] = condition
        if self._maybe(0.3):
            step["continueOn"] = {"failed": self._maybe(0.7), "error": self._maybe(0.5)}
        if self._maybe(0.15):
            step["hooks"] = {"exit": {"template": names[0]}}
        elif self._maybe(0.15):
            expression = f'{prefix}["{name}"].status == "{self._phase()}"'
            step["hooks"] = {"seen": {"template": names[0], "expression": expression}}
        return step

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
            step["withSequence"] = {"count": self._rng.randint(0, 3)}
        return ""

    def _phase(self) -> str:
        return self._rng.choice(["Running", "Succeeded", "Failed"])
