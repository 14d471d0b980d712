"""Leaf templates for random workflows: every kind, with what a template may say beside it."""

from __future__ import annotations

import random
from typing import Any

from tests.workflow.random.pods import put_containers
from toolkit.resource.resource import Body

LIMITS = {"one": 1, "two": 2}
"""The semaphores of the ConfigMap ``limits``."""

DATABASE_LIMITS = {"three": 2}
"""The ``database`` semaphores."""

POLICIES = ("Always", "OnFailure", "OnError", "OnTransientError")


def input_declarations(*, is_leaf: bool) -> Body:
    """What every template takes: a parameter, and an artifact that may be missing."""
    artifact = {"name": "in", "optional": True} | ({"path": "/in"} if is_leaf else {})
    return {"parameters": [{"name": "p", "default": "d"}], "artifacts": [artifact]}


class Chance:
    """Choices from a seeded generator."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def maybe(self, chance: float) -> bool:
        return self.rng.random() < chance

    def locks(self) -> Body:
        """Of all kinds, one at least."""
        mutexes = [{"name": name} for name in ("m", "n") if self.maybe(0.5)]
        if mutexes and self.maybe(0.2):
            mutexes[0]["database"] = True  # type: ignore[assignment]
        keys = [key for key in LIMITS if self.maybe(0.4)]
        semaphores: list[Body] = [
            {"configMapKeyRef": {"name": "limits", "key": key}} for key in keys
        ]
        if self.maybe(0.15):
            semaphores.append({"database": {"key": "three"}})
        return {"mutexes": mutexes or [{"name": "m"}], "semaphores": semaphores}

    def retry(self, *, is_endless: bool = False) -> Body:
        """``is_endless``: without a limit, for what goes well in the end."""
        strategy: Body = {}
        if not is_endless:
            strategy["limit"] = self.rng.choice([0, 1, 2, "1"])
        if self.maybe(0.5):
            strategy["retryPolicy"] = self.rng.choice(POLICIES)
        if self.maybe(0.5):
            strategy["backoff"] = {"duration": self.rng.choice(["2", "1s"]), "factor": 2}
            if self.maybe(0.3):
                strategy["backoff"]["maxDuration"] = "5s"
            if is_endless or self.maybe(0.2):
                strategy["backoff"]["cap"] = "3s"
        if self.maybe(0.3):
            strategy["expression"] = self.rng.choice(
                ["asInt(lastRetry.exitCode) != 2", "lastRetry.status == 'Error'"]
            )
        return strategy

    def memoize(self) -> Body:
        memo: Body = {"key": "k", "cache": {"configMap": {"name": "c"}}}
        if self.maybe(0.3):
            memo["maxAge"] = "10s"
        return memo


class Leaves:
    """Writes leaf templates, one after the other."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._kinds = {
            self._suspend: 0.1, self._resource: 0.08, self._http: 0.08, self._plugin: 0.08,
            self._data: 0.06, self._script: 0.1, self._container: 0.5,
        }  # fmt: skip

    def write(self, name: str) -> Body:
        kinds, weights = list(self._kinds), list(self._kinds.values())
        [kind] = self._chance.rng.choices(kinds, weights)
        template = {"name": name, "inputs": input_declarations(is_leaf=True), **kind()}
        if self._chance.maybe(0.15):
            template["synchronization"] = self._chance.locks()
        return template

    def _suspend(self) -> Body:
        template: Body = {"suspend": self._chance.rng.choice([{}, {"duration": "5"}])}
        if self._chance.maybe(0.5):
            source: Body = {"supplied": {}}
            if self._chance.maybe(0.7):
                source["default"] = "none"
            template["outputs"] = {"parameters": [{"name": "o", "valueFrom": source}]}
        return template

    def _resource(self) -> Body:
        return self._retried({"resource": {"action": "create", "manifest": "kind: ConfigMap"}})

    def _http(self) -> Body:
        template: Body = {"http": {"url": "http://there/{{inputs.parameters.p}}"}}
        if self._chance.maybe(0.5):
            template["http"]["timeoutSeconds"] = 3
        return self._retried(self._timed(template))

    def _plugin(self) -> Body:
        template: Body = {"plugin": {"ask": {"for": "{{inputs.parameters.p}}"}}}
        return self._retried(self._timed(template))

    def _data(self) -> Body:
        steps = [{"expression": "filter(data, {# endsWith 'x'})"}]
        source = {"artifactPaths": {"name": "there", "s3": {"bucket": "b", "key": "k"}}}
        return self._retried({"data": {"source": source, "transformation": steps}})

    def _script(self) -> Body:
        template: Body = {"script": {"image": "i", "source": "echo {{inputs.parameters.p}}"}}
        return self._retried(self._timed(template))

    def _container(self) -> Body:
        template: Body = {"container": {"image": "i", "args": ["{{inputs.parameters.p}}"]}}
        self._put_outputs(template)
        self._retried(self._timed(template))
        if self._chance.maybe(0.08):
            template["daemon"] = True
        elif self._chance.maybe(0.1):
            template["memoize"] = self._chance.memoize()
        put_containers(self._chance.rng, template)
        return template

    def _put_outputs(self, template: Body) -> None:
        outputs: Body = {}
        if self._chance.maybe(0.3):
            source: Body = {"path": "/o"}
            if self._chance.maybe(0.5):
                source["default"] = "dflt"
            output: dict[str, Any] = {"name": "o", "valueFrom": source}
            if self._chance.maybe(0.3):
                output["globalName"] = "g"
            outputs["parameters"] = [output]
        if self._chance.maybe(0.2):
            artifact: dict[str, Any] = {"name": "a", "path": "/a"}
            if self._chance.maybe(0.5):
                artifact["optional"] = True
            outputs["artifacts"] = [artifact]
        if outputs:
            template["outputs"] = outputs

    def _timed(self, template: Body) -> Body:
        if self._chance.maybe(0.1):
            template["timeout"] = f"{self._chance.rng.randint(1, 5)}s"
        elif self._chance.maybe(0.1):
            template["activeDeadlineSeconds"] = self._chance.rng.randint(1, 5)
        return template

    def _retried(self, template: Body) -> Body:
        if self._chance.maybe(0.3):
            is_endless = self._chance.maybe(0.1)
            template["retryStrategy"] = self._chance.retry(is_endless=is_endless)
            if is_endless and template.get("timeout") in ("1s", "2s"):
                template["timeout"] = "3s"  # with less a pod is not started: it never goes well
        return template
