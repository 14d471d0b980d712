"""Random edits of a repository's files: of contents, identities, labels, lists of documents, and of
everything that is no resource. The same random numbers give the same edits.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import yaml

from tests.kustomize.random_repositories import NAMES, NAMESPACES, SCALARS, VALUES, Files

Body = dict[str, Any]
Edit = Callable[[Random, Body], None]


def edited(random: Random, files: Files) -> Files:
    """The files after one to three edits."""
    files = dict(files)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        path = random.choice(sorted(files))
        resources = sorted(path for path in files if _is_resource(path))
        if resources and random.random() < 0.7:
            path = random.choice(resources)
        if not path.endswith(".yaml"):
            files[path] += "\nMORE=1\n"
        elif random.random() < 0.05:
            del files[path]
        else:
            files[path] = _edited_text(random, files[path])
    return files


def with_crossings(random: Random, files: Files) -> Files:
    """The files with more of what lets objects depend on others: label selectors, values copied,
    generators that merge, objects renamed or removed by patches.
    """
    files = dict(files)
    bodies = [body for path in sorted(files) if _is_resource(path) for body in _bodies(files[path])]
    for path in sorted(files):
        if path.endswith("kustomization.yaml") and bodies:
            fields = yaml.safe_load(files[path])
            for _ in range(random.randrange(3)):
                random.choice(_CROSSINGS)(random, fields, random.choice(bodies))
            files[path] = yaml.safe_dump(fields, sort_keys=False, allow_unicode=True)
    return files


def _bodies(text: str) -> list[Body]:
    found: list[Body] = []
    for body in yaml.safe_load_all(text):
        found += body["items"] if body["kind"] == "List" else [body]
    return found


def _select_by_label(random: Random, fields: Body, body: Body) -> None:
    selector = random.choice(("app=web", "app in (web, api, db)", "!app", "odd", "app!=job"))
    target = {random.choice(("labelSelector", "annotationSelector")): selector}
    if random.random() < 0.5:
        target["kind"] = body["kind"]
    patch = [{"op": "add", "path": "/metadata/annotations", "value": {"chosen": "yes"}}]
    entry = {"target": target, "patch": yaml.safe_dump(patch)}
    fields.setdefault("patches", []).append(entry)


def _identity(body: Body) -> Body:
    metadata = {"name": body["metadata"]["name"]}
    if "namespace" in body["metadata"]:
        metadata["namespace"] = body["metadata"]["namespace"]
    return {"apiVersion": body["apiVersion"], "kind": body["kind"], "metadata": metadata}


def _remove(random: Random, fields: Body, body: Body) -> None:
    patch = _identity(body) | {"$patch": "delete"}
    fields.setdefault("patches", []).append({"patch": yaml.safe_dump(patch)})


def _rename_by_patch(random: Random, fields: Body, body: Body) -> None:
    target = {"kind": body["kind"], "name": body["metadata"]["name"]}
    source = random.choice(("/metadata/labels/app", "/metadata/annotations/note", ""))
    operation: Body = {"op": "copy", "from": source, "path": "/metadata/name"}
    if not source:
        operation = {"op": "replace", "path": "/metadata/name", "value": "renamed"}
    entry = {"target": target, "patch": yaml.safe_dump([operation])}
    fields.setdefault("patches", []).append(entry)


def _merge_into(random: Random, fields: Body, body: Body) -> None:
    entry = {"name": body["metadata"]["name"], "literals": ["merged=yes", "k0=new"]}
    entry["behavior"] = random.choice(("merge", "replace"))
    if "namespace" in body["metadata"]:
        entry["namespace"] = body["metadata"]["namespace"]
    fields.setdefault("configMapGenerator", []).append(entry)


def _copy(random: Random, fields: Body, body: Body) -> None:
    source = {"kind": body["kind"], "name": body["metadata"]["name"]}
    source["fieldPath"] = random.choice(("metadata.name", "metadata.labels", "kind", "data.k0"))
    select: Body = {"kind": random.choice(("ConfigMap", "Deployment", body["kind"]))}
    if random.random() < 0.3:
        select["labelSelector"] = "app=web"
    path = random.choice(("metadata.annotations.copied", "metadata.labels.app"))
    target = {"select": select, "fieldPaths": [path], "options": {"create": True}}
    fields.setdefault("replacements", []).append({"source": source, "targets": [target]})


def _is_resource(path: str) -> bool:
    return path.rpartition("/")[2].startswith(("r", "own"))


def _edited_text(random: Random, text: str) -> str:
    try:
        documents = list(yaml.safe_load_all(text))
    except yaml.YAMLError:
        return text + "# still broken\n"
    choice = random.random()
    if choice < 0.05:
        return text  # touched
    if choice < 0.08:
        return text + random.choice(("\n---\n", "\n# comment\n", "\n: broken: [\n", "\n--- x\n"))
    if choice < 0.12:
        documents.insert(random.randint(0, len(documents)), _new(random))
    elif choice < 0.16 and documents:
        documents.pop(random.randrange(len(documents)))
    elif choice < 0.19:
        random.shuffle(documents)
    else:
        bodies = [body for body in documents if isinstance(body, dict)]
        if bodies:
            body = random.choice(bodies)
            if body.get("kind") == "List":
                body = random.choice(body["items"])
            random.choice(_EDITS)(random, body)
    return yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True)


def _new(random: Random) -> Body:
    metadata = {"name": f"{random.choice(NAMES)}-new"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "b"}}


def _set_content(random: Random, body: Body) -> None:
    """Any scalar below anything but the identity."""
    places = [
        (parent, key)
        for parent, key in _scalars(body)
        if key not in ("apiVersion", "kind", "name", "namespace")
    ]
    if places:
        parent, key = random.choice(places)
        parent[key] = random.choice(VALUES)


def _set_any(random: Random, body: Body) -> None:
    """Any scalar at all."""
    parent, key = random.choice(_scalars(body))
    parent[key] = random.choice((*VALUES, "gen-a", "gen-b", "ServiceAccount", "default"))


def _drop_any(random: Random, body: Body) -> None:
    parent, key = random.choice(_scalars(body))
    if isinstance(parent, dict):
        del parent[key]


def _set_label(random: Random, body: Body) -> None:
    field = random.choice(("labels", "annotations"))
    values = _metadata(body).setdefault(field, {})
    if isinstance(values, dict):
        key = random.choice(("app", "odd", "note", "config.kubernetes.io/local-config"))
        values[key] = random.choice((*NAMES, *SCALARS, "true", "false"))


def _rename(random: Random, body: Body) -> None:
    _metadata(body)["name"] = f"{random.choice(NAMES)}-{random.randrange(9)}"


def _move(random: Random, body: Body) -> None:
    _metadata(body)["namespace"] = random.choice(NAMESPACES[2:])


def _metadata(body: Body) -> Body:
    metadata = body.setdefault("metadata", {})
    return metadata if isinstance(metadata, dict) else {}


def _scalars(node: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    entries = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in entries:
        if isinstance(value, dict | list):
            found += _scalars(value)
        else:
            found.append((node, key))
    return found


_EDITS: tuple[Edit, ...] = (
    _set_content,
    _set_content,
    _set_content,
    _set_content,
    _set_label,
    _set_label,
    _set_any,
    _drop_any,
    _rename,
    _move,
)

_CROSSINGS = (
    _select_by_label,
    _select_by_label,
    _remove,
    _rename_by_patch,
    _merge_into,
    _copy,
)
