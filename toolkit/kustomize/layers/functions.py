"""KRM functions: programs of the repository that generate, transform or validate objects.

A function reads a ResourceList and prints one. It is called where an entry of ``generators:``,
``transformers:`` or ``validators:`` carries the annotation ``config.kubernetes.io/function``.
"""

from __future__ import annotations

from typing import Any

from toolkit.errors import BuildError, YamlError
from toolkit.kustomize.objects.collection import Collection, DuplicateError
from toolkit.kustomize.objects.item import Item, set_strings, strings_at
from toolkit.kustomize.objects.untagged import settle
from toolkit.kustomize.patches.jsonpatch import copied
from toolkit.kustomize.ports import FunctionRunner
from toolkit.kustomize.schema import PLUGINS
from toolkit.kustomize.sources.folder import Folder, refuse_in_clone
from toolkit.resource.resource import Origin
from toolkit.yaml.dialect import SETTINGS
from toolkit.yaml.emit import emit
from toolkit.yaml.parse import load_all

_ANNOTATIONS = ("config.kubernetes.io/function", "config.k8s.io/function")
_LOCAL = "config.kubernetes.io/local-config"
_NEEDS_HASH = "kustomize.config.k8s.io/needs-hash"
_BEHAVIOR = "kustomize.config.k8s.io/behavior"
_BOOLEANS = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}
_EXEC_FIELDS = ("path", "args", "envs")


def generated_by_function(folder: Folder, config: Item) -> list[Item]:
    """What a generator prints. Raises BuildError."""
    body = _function_config(config)
    items = _call(folder, config, [body])
    for item in items:
        annotations = strings_at(item.body, "annotations")
        wanted = annotations.pop(_NEEDS_HASH, "false")
        if wanted not in _BOOLEANS:
            raise BuildError(
                f"{_NEEDS_HASH} of {item.short} must be true or false: {wanted!r}",
                hints=["let the function print one of them, in quotes"],
            )
        item.needs_hash = _BOOLEANS[wanted]
        item.behavior = annotations.pop(_BEHAVIOR, "")
        set_strings(item.body, "annotations", annotations)
    return items


def transform_by_function(collection: Collection, *, folder: Folder, config: Item) -> None:
    """Objects are known by their identity: those printed take the place of what is there, or are
    added; those not printed are removed. Raises BuildError.
    """
    printed = _call(folder, config, [settle(item.body) for item in collection])
    try:
        kept = Collection(printed)
    except DuplicateError as error:
        raise BuildError(
            f"the function of {config.short} printed {error.second.short} twice",
            hints=["let it print each object once"],
        ) from None
    collection.remove([item for item in collection if kept.get(item.key) is None])
    for item in printed:
        old = collection.get(item.key)
        if old is None:
            collection.append(item)
        else:
            old.body, old.shared, old.is_rewritten = item.body, [], True


def _call(folder: Folder, config: Item, bodies: list[Any]) -> list[Item]:
    runner = _runner(folder, config)
    program, arguments, env = _program(folder, config)
    text = emit(
        {
            "apiVersion": "config.kubernetes.io/v1",
            "kind": "ResourceList",
            "items": bodies,
            "functionConfig": _function_config(config),
        }
    )
    printed = runner.call(program, arguments, env, folder.path, text)
    try:
        documents = load_all(printed)
        items = folder.session.parse_items(printed, config.origin.path, documents)
    except (BuildError, YamlError) as error:
        raise BuildError(
            f"the function of {config.short} printed no ResourceList: {error.message}",
            hints=["it must print a ResourceList with `items`, and nothing else"],
        ) from None
    for item in items:
        item.origin = Origin(config.origin.path, -1)
    _warn_of_results(folder, config, documents)
    return items


def _runner(folder: Folder, config: Item) -> FunctionRunner:
    runner = folder.session.runner
    if runner is None or not runner.has_functions:
        hints = _hints_without_runner(config)
        raise BuildError(
            f"{config.short} ({config.api_version}) is run by a program, which is only done where "
            "that is allowed",
            hints=hints,
        )
    return runner


def _hints_without_runner(config: Item) -> list[str]:
    if config.kind in PLUGINS:
        return [f"write `apiVersion: builtin` for the {config.kind} that is built in"]
    if not any(strings_at(config.body, "annotations").get(key) for key in _ANNOTATIONS):
        return [
            "list it under `resources:`, if it is an object to deploy",
            "write `apiVersion: builtin`, if it is a plugin that is built in",
        ]
    return ["allow it: gitops build --enable-alpha-plugins --enable-exec"]


def _program(folder: Folder, config: Item) -> tuple[str, list[str], list[str]]:
    """DEVIATION: the program must be a file that the kustomization may use; upstream starts any."""
    called = _spec(config).get("exec")
    if not isinstance(called, dict) or not isinstance(called.get("path"), str):
        raise BuildError(
            f"{config.short} names no program: functions in containers and external plugins are "
            "not supported",
            hints=["annotate it with config.kubernetes.io/function: 'exec: {path: ./PROGRAM}'"],
        )
    unknown = sorted(set(called) - set(_EXEC_FIELDS))
    if unknown:
        raise BuildError(
            f"exec of {config.short} has unknown fields: {', '.join(unknown)}",
            hints=["known: " + ", ".join(_EXEC_FIELDS)],
        )
    refuse_in_clone(folder, "a function")
    path = called["path"]
    if "/" not in path:
        raise BuildError(f"{path!r} is no path", hints=[f"name a file of the repository: ./{path}"])
    program = folder.check_file(path)
    return program, _texts(called.get("args")), _texts(called.get("envs"))


def _spec(config: Item) -> dict[str, Any]:
    annotations = strings_at(config.body, "annotations")
    text = next((annotations[key] for key in _ANNOTATIONS if annotations.get(key)), "")
    try:
        documents = load_all(text, dialect=SETTINGS)
    except YamlError as error:
        raise BuildError(
            f"{_ANNOTATIONS[0]} of {config.short}: {error.message}", hints=error.hints
        ) from None
    return documents[0] if documents and isinstance(documents[0], dict) else {}


def _texts(value: Any) -> list[str]:
    if value is not None and not (
        isinstance(value, list) and all(isinstance(each, str) for each in value)
    ):
        raise BuildError(
            "args and envs of exec must be lists of texts", hints=["write a list: [text, …]"]
        )
    return list(value or ())


def _function_config(config: Item) -> Any:
    body = copied(config.body)
    set_strings(body, "annotations", {**strings_at(body, "annotations"), _LOCAL: "true"})
    return body


def _warn_of_results(folder: Folder, config: Item, documents: list[Any]) -> None:
    for document in documents:
        results = document.get("results") if isinstance(document, dict) else None
        for result in results if isinstance(results, list) else ():
            if isinstance(result, dict) and result.get("message"):
                folder.session.warn(f"{config.short}: {result['message']}")
