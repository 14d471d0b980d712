"""One thing wrong with a rendered environment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from toolkit.resource.field_path import FieldPath
from toolkit.resource.identity import ResourceId
from toolkit.source import Location


class Severity(Enum):
    """Errors refuse a publish; warnings do not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """``rule`` is a stable kebab-case name (docs/rules.md); ``resource`` and ``path`` say where in
    the rendered object, ``location`` where in the source; ``hint`` what to do, or "".
    """

    rule: str
    severity: Severity
    resource: ResourceId | None
    path: FieldPath
    location: Location | None
    message: str
    hint: str = ""
    excerpt: str = ""
