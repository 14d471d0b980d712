"""What is advised for an operation of a JSON patch that does not apply."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from toolkit.errors import BuildError

Refused = Callable[..., BuildError]

POD = (
    "kind: Pod\nmetadata: {name: web, annotations: {a.b/c: d}}\n"
    "spec: {containers: [{name: app, image: nginx}], volumes: []}\n"
)
SECRET = "kind: Secret\nmetadata: {name: web}\nstringData: {password: hunter2}\n"
ITEMS = "/spec/containers"


def patched(operation: str, text: str = POD) -> dict[str, str]:
    patch = f"- target: {{name: web}}\n  patch: |-\n    # why\n    - {operation}\n"
    return {"kustomization.yaml": f"resources: [a.yaml]\npatches:\n{patch}", "a.yaml": text}


@pytest.mark.parametrize(
    ("operation", "hint"),
    [
        ("{op: remove, path: /spec/containrs}", "did you mean 'containers'?"),
        ("{op: remove, path: /spec/x}", "correct the path: there are containers, volumes"),
        ("{op: replace, path: /spec/x, value: 1}", "use add for what is not there yet"),
        (
            "{op: add, path: /metadata/labels/a, value: b}",
            "add /metadata/labels first, with a map as its value",
        ),
        (
            "{op: remove, path: /metadata/annotations/a.b/c}",
            "write a slash within a key as ~1: /metadata/annotations/a.b~1c",
        ),
        ("{op: add, path: spec.x, value: 1}", "start it with a slash: /spec/x"),
        ("{op: remove, path: ''}", "name a field, such as /metadata/labels"),
        (
            "{op: replace, path: '', value: []}",
            "give a map with apiVersion, kind and metadata",
        ),
        ("{op: add, path: /kind/x, value: 1}", "end the path at /kind"),
        (
            "{op: replace, path: /spec/containers/2, value: 1}",
            f"count from 0: the last is {ITEMS}/0",
        ),
        ("{op: add, path: /spec/containers/2, value: 1}", f"write {ITEMS}/- to add at the end"),
        ("{op: remove, path: /spec/volumes/0}", "add an item first: add /spec/volumes/-"),
        (
            "{op: remove, path: /spec/containers/app}",
            f"write the position of 'app': {ITEMS}/0",
        ),
        ("{op: remove, path: /spec/containers/x}", "write a position from 0 to 0"),
        ("{op: repalce, path: /kind, value: A}", "did you mean 'replace'?"),
        ("{op: set, path: /kind, value: A}", "use replace for what is there, add for what is new"),
        ("{op: [], path: /kind}", "use replace for what is there, add for what is new"),
        ("{path: /kind, value: A}", "add `op:`, one of add, remove, replace, move, copy, test"),
        ("{op: replace, path: /kind}", "add `value:`; to take a field away, use remove"),
        ("{op: replace, path: /kind, vlaue: A}", "write 'value' instead of 'vlaue'"),
        ("{op: add, value: A}", "add `path:`, such as /metadata/labels/app"),
        ("{op: move, path: /kind}", "add `from:`, the path to move from"),
        ("{op: test, path: /kind, value: A}", "test for 'Pod', which is there, or drop the test"),
        (
            "{op: test, path: /x, value: A}",
            "correct the path, which leads to nothing, or drop the test",
        ),
    ],
)
def test_an_operation_is_told_what_would_apply(refused: Refused, operation: str, hint: str) -> None:
    error = refused(patched(operation))
    assert str(error.location) == "kustomization.yaml:6:7"
    assert error.hints == (hint,)


def test_a_test_of_a_secret_does_not_show_it(refused: Refused) -> None:
    operation = "{op: test, path: /stringData/password, value: a}"
    error = refused(patched(operation, SECRET))
    assert error.hints == ("test for the value that is there, or drop the test",)
