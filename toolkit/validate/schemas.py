"""Objects against their kind's JSON schema, with messages for people.

jsonschema (or jsonschema-rs, which gives the same answers faster, where it is installed) says
*where* something is wrong; what is written about it is made here from the schema and the value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, Final

from toolkit.resource.field_path import FieldPath, format_path, value_at
from toolkit.resource.identity import GroupVersionKind
from toolkit.schema import FieldType, is_scalar_for_text, schema_for, type_of
from toolkit.validate.notes import Notes
from toolkit.validate.shapes import described, did_you_mean, fields_of, has_tag, listed

Violation = tuple[FieldPath, str]
"""Where, and which keyword of JSON schema was violated there."""

_RUN: Final = "Workflow"
_LISTS_OF_VALUES: Final = ("parameters", "env")
_CALLS_A_TEMPLATE: Final = ("template", "templateRef")


def check_schema(body: Mapping[str, Any], notes: Notes) -> None:
    """Writes down every place where ``body`` is not what its kind's schema wants.

    A kind without a schema passes.
    """
    gvk = GroupVersionKind.of(body)
    root = type_of(gvk)
    if root is None:
        return
    cleaned = without_nulls(body)
    for path, keyword in violations(gvk, cleaned):
        if is_secret_value(body, path):
            message = f"{format_path(path)}: expected a text"
            notes.add("wrong-type", path, message, "put the value in quotes")
            continue
        place = root.at(path)
        explain = _EXPLANATIONS.get(keyword)
        if keyword == "type" and body.get("kind") == _RUN and is_scalar_for_text(body, path):
            _explain_scalar(path, value_at(cleaned, path), notes)
        elif place is not None and explain is not None:
            explain(place, path, value_at(cleaned, path), notes)
        else:
            notes.add("value-not-allowed", path, f"{format_path(path)} breaks {keyword!r}")


def _explain_scalar(path: FieldPath, value: Any, notes: Notes) -> None:
    """Of what is run as it stands: Argo reads it as the text."""
    message = f"{format_path(path)}: {described(value)} is taken as a text"
    hint = f"{_hint_for_type(('string',), value)}: kubectl refuses it as it is"
    notes.add("scalar-for-text", path, message, hint)


def is_secret_value(body: Mapping[str, Any], path: FieldPath) -> bool:
    """Whether what stands at ``path`` must not be shown: a value of a Secret."""
    return body.get("kind") == "Secret" and len(path) > 1 and path[0] in ("data", "stringData")


def without_nulls(value: Any) -> Any:
    """A copy without null fields, which the API treats as absent; nulls in lists stay."""
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if item is not None}
        return {str(key): without_nulls(item) for key, item in kept.items()}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def violations(gvk: GroupVersionKind, body: Mapping[str, Any]) -> tuple[Violation, ...]:
    """All places that the schema refuses, each once, sorted."""
    return tuple(sorted(set(_validator(gvk)(body)), key=_order))


def _order(violation: Violation) -> tuple[list[tuple[bool, int, str]], str]:
    path, keyword = violation
    return [_order_of_part(part) for part in path], keyword


def _order_of_part(part: str | int) -> tuple[bool, int, str]:
    return (True, part, "") if isinstance(part, int) else (False, 0, part)


@cache
def _validator(gvk: GroupVersionKind) -> Callable[[Any], Iterable[Violation]]:
    schema = schema_for(gvk)
    if schema is None:
        return lambda _: ()
    return _fast_validator(schema) or plain_validator(schema)


def _fast_validator(schema: Mapping[str, Any]) -> Callable[[Any], Iterable[Violation]] | None:
    try:
        import jsonschema_rs  # an optional extra: nothing else may need it
    except ImportError:
        return None
    engine = jsonschema_rs.Draft202012Validator(dict(schema))

    def violations_of(body: Any) -> Iterable[Violation]:
        if engine.is_valid(body):
            return ()
        found = engine.iter_errors(body)
        return [(tuple(error.instance_path), str(error.schema_path[-1])) for error in found]

    return violations_of


def plain_validator(schema: Mapping[str, Any]) -> Callable[[Any], Iterable[Violation]]:
    """By jsonschema itself; a test holds it equal to the fast one."""
    import jsonschema  # 0.16 s that a fast validator saves

    engine = jsonschema.Draft202012Validator(schema)

    def violations_of(body: Any) -> Iterable[Violation]:
        found = engine.iter_errors(body)
        return [(tuple(error.absolute_path), str(error.validator)) for error in found]

    return violations_of


def _explain_unknown(place: FieldType, path: FieldPath, value: Any, notes: Notes) -> None:
    known = place.field_names
    for key in fields_of(value):
        if key in known:
            continue
        if key in _CALLS_A_TEMPLATE and _is_template(place):
            _explain_call(path, key, notes)
            continue
        every = f"fields here: {listed(known)}" if known else ""
        hint = did_you_mean(key, known, otherwise=every)
        where = f" in {format_path(path)}" if path else ""
        notes.add("unknown-field", (*path, key), f"unknown field {key!r}{where}", hint, is_key=True)


def _is_template(place: FieldType) -> bool:
    return {"container", "dag", "steps"} <= set(place.field_names)


def _explain_call(path: FieldPath, key: str, notes: Notes) -> None:
    notes.add(
        "template-invokes-template",
        (*path, key),
        f"a template cannot call another by {key!r}; only steps and tasks can",
        f"write 'steps: [[{{name: …, {key}: …}}]]' instead",
        is_key=True,
    )


def _explain_missing(place: FieldType, path: FieldPath, value: Any, notes: Notes) -> None:
    for key in place.schema.get("required", ()):
        if key not in value:
            where = format_path(path) or "the object"
            message = f"{where} has no {key!r}, which is required"
            notes.add("missing-field", path, message, f"add {key}: …")


def _explain_type(place: FieldType, path: FieldPath, value: Any, notes: Notes) -> None:
    wanted = place.schema.get("type", ())
    types = (wanted,) if isinstance(wanted, str) else tuple(wanted)
    expected = " or ".join(_TYPE_NAMES[name] for name in types)
    found = described(value)
    message = f"{format_path(path)}: expected {expected}, found {found}"
    hint = _hint_for_field(path, value) or _hint_for_type(types, value)
    notes.add("wrong-type", path, message, hint)


def _hint_for_field(path: FieldPath, value: Any) -> str:
    """What people write by mistake, where the field says what they meant."""
    if isinstance(value, dict) and path[-2:-1] == ("steps",):
        return "a step stands in a group: begin it with '- - name:'"
    if isinstance(value, dict) and path[-1] in _LISTS_OF_VALUES:
        return "write a list: [{name: …, value: …}]"
    if isinstance(value, list) and path[-1] == "depends":
        return f"write it as a text: {' && '.join(str(item) for item in value)}"
    return ""


def _hint_for_type(types: tuple[str, ...], value: Any) -> str:
    if "string" in types and isinstance(value, bool | int | float):
        text = ("true" if value else "false") if isinstance(value, bool) else value
        return f'put it in quotes: "{text}"'
    if "array" in types and isinstance(value, dict):
        return "begin each item with '- '"
    if "array" in types and isinstance(value, str):
        return "write a list: [" + (value if len(value) < 40 else "…") + "]"
    if isinstance(value, str) and "{{" in value:
        return "this field takes no template tag: it is read before tags are filled in"
    if "integer" in types and isinstance(value, str) and value.lstrip("-").isdigit():
        return "take away the quotes"
    if "boolean" in types:
        return "write true or false, without quotes"
    return next((_FORMS[name] for name in types if name in _FORMS), "")


def _explain_enum(place: FieldType, path: FieldPath, value: Any, notes: Notes) -> None:
    if has_tag(str(value)):
        return
    allowed = [str(item) for item in place.schema.get("enum", ()) if item != ""]
    hint = did_you_mean(str(value), allowed)
    message = f"{format_path(path)}: {value!r} is not one of {', '.join(allowed)}"
    notes.add("value-not-allowed", path, message, hint)


def _explain_range(place: FieldType, path: FieldPath, value: Any, notes: Notes) -> None:
    if isinstance(value, list):
        notes.add("value-not-allowed", path, f"{format_path(path)} has no items")
        return
    low, high = place.schema.get("minimum"), place.schema.get("maximum")
    limits = " and ".join(
        part for part in (low is not None and f"≥ {low}", high is not None and f"≤ {high}") if part
    )
    notes.add("value-not-allowed", path, f"{format_path(path)}: {value} is not {limits}")


_TYPE_NAMES: Final = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "nothing",
}

_FORMS: Final = {
    "object": "write its fields below it, each as name: value",
    "array": "begin each item with '- '",
    "string": "write one text",
    "integer": "write a whole number, without quotes",
    "number": "write a number, without quotes",
}

_EXPLANATIONS: Final[Mapping[str, Callable[[FieldType, FieldPath, Any, Notes], None]]] = {
    "additionalProperties": _explain_unknown,
    "required": _explain_missing,
    "type": _explain_type,
    "enum": _explain_enum,
    "minimum": _explain_range,
    "maximum": _explain_range,
    "minItems": _explain_range,
}
