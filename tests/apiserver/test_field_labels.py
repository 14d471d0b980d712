"""Fields a selector may name."""

from __future__ import annotations

import pytest

from toolkit.apiserver.field_labels import require_known_fields
from toolkit.apiserver.kinds import Kind
from toolkit.apiserver.selectors import parse_selector
from toolkit.errors import BadRequestError
from toolkit.resource.identity import GroupVersionKind

POD = Kind(GroupVersionKind("", "v1", "Pod"), "pods")
WIDGET = Kind(
    GroupVersionKind("example.com", "v1", "Widget"),
    "widgets",
    definition={"selectableFields": [{"jsonPath": ".spec.colour"}]},
)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (POD, "metadata.name=x,metadata.namespace!=y"),
        (POD, "status.phase=Running"),
        (WIDGET, "spec.colour=red"),
    ],
)
def test_what_is_known_passes(kind: Kind, text: str) -> None:
    require_known_fields(kind, parse_selector("", text))


@pytest.mark.parametrize(
    ("kind", "text"), [(POD, "status.fase=Running"), (WIDGET, "spec.size=1"), (WIDGET, "type=x")]
)
def test_what_is_not_is_refused(kind: Kind, text: str) -> None:
    with pytest.raises(BadRequestError, match="field label not supported"):
        require_known_fields(kind, parse_selector("", text))
