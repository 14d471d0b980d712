"""Field selectors over nodes: ``displayName=approve,phase!=Succeeded``."""

from __future__ import annotations

from toolkit.errors import UsageError
from toolkit.workflow.nodes import Row, template_of
from toolkit.workflow.substitution.parameters import text_of


def matches(selector: str, node: Row) -> bool:
    """Does a NodeStatus fit the selector? "" fits all. Raises UsageError for a broken one."""
    fields = fields_of(node)
    for term in filter(None, (part.strip() for part in selector.split(","))):
        name, is_equal, value = _term(term)
        if (fields.get(name, "") == value) != is_equal:
            return False
    return True


def fields_of(node: Row) -> dict[str, str]:
    """What a selector can look at."""
    fields = {
        "displayName": str(node.get("displayName", "")),
        "templateName": template_of(node),
        "phase": str(node.get("phase", "")),
        "name": str(node.get("name", "")),
        "id": str(node.get("id", "")),
    }
    reference = node.get("templateRef") or {}
    if reference:
        fields["templateRef.name"] = str(reference.get("name", ""))
        fields["templateRef.template"] = str(reference.get("template", ""))
    for parameter in (node.get("inputs") or {}).get("parameters") or ():
        fields[f"inputs.parameters.{parameter['name']}.value"] = text_of(parameter.get("value"))
    return fields


def _term(term: str) -> tuple[str, bool, str]:
    for mark, is_equal in (("!=", False), ("==", True), ("=", True)):
        name, found, value = term.partition(mark)
        if found and name.strip():
            return name.strip(), is_equal, value.strip()
    raise UsageError(
        f"invalid selector: {term!r}", hints=("displayName=NAME, templateName=NAME, phase!=PHASE",)
    )
