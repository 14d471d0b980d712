"""What an HTTP request asks for: its path, query and body as the verbs' values."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import orjson

from toolkit.adapters.http.watch_stream import DEFAULT_TIMEOUT_S, WatchOptions
from toolkit.apiserver import protobuf
from toolkit.apiserver.call import FieldValidation, Options, Propagation
from toolkit.apiserver.deleting import DeleteOptions
from toolkit.apiserver.reading import ListOptions
from toolkit.apiserver.selectors import Selector, parse_selector
from toolkit.apiserver.tables import IncludeObject
from toolkit.errors import BadRequestError, MediaTypeError, YamlError
from toolkit.resource.cluster import PatchType
from toolkit.yaml.parse import load_all

Query = Mapping[str, str]
T = TypeVar("T")

_JSON_TYPES = frozenset(["", "application/json"])
_YAML_TYPES = frozenset(["application/yaml", "application/apply-patch+yaml"])
_LONGEST_MANAGER = 128


def options(query: Query, user_agent: str) -> Options:
    """Of a write."""
    return Options(
        field_manager=_field_manager(query, user_agent),
        field_validation=one_of(FieldValidation, query, "fieldValidation", "Warn"),
        dry_run=_dry_run([query["dryRun"]] if query.get("dryRun") else []),
        force=flag_set(query, "force"),
    )


def selector(query: Query) -> Selector:
    """Of a list, a watch, or a deletion of many."""
    return parse_selector(query.get("labelSelector", ""), query.get("fieldSelector", ""))


def list_options(query: Query) -> ListOptions:
    """Of a list."""
    version, match = number(query, "resourceVersion", 0), query.get("resourceVersionMatch", "")
    if match not in ("", "Exact", "NotOlderThan"):
        raise BadRequestError(f"resourceVersionMatch must be Exact or NotOlderThan, not {match!r}")
    if match and (not query.get("resourceVersion") or query.get("continue")):
        raise BadRequestError("resourceVersionMatch goes with a resourceVersion, without continue")
    if match == "Exact" and not version:
        raise BadRequestError('resourceVersionMatch Exact is forbidden for resourceVersion "0"')
    return ListOptions(
        selector(query),
        number(query, "limit", 0),
        query.get("continue", ""),
        exactly=version if match == "Exact" else 0,
        not_before=version,
    )


def watch_options(query: Query) -> WatchOptions:
    """Of a watch: without a version it begins with what there is."""
    sends_initial = flag_set(query, "sendInitialEvents")
    begins = sends_initial or query.get("resourceVersion", "") in ("", "0")
    timeout_s = number(query, "timeoutSeconds", 0) or DEFAULT_TIMEOUT_S
    return WatchOptions(
        selector(query),
        None if begins else number(query, "resourceVersion", 0),
        timeout_s=timeout_s,
        has_bookmarks=flag_set(query, "allowWatchBookmarks"),
        ends_initial=sends_initial,
    )


def delete_options(query: Query, body: Any) -> tuple[DeleteOptions, bool]:
    """And whether it is a dry run. The body says more than the query, where both speak."""
    given = body if isinstance(body, Mapping) else {}
    preconditions = given.get("preconditions") or {}
    chosen = dict(query)
    if given.get("propagationPolicy"):
        chosen["propagationPolicy"] = str(given["propagationPolicy"])
    if given.get("orphanDependents") is True or flag_set(query, "orphanDependents"):
        chosen.setdefault("propagationPolicy", "Orphan")
    wanted = DeleteOptions(
        uid=str(preconditions.get("uid") or ""),
        resource_version=str(preconditions.get("resourceVersion") or ""),
        propagation=one_of(Propagation, chosen, "propagationPolicy", "Background"),
    )
    asked = [query["dryRun"]] if query.get("dryRun") else list(given.get("dryRun") or [])
    return wanted, _dry_run(asked)


def document(content_type: str, body: bytes) -> Any:
    """The body as a value. Raises MediaTypeError, BadRequestError."""
    type = media_type(content_type)
    if type in _JSON_TYPES or type.endswith("+json"):
        return _from_json(body)
    if type in _YAML_TYPES:
        return _from_yaml(body)
    if type == protobuf.MEDIA_TYPE:
        return protobuf.decode(body) if body else None
    raise MediaTypeError(
        f"the body of the request was in an unknown format: {type}",
        hints=["this server takes JSON and YAML, and protobuf of core kinds"],
    )


def refuse_repeated_fields(content_type: str, body: bytes) -> None:
    """Of JSON, which takes the last of fields of one name. Raises BadRequestError with them all.

    Slow: for those who ask to be told.
    """
    if media_type(content_type) not in _JSON_TYPES or not body.strip():
        return
    repeated: list[str] = []

    def whole(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            counts = Counter(name for name, _ in pairs)
            repeated.extend(name for name, count in counts.items() if count > 1)
        return found

    json.loads(body, object_pairs_hook=whole)
    if repeated:
        told = ", ".join(f'duplicate field "{name}"' for name in repeated)
        raise BadRequestError(f"strict decoding error: {told}")


def patch_type(content_type: str) -> PatchType:
    """Raises MediaTypeError, with those there are."""
    try:
        return PatchType(media_type(content_type))
    except ValueError:
        known = ", ".join(each.value for each in PatchType)
        raise MediaTypeError(
            f"the body of the request was in an unknown format - accepted media types include: "
            f"{known}"
        ) from None


def media_type(content_type: str) -> str:
    """Without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def wants(accept: str, kind: str) -> str | None:
    """The version in which the client would like ``kind`` (``;as=Table;v=v1``) best of all;
    None where it wants the plain form.
    """
    for choice in accept.split(","):
        media, *parameters = (part.strip() for part in choice.split(";"))
        named = dict(part.split("=", 1) for part in parameters if "=" in part)
        if media not in ("application/json", "*/*"):
            continue
        if named.get("as") == kind:
            return named.get("v", "")
        if "as" not in named:
            return None
    return None


