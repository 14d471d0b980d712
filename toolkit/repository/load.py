"""gitops.yaml: text in, :class:`~toolkit.repository.settings.Settings` out."""

from __future__ import annotations

import json
import pkgutil
from dataclasses import fields as dataclass_fields
from difflib import get_close_matches
from functools import cache
from typing import Any, NoReturn

from toolkit.errors import SettingsError
from toolkit.repository.schema_check import Problem, problems
from toolkit.repository.settings import (
    Compat,
    DeployTarget,
    Destination,
    Environment,
    Guards,
    ImageRule,
    RuntimeKind,
    ServedPlugin,
    Settings,
    SyncPolicy,
)
from toolkit.workflow.cron.catch_up import CatchUp
from toolkit.workflow.retention.retention import UNLIMITED, Limits, Retention, parse_age, parse_size
from toolkit.yaml.dialect import STRICT_SETTINGS
from toolkit.yaml.parse import load_all
from toolkit.yaml.positions import Positions

DEPLOY_REPOSITORY = ".gitops/deploy.git"
EMBEDDED = "embedded"

Fields = dict[str, Any]


def load_settings(text: bytes, path: str) -> Settings:
    """The settings in ``text``; ``path`` is for messages, as the user would type it.

    Raises YamlError for broken YAML, SettingsError at the first problem, with the others' places
    in its hints.
    """
    documents = load_all(text, path, dialect=STRICT_SETTINGS)
    body: Any = documents[0] if documents else None
    found = list(problems(body, settings_schema()))
    if len(documents) > 1:
        found.append(Problem((), "expected one document, found several"))
    if not found:
        found = list(_contradictions(body))
    if found:
        _refuse(found, Positions(text, path))
    return _settings(body)


@cache
def settings_schema() -> Fields:
    """The JSON schema (draft 7) of gitops.yaml. Shared: not to be changed."""
    text = pkgutil.get_data("toolkit.schema", "gitops.schema.json")
    if text is None:
        raise RuntimeError("toolkit/schema/gitops.schema.json is missing from the installation")
    schema: Fields = json.loads(text)
    return schema


def _contradictions(body: Fields) -> list[Problem]:
    environments: Fields = body["environments"]
    found = []
    default = body.get("defaultEnvironment")
    if default is not None and default not in environments:
        close = get_close_matches(default, environments, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(environments)}"
        found.append(Problem(("defaultEnvironment",), f"no environment {default!r}", hint))
    branches: dict[tuple[str, str], str] = {}
    for name, fields in environments.items():
        deploy = _deploy_target(name, fields.get("deploy", {}))
        other = branches.setdefault((deploy.repository, deploy.branch), name)
        if other != name:
            message = f"{name} and {other} would publish to the same branch, {deploy.branch}"
            found.append(Problem(("environments", name, "deploy", "branch"), message))
        if _leaves_root(fields["overlay"]):
            message = f"the overlay {fields['overlay']!r} is not a folder below this file"
            found.append(Problem(("environments", name, "overlay"), message))
    return found


def _leaves_root(folder: str) -> bool:
    return folder.startswith(("/", "~")) or ".." in folder.split("/")


def _refuse(found: list[Problem], positions: Positions) -> NoReturn:
    placed = sorted(
        ((positions.locate(0, p.path, of_key=p.is_key), p) for p in found),
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


def _settings(body: Fields) -> Settings:
    common = _retention(body.get("retention", {}), Retention())
    kind = body.get("runtime", {}).get("kind", RuntimeKind.PROCESS.value)
    environments = {
        name: _environment(name, fields, common, kind)
        for name, fields in body["environments"].items()
    }
    return Settings(
        default_environment=body.get("defaultEnvironment") or next(iter(environments)),
        environments=environments,
        images=tuple(_image_rule(fields) for fields in body.get("runtime", {}).get("images", ())),
        semaphores=body.get("runtime", {}).get("semaphores", {}),
        plugins=tuple(ServedPlugin(**f) for f in body.get("runtime", {}).get("plugins", ())),
    )


def _environment(name: str, fields: Fields, retention: Retention, runtime: str) -> Environment:
    destination = fields.get("destination", EMBEDDED)
    return Environment(
        name=name,
        overlay=fields["overlay"].rstrip("/").removeprefix("./"),
        namespace=fields["namespace"],
        deploy=_deploy_target(name, fields.get("deploy", {})),
        compat=Compat(fields.get("compat", Compat.ARGO.value)),
        destination=Destination(None if destination == EMBEDDED else destination),
        sync=_sync_policy(fields.get("sync", {})),
        autostart=fields.get("autostart", False),
        log_link=fields.get("logLink", ""),
        runtime=RuntimeKind(fields.get("runtime", runtime)),
        catch_up=CatchUp(fields.get("crons", {}).get("catchUp", CatchUp.LATEST.value)),
        retention=_retention(fields.get("retention", {}), retention),
    )


def _retention(fields: Fields, standard: Retention) -> Retention:
    """What is not said stays as in ``standard``, limit by limit."""
    return Retention(
        **{
            shelf.name: _limits(fields.get(shelf.name, {}), getattr(standard, shelf.name))
            for shelf in dataclass_fields(Retention)
        }
    )


def _limits(fields: Fields, standard: Limits) -> Limits:
    count = fields.get("maxCount", standard.max_count)
    return Limits(
        parse_age(fields["maxAge"]) if "maxAge" in fields else standard.max_age,
        None if count == UNLIMITED else count,
        parse_size(fields["maxSize"]) if "maxSize" in fields else standard.max_size_bytes,
    )


def _deploy_target(name: str, fields: Fields) -> DeployTarget:
    repository = fields.get("repository", DEPLOY_REPOSITORY)
    return DeployTarget(repository, fields.get("branch", f"env/{name}"))


def _sync_policy(fields: Fields) -> SyncPolicy:
    guards, standard = fields.get("guards", {}), Guards()
    return SyncPolicy(
        automated=fields.get("automated", True),
        prune=fields.get("prune", True),
        self_heal=fields.get("selfHeal", True),
        guards=Guards(
            guards.get("maxPruneCount", standard.max_prune_count),
            guards.get("maxPrunePercent", standard.max_prune_percent),
        ),
    )


def _image_rule(fields: Fields) -> ImageRule:
    return ImageRule(
        pattern=fields["pattern"],
        entrypoint=tuple(fields.get("entrypoint", ())),
        path=tuple(fields.get("path", ())),
        args=tuple(fields["args"]) if "args" in fields else None,
        python=fields.get("python", ""),
        rootfs=fields.get("rootfs", ""),
        is_on_host=fields.get("onHost", False),
    )
