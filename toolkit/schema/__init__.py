"""What Kubernetes and Argo kinds look like: JSON schemas, and how their lists merge.

One shipped table of definitions (``data/definitions.json``, written at development time by
``.ci/generate_schemas.py``) is read when the first kind is asked for::

    schema_for(gvk)                     a JSON schema (2020-12) of one kind, or None
    type_of(gvk)                        a cursor that walks a kind's fields: merge code uses it
    list_semantics(gvk, path)           ("map", keys) | ("set",) | ("atomic",)
    strategic_merge(gvk, path)          strategies and key of a strategic merge patch

The schemas refuse unknown fields and know no null: null means absent, so take nulls out first.
"""

from toolkit.schema.definitions import known_kinds, schema_for
from toolkit.schema.texts import is_scalar_for_text, with_texts
from toolkit.schema.types import FieldType, list_semantics, strategic_merge, type_of

__all__ = [
    "FieldType",
    "is_scalar_for_text",
    "known_kinds",
    "list_semantics",
    "schema_for",
    "strategic_merge",
    "type_of",
    "with_texts",
]
