"""Random workflows under random faults: what must hold whatever happens. A seed replays."""

from __future__ import annotations

import copy
import os
import random
from datetime import timedelta
from typing import Any

import pytest

from tests.workflow.random_pods import check_containers, endings, put_containers
from toolkit.workflow.commands import CallResource, StartContainer
from toolkit.workflow.events import Event, NodesResumed, SpecChanged
from toolkit.workflow.machine import step
from toolkit.workflow.nodes import FINISHED, POD, Node
from toolkit.workflow.run import Run, Transition, load, rows
from toolkit.workflow.simulation import Outcome, Simulation

ORDER = {"Pending": 0, "Running": 1}
SAMPLE = range(60)
SOAK = range(int(os.environ.get("SOAK_SEEDS", "10000")))


class Generator:
    """Small workflows with all features mixed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.templates: list[dict[str, Any]] = []

    def workflow(self) -> dict[str, Any]:
        leaf_names = [self._leaf(index) for index in range(self.random.randint(1, 4))]
        names = list(leaf_names)
        for level in range(self.random.randint(0, 3)):
            names.append(self._composite(f"c{level}", names))
        spec: dict[str, Any] = {"entrypoint": names[-1], "templates": self.templates}
        if self._maybe(0.5):
            spec["onExit"] = self.random.choice(leaf_names)
        if self._maybe(0.3):
            spec["parallelism"] = self.random.randint(1, 3)
        if self._maybe(0.1):
            spec["activeDeadlineSeconds"] = self.random.randint(5, 60)
        if self._maybe(0.2):
            hook = {"template": self.random.choice(leaf_names), "expression": self._wf_expression()}
            spec["hooks"] = {"h": hook}
        return {"metadata": {"name": "wf"}, "spec": spec}

    def _maybe(self, chance: float) -> bool:
        return self.random.random() < chance

    def _leaf(self, index: int) -> str:
        name = f"leaf{index}"
        template: dict[str, Any] = {
            "name": name,
            "inputs": {"parameters": [{"name": "p", "default": "d"}]},
        }
        if self._maybe(0.1):
            template["suspend"] = {} if self._maybe(0.5) else {"duration": "5"}
        else:
            template["container"] = {"image": "i", "args": ["{{inputs.parameters.p}}"]}
            if self._maybe(0.3):
                source: dict[str, Any] = {"path": "/o"}
                if self._maybe(0.5):
                    source["default"] = "dflt"
                template["outputs"] = {"parameters": [{"name": "o", "valueFrom": source}]}
            if self._maybe(0.3):
                template["retryStrategy"] = self._retry()
            if self._maybe(0.1):
                template["timeout"] = f"{self.random.randint(1, 5)}s"
            if self._maybe(0.08):
                template["daemon"] = True
            elif self._maybe(0.1):
                template["memoize"] = {"key": "k", "cache": {"configMap": {"name": "c"}}}
            put_containers(self.random, template)
        self.templates.append(template)
        return name

    def _retry(self) -> dict[str, Any]:
        strategy: dict[str, Any] = {"limit": self.random.randint(0, 2)}
        if self._maybe(0.5):
            strategy["retryPolicy"] = self.random.choice(
                ["Always", "OnFailure", "OnError", "OnTransientError"]
            )
        if self._maybe(0.5):
            strategy["backoff"] = {"duration": "2", "factor": 2}
            if self._maybe(0.3):
                strategy["backoff"]["maxDuration"] = "5s"
        if self._maybe(0.3):
            strategy["expression"] = "asInt(lastRetry.exitCode) != 2"
        return strategy

    def _composite(self, name: str, names: list[str]) -> str:
        template: dict[str, Any] = {
            "name": name,
            "inputs": {"parameters": [{"name": "p", "default": "d"}]},
        }
        if self._maybe(0.2):
            template["parallelism"] = self.random.randint(1, 2)
            if self._maybe(0.5):
                template["failFast"] = True
        if self._maybe(0.15):
            template["retryStrategy"] = self._retry()
        if self._maybe(0.5):
            groups = self.random.randint(1, 3)
            template["steps"] = [
                [self._step(f"s{at}{each}", names, "steps", [f"s{at - 1}0"] if at else [])
                 for each in range(self.random.randint(1, 3))]
                for at in range(groups)
            ]  # fmt: skip
        else:
            template["dag"] = self._dag(names)
        self.templates.append(template)
        return name

    def _dag(self, names: list[str]) -> dict[str, Any]:
        uses_depends = self._maybe(0.5)
        tasks: list[dict[str, Any]] = []
        for at in range(self.random.randint(1, 5)):
            before = [f"t{each}" for each in range(at) if self._maybe(0.4)]
            task = self._step(f"t{at}", names, "tasks", before)
            if before and uses_depends:
                task.pop("continueOn", None)
                results = ["", ".Succeeded", ".Failed", ".Skipped", ".Omitted", ".Errored"]
                terms = [f"{each}{self.random.choice(results)}" for each in before]
                task["depends"] = self.random.choice([" && ", " || "]).join(terms)
            elif before:
                task["dependencies"] = before
            if uses_depends:
                task.pop("continueOn", None)
            tasks.append(task)
        dag: dict[str, Any] = {"tasks": tasks}
        if self._maybe(0.3):
            dag["failFast"] = False
        if self._maybe(0.2):
            dag["target"] = tasks[-1]["name"]
        return dag

    def _step(self, name: str, names: list[str], prefix: str, before: list[str]) -> dict[str, Any]:
        step_: dict[str, Any] = {"name": name, "template": self.random.choice(names[-3:])}
        value = "{{inputs.parameters.p}}"
        if before and self._maybe(0.3):
            value = f"{{{{{prefix}.{before[0]}.status}}}}"
        if self._maybe(0.25):
            step_["withItems"] = [1, "two", {"k": "v"}][: self.random.randint(0, 3)] or [1]
            value = "{{item}}"
        elif self._maybe(0.1):
            step_["withSequence"] = {"count": self.random.randint(0, 3)}
        step_["arguments"] = {"parameters": [{"name": "p", "value": value}]}
        if self._maybe(0.2):
            condition = self.random.choice(["1 == 1", "1 == 2", "{{item}} == 1"])
            if "item" not in condition or "withItems" in step_:
                step_["when"] = condition
        if self._maybe(0.3):
            step_["continueOn"] = {"failed": self._maybe(0.7), "error": self._maybe(0.5)}
        if self._maybe(0.15):
            step_["hooks"] = {"exit": {"template": names[0]}}
        elif self._maybe(0.15):
            expression = f'{prefix}["{name}"].status == "{self._phase()}"'
            step_["hooks"] = {"seen": {"template": names[0], "expression": expression}}
        return step_

    def _phase(self) -> str:
        return self.random.choice(["Running", "Succeeded", "Failed"])

    def _wf_expression(self) -> str:
        return f'workflow.status == "{self._phase()}"'

    def outcome(self, start: StartContainer | CallResource) -> Outcome:
        if isinstance(start, CallResource) and self._maybe(0.5):
            return Outcome(outputs={"entry": '{"outputs":{"exitCode":"0"}}'})
        if self._maybe(0.08):
            return Outcome(error="it could not be started", is_transient=self._maybe(0.5))
        return Outcome(
            exit_code=self.random.choice([0, 0, 0, 1, 2]),
            result=self.random.choice(["1", '["a"]', "text"]),
            outputs={"o": "value"} if self._maybe(0.7) else {},
            duration=timedelta(seconds=self.random.choice([0, 1, 1, 4])),
            delay=timedelta(seconds=self.random.choice([0, 0, 0, 3])),
            containers=endings(self.random, start) if isinstance(start, StartContainer) else {},
        )


def is_of_hook(node: Node) -> bool:
    return bool((node.status.get("nodeFlag") or {}).get("hooked"))


class Watched(Simulation):
    """A simulation that holds every step against the rules."""

    def __init__(self, seed: int) -> None:
        self.generator = Generator(seed)
        self.log: list[Event] = []
        super().__init__(self.generator.workflow(), outcome=self.generator.outcome)
        self.check(self.transitions[0], {})

    def send(self, event: Event) -> Transition:
        cold = load(self.run.row, rows(self.run).items())
        before = copy.deepcopy((self.run.row, rows(self.run)))
        undisturbed = step(cold, event, self.now)
        phases = {id: node.phase for id, node in self.run.nodes.items()}
        pure = step(self.run, event, self.now)
        assert pure == undisturbed, "a reload between two events changes what happens"
        assert (self.run.row, rows(self.run)) == before, "step mutated the run"
        transition = super().send(event)
        assert transition == pure
        self.check(transition, phases)
        if not isinstance(event, SpecChanged):
            self.log.append(event)
            again = step(self.run, self.generator.random.choice(self.log), self.now)
            assert again.is_empty, "a late event counts"
        return transition

    def check(self, transition: Transition, phases: dict[str, str]) -> None:
        for id, row in transition.nodes:
            if not id.startswith("@"):
                old, new = phases.get(id), row["status"]["phase"]
                assert old not in FINISHED or old == new, f"{id}: {old} became {new}"
                assert old is None or ORDER.get(new, 2) >= ORDER.get(old, 2)
                assert row["engine"].get("open", 0) >= 0, f"{id} counts below nothing"
                assert row["engine"].get("active", 0) >= 0
        check_containers(self.run)
        running = [node for node in self.run.nodes.values() if node.type == POD]
        active = sum(1 for node in running if not node.is_finished)
        assert self.run.row["active"] == active
        limit = self.run.row.get("parallelism")
        hooks = sum(1 for node in running if not node.is_finished and is_of_hook(node))
        assert limit is None or active - hooks <= limit

    def live_to_the_end(self) -> None:
        randomly = self.generator.random
        for _ in range(5000):
            if randomly.random() < 0.01 and not self.run.is_finished:
                self.send(
                    SpecChanged(
                        randomly.random() < 0.5, randomly.choice(["", "", "Stop", "Terminate"])
                    )
                )
            if self.advance():
                continue
            if self.run.is_finished:
                return
            if self.run.row["suspend"]:
                self.send(SpecChanged(suspend=False, shutdown=""))
            else:
                waiting = tuple(self.run.row["waiting"])
                assert waiting, f"it waits for nothing:\n{self.tree()}"
                self.send(NodesResumed(waiting, succeeded=randomly.random() < 0.9))
        raise AssertionError(f"it does not end:\n{self.tree()}")


def live(seed: int) -> None:
    simulation = Watched(seed)
    simulation.live_to_the_end()
    run: Run = simulation.run
    ids = [command.id for command in simulation.started]
    assert len(ids) == len(set(ids)), "a command's id came twice"
    starts = [each for each in simulation.started if isinstance(each, StartContainer)]
    nodes = [command.node_id for command in starts]
    assert len(nodes) == len(set(nodes)), "a node was started twice"
    unfinished = [node.name for node in run.nodes.values() if not node.has_ended]
    assert not unfinished, f"ended with unfinished {unfinished}:\n{simulation.tree()}"
    assert run.phase in {"Succeeded", "Failed", "Error"}
    spec = run.definition.spec
    wanted = spec.get("onExit") and run.row["shutdown"] != "Terminate" and run.nodes
    handlers = [node for node in run.nodes.values() if node.name == "wf.onExit"]
    if wanted:
        assert len(handlers) == 1, f"the exit handler did not run:\n{simulation.tree()}"


@pytest.mark.parametrize("seed", SAMPLE)
def test_a_random_workflow_keeps_the_rules(seed: int) -> None:
    live(seed)


@pytest.mark.soak
def test_ten_thousand_random_workflows_keep_the_rules() -> None:
    for seed in SOAK:
        try:
            live(seed)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
