"""Test files of workflows: found, read, and run against the environments' rendered files."""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Final

from toolkit.adapters.remote.bases import RemoteBases
from toolkit.errors import InputError, SettingsError, ToolkitError, UsageError
from toolkit.report.workflow_tests import CaseResult, Mismatch
from toolkit.repository.schema_check import Problem, problems
from toolkit.resource.field_path import FieldPath
from toolkit.resource.resource import Body
from toolkit.wiring.remote import open_remote
from toolkit.wiring.render import render
from toolkit.wiring.submission import in_environment
from toolkit.wiring.workspace import Workspace
from toolkit.workflow import verbs
from toolkit.workflow.rehearsal.coverage import Coverage
from toolkit.workflow.rehearsal.expectations import text, unmet
from toolkit.workflow.rehearsal.simulation import EPOCH
from toolkit.workflow.spans import parse_span
from toolkit.workflow.submission.submission import SHORT_NAMES, Wishes, fit, parse_target
from toolkit.workflow.trial import Mock, Trial, simulate
from toolkit.yaml import load_all
from toolkit.yaml.dialect import STRICT_SETTINGS
from toolkit.yaml.positions import Positions

FOLDER: Final = "tests/workflows"
_SUFFIXES: Final = (".yaml", ".yml")

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One test of a file: ``index`` is its place."""

    file: TestFile
    index: int
    fields: Fields

    @property
    def path(self) -> FieldPath:
        return ("tests", self.index)


@dataclass(frozen=True, slots=True)
class TestFile:
    """A file that was read."""

    __test__ = False  # no test of pytest's

    path: str
    body: Fields
    positions: Positions

    @property
    def cases(self) -> Iterator[Case]:
        for index, fields in enumerate(self.body["tests"]):
            yield Case(self, index, fields)


@dataclass(slots=True)
class Environments:
    """The environments' rendered objects, each rendered once, and what the tests covered."""

    workspace: Workspace
    coverage: Coverage = field(default_factory=Coverage)
    _bodies: dict[str, list[Body]] = field(default_factory=dict)
    _remote: RemoteBases | None = None

    @property
    def remote(self) -> RemoteBases:
        """Where bases elsewhere come from: all that is tested together sees the same of them."""
        if self._remote is None:
            self._remote = open_remote(self.workspace.root)
        return self._remote

    def bodies(self, name: str | None) -> list[Body]:
        environment = self.workspace.settings().environment(name)
        if environment.name not in self._bodies:
            rendered = render(self.workspace, environment.name, remote=self.remote)
            found = [dict(resource.body) for resource in rendered.result.resources]
            self._bodies[environment.name] = found
            self.coverage.know(found)
        return self._bodies[environment.name]


def find_tests(workspace: Workspace, paths: Sequence[str]) -> list[TestFile]:
    """The test files of ``paths`` (files and folders), else of ``tests/workflows``. Raises
    UsageError where there are none, SettingsError for one that cannot be read.
    """
    named = [Path(path) for path in paths] or [workspace.root / FOLDER]
    files: list[Path] = []
    for path in named:
        if path.is_dir():
            files += sorted(one for one in path.rglob("*") if one.suffix in _SUFFIXES)
        elif path.is_file():
            files.append(path)
        else:
            raise UsageError(f"{path}: no such file or folder")
    if not files:
        raise UsageError(
            f"no tests in {', '.join(str(path) for path in named)}",
            hints=(f"they stand in {FOLDER}/*.yaml: docs/testing-workflows.md shows how",),
        )
    return [_read(path) for path in files]


def _read(path: Path) -> TestFile:
    shown = str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
    content = path.read_bytes()
    documents = load_all(content, shown, dialect=STRICT_SETTINGS)
    positions = Positions(content, shown)
    body: Any = documents[0] if documents else None
    found = list(problems(body, test_schema()))
    if found:
        _refuse(found, positions)
    return TestFile(shown, body, positions)


@cache
def test_schema() -> Fields:
    """The JSON schema of test files. Shared: not to be changed."""
    content = pkgutil.get_data("toolkit.schema", "workflow-tests.schema.json")
    if content is None:
        raise RuntimeError("toolkit/schema/workflow-tests.schema.json is missing")
    schema: Fields = json.loads(content)
    return schema


def _refuse(found: list[Problem], positions: Positions) -> None:
    placed = sorted(
        ((positions.locate(0, one.path, of_key=one.is_key), one) for one in found),
        key=lambda pair: (pair[0].line, pair[0].column, pair[1].message),
    )
    location, first = placed[0]
    others = [f"and at {place}: {problem.message}" for place, problem in placed[1:]]
    raise SettingsError(
        first.message,
        location=location,
        excerpt=positions.excerpt(location),
        hints=[hint for hint in (first.hint, *others) if hint],
    )


