"""Work beside ours."""

from __future__ import annotations

import os

import pytest

from toolkit.adapters.files import MemoryTree
from toolkit.adapters.fork import ForkedHelper
from toolkit.errors import YamlError
from toolkit.kustomize.build import build, render

# pytest itself runs with one thread here
pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")


def test_the_answer_is_what_the_work_gave() -> None:
    answer = ForkedHelper().start(lambda: str(os.getpid()).encode() + b"x" * 200_000)
    content = answer() or b""
    assert content.rstrip(b"x") != str(os.getpid()).encode()
    assert len(content) > 200_000


def test_failed_work_has_no_answer() -> None:
    assert ForkedHelper().start(lambda: bytes(1 // 0))() is None


def _files(broken: int = -1) -> dict[str, str]:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: n%d}\ndata: {k: 'line\n\n  two'}\n"
    files = {f"{number}.yaml": text % number for number in range(900)}
    if broken >= 0:
        files[f"{broken}.yaml"] = "a: [\n"
    resources = "".join(f"- {number}.yaml\n" for number in range(900))
    return files | {"kustomization.yaml": f"resources:\n{resources}namePrefix: p-\n"}


def test_a_large_build_gives_the_same_with_a_helper_as_without() -> None:
    tree, helper = MemoryTree(_files()), ForkedHelper()
    alone, together = build(tree, ""), build(tree, "", helper=helper)
    assert render(together, helper=helper) == render(alone)


def test_an_error_in_the_helpers_part_is_met_where_it_stands() -> None:
    with pytest.raises(YamlError, match=r"700\.yaml"):
        build(MemoryTree(_files(broken=700)), "", helper=ForkedHelper())
