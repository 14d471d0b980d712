"""Where values come from."""

from __future__ import annotations

import pytest

from tests.kustomize.layered_repositories import LayeredRepository
from tests.kustomize.random_repositories import Repository
from toolkit.adapters.files import MemoryTree
from toolkit.errors import BuildError, UsageError, YamlError
from toolkit.kustomize.build import build
from toolkit.kustomize.explain import explain
from toolkit.resource.diff import ABSENT
from toolkit.resource.field_path import value_at

FILES = {
    "base/kustomization.yaml": "resources:\n- cron.yaml\nconfigMapGenerator:\n"
    "- name: settings\n  literals: [a=b]\n",
    "base/cron.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: CronWorkflow\nmetadata:\n"
    "  name: hello\nspec:\n  schedule: '* * * * *'\n  suspend: true\n",
    "top/kustomization.yaml": "resources:\n- ../base\nnamePrefix: p-\n"
    "labels:\n- pairs:\n    env: x\n"
    "patches:\n- path: patch.yaml\n- target:\n    kind: CronWorkflow\n  patch: |-\n"
    "    - op: replace\n      path: /spec/schedule\n      value: daily\n",
    "top/patch.yaml": "# why\napiVersion: argoproj.io/v1alpha1\nkind: CronWorkflow\n"
    "metadata: {name: hello}\nspec:\n  suspend: false\n",
}


def links(name: str, *field: str | int) -> list[tuple[str, str, object]]:
    explanation = explain(MemoryTree(FILES), "top", name)
    return [(str(link.location), link.by, link.new) for link in explanation.chain(field)]


def test_a_patched_value_names_its_base_and_the_patch() -> None:
    assert links("CronWorkflow/p-hello", "spec", "suspend") == [
        ("base/cron.yaml:7:12", "written", True),
        ("top/patch.yaml:6:12", "PatchTransformer", False),
    ]


def test_an_inline_json_patch_names_the_line_of_its_operation() -> None:
    assert links("CronWorkflow/p-hello", "spec", "schedule")[1:] == [
        ("top/kustomization.yaml:12:7", "PatchTransformer", "daily")
    ]


def test_a_label_names_its_pair() -> None:
    assert links("CronWorkflow/p-hello", "metadata", "labels", "env") == [
        ("top/kustomization.yaml:6:10", "LabelTransformer", "x")
    ]


def test_the_name_of_a_generated_object_goes_through_prefix_and_hash() -> None:
    tree = MemoryTree(FILES)
    (name,) = [r.id.name for r in build(tree, "top").resources if r.id.kind == "ConfigMap"]
    chain = explain(tree, "top", f"configmap/{name}").chain(("metadata", "name"))
    assert [link.by for link in chain] == [
        "ConfigMapGenerator",
        "PrefixTransformer",
        "HashTransformer",
    ]
    assert str(chain[0].location) == "base/kustomization.yaml:4:3"


def test_a_text_over_a_number_that_is_gone_in_the_end_is_told_too() -> None:
    base = "replacements:\n- sourceValue: text\n  targets:\n  - select: {kind: CronWorkflow}\n"
    base += "    fieldPaths: [spec.suspend]\n"
    files = FILES | {"base/kustomization.yaml": "resources: [cron.yaml]\n" + base}
    chain = explain(MemoryTree(files), "top", "CronWorkflow/p-hello").chain(("spec", "suspend"))
    assert [link.new for link in chain] == [True, "text", False]


def test_a_field_that_never_was_has_no_chain() -> None:
    assert links("CronWorkflow/p-hello", "spec", "nothing") == []


def test_an_unknown_object_names_the_close_one() -> None:
    with pytest.raises(UsageError) as caught:
        explain(MemoryTree(FILES), "top", "CronWorkflow/hello")
    assert caught.value.hints == ("did you mean CronWorkflow/p-hello?",)


@pytest.mark.parametrize("kind", [Repository, LayeredRepository])
@pytest.mark.parametrize("seed", range(400, 412))
def test_replaying_the_chain_of_each_leaf_gives_the_built_value(
    seed: int, kind: type[Repository | LayeredRepository]
) -> None:
    repository = kind(seed)
    tree = MemoryTree(repository.files)
    for target in repository.targets:
        try:
            result = build(tree, target)
        except (BuildError, YamlError):
            continue
        for resource in list(result.resources)[:6]:
            name = f"{resource.id.kind}/{resource.id.namespace}/{resource.id.name}"
            explanation = explain(tree, target, name)
            for leaf in explanation.leaves():
                value: object = ABSENT
                for link in explanation.chain(leaf):
                    assert link.old == value
                    value = link.new
                assert value == value_at(resource.body, leaf)