def run_case(case: Case, environments: Environments) -> CaseResult:
    """Play it. What keeps it from being played is a mismatch, too."""
    fields = case.fields
    place = case.file.positions.locate(0, (*case.path, "name"))
    try:
        found = tuple(_mismatches(case, environments))
    except ToolkitError as error:
        found = (_broken(case, error),)
    return CaseResult(case.file.path, str(fields["name"]), place, found)


def _broken(case: Case, error: ToolkitError) -> Mismatch:
    where = case.file.positions.locate(0, (*case.path, "run"))
    hints = "".join(f" ({hint})" for hint in error.hints)
    return Mismatch(where, "", "a run", f"{error}{hints}")


def _mismatches(case: Case, environments: Environments) -> Iterator[Mismatch]:
    fields = case.fields
    mocks = [_mock(case, index, one) for index, one in enumerate(fields.get("mock") or ())]
    trial = play(
        environments,
        str(fields["run"]),
        environment=fields.get("environment", case.file.body.get("environment")),
        parameters=fields.get("parameters") or {},
        entrypoint=fields.get("entrypoint", ""),
        mocks=mocks,
        now=_start(fields),
    )
    for one in unmet(trial, fields["expect"]):
        path = (*case.path, "expect", *one.path)
        yield _mismatch(case, path, one.expected, one.found)
    for mock in trial.unused:
        path = (*case.path, "mock", mocks.index(mock), "step")
        attempt = "" if mock.attempt is None else f", attempt {mock.attempt}"
        found = f"{mock.step}{attempt} did not start; started: {', '.join(trial.order) or 'none'}"
        yield _mismatch(case, path, "a step that starts", found)


def play(
    environments: Environments,
    target: str,
    *,
    environment: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    entrypoint: str = "",
    mocks: Sequence[Mock] = (),
    now: datetime = EPOCH,
) -> Trial:
    """Runs ``target`` (``cron/NAME``, ``template/NAME`` or a file) with mocked steps, as the
    environment renders it. Raises UsageError for one that is not there, and what a build raises.
    """
    bodies = environments.bodies(environment)
    source = _source(target, environments, environment, bodies)
    environments.coverage.know([source])
    namespace = environments.workspace.settings().environment(environment).namespace
    given = {name: text(value) for name, value in (parameters or {}).items()}
    workflow = fit(_as_workflow(source, now), namespace, Wishes(given, entrypoint=entrypoint))
    trial = simulate(workflow, bodies=bodies, mocks=mocks, now=now)
    environments.coverage.visit(trial.run, source)
    return trial


def _mismatch(case: Case, path: FieldPath, expected: str, found: str) -> Mismatch:
    shown = ".".join(str(part) for part in path[2:])
    return Mismatch(case.file.positions.locate(0, path), shown, expected, found)


def _start(fields: Fields) -> datetime:
    if "at" not in fields:
        return EPOCH
    try:
        found = datetime.fromisoformat(str(fields["at"]))
    except ValueError as error:
        raise InputError(f"at: {fields['at']!r} is no time") from error
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _mock(case: Case, index: int, fields: Fields) -> Mock:
    try:
        seconds = parse_span(text(fields.get("duration", 1))).total_seconds()
    except ValueError as error:
        place = case.file.positions.locate(0, (*case.path, "mock", index, "duration"))
        raise InputError(str(error), location=place) from error
    return Mock(
        step=fields["step"],
        attempt=fields.get("attempt"),
        exit_code=fields.get("exitCode", 0),
        outputs={name: text(value) for name, value in (fields.get("outputs") or {}).items()},
        result=text(fields["result"]) if "result" in fields else None,
        duration_s=seconds,
        error=fields.get("error", ""),
    )


def _as_workflow(source: Body, now: datetime) -> Body:
    if source["kind"] == "CronWorkflow":
        return verbs.from_cron(source, now)
    if source["kind"] in {"WorkflowTemplate", "ClusterWorkflowTemplate"}:
        return verbs.from_template(source)
    return source


def _source(
    target: str, environments: Environments, environment: str | None, bodies: Sequence[Body]
) -> Body:
    file = environments.workspace.root / target
    if target.endswith(_SUFFIXES):
        if not file.is_file():
            raise UsageError(f"no file {target}")
        found = [one for one in load_all(file.read_bytes(), target) if one]
        runnable = [one for one in found if str(one.get("kind")).lower() in SHORT_NAMES]
        if len(runnable) != 1:
            raise UsageError(f"{target} holds {len(runnable)} objects that run: one is expected")
        chosen = environments.workspace.settings().environment(environment)
        workspace, remote = environments.workspace, environments.remote
        return in_environment(workspace, chosen, runnable, remote=remote)[0]
    gvk, name = parse_target(target)
    of_kind = {str(b["metadata"]["name"]): b for b in bodies if b.get("kind") == gvk.kind}
    if name not in of_kind:
        close = get_close_matches(name, of_kind, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(of_kind)}"
        raise UsageError(f"the environment has no {gvk.kind} {name!r}", hints=(hint,))
    return of_kind[name]