def include_object(query: Query) -> IncludeObject:
    """Of a table's rows."""
    return one_of(IncludeObject, query, "includeObject", "Metadata")


def flag_set(query: Query, name: str) -> bool:
    """Kubernetes takes 1 and true, and the name alone."""
    return query.get(name, "false").lower() in ("true", "1", "")


def number(query: Query, name: str, default: int) -> int:
    """A count, not negative. Raises BadRequestError."""
    text = query.get(name) or str(default)
    if not text.isdecimal() or len(text) > 18:
        raise BadRequestError(f"{name} must be a number, not {text!r}")
    return int(text)


def one_of(choices: Callable[[str], T], query: Query, name: str, default: str) -> T:
    """A member of an enumeration by its value. Raises BadRequestError."""
    text = query.get(name) or default
    try:
        return choices(text)
    except ValueError:
        raise BadRequestError(f"{name} cannot be {text!r}") from None


def _field_manager(query: Query, user_agent: str) -> str:
    """Kubernetes takes the first word of the User-Agent where none is named."""
    manager = query.get("fieldManager") or user_agent.partition("/")[0] or "unknown"
    if len(manager) > _LONGEST_MANAGER or not manager.isprintable():
        raise BadRequestError(f"fieldManager must be printable, at most {_LONGEST_MANAGER} long")
    return manager


def _dry_run(asked: list[Any]) -> bool:
    if any(each != "All" for each in asked):
        raise BadRequestError("dryRun: the only value is All")
    return bool(asked)


def _from_json(body: bytes) -> Any:
    if not body.strip():
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequestError(f"the body is not JSON: {error}") from None


def _from_yaml(body: bytes) -> Any:
    try:
        return _from_json(body)
    except BadRequestError:
        pass
    try:
        documents = load_all(body)
    except YamlError as error:
        raise BadRequestError(f"the body is not YAML: {error.message}") from error
    if len(documents) != 1:
        raise BadRequestError("the body must be one YAML document")
    return documents[0]
