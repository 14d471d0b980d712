"""What is refused, where the message points, and what it advises."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from toolkit.errors import BuildError

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"
DEPLOYMENT = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 1}\n"

Refused = Callable[..., BuildError]


def test_a_missing_file_names_the_close_one(refused: Refused) -> None:
    error = refused({"kustomization.yaml": "resources:\n- depoy.yaml\n", "deploy.yaml": ""})
    assert str(error) == "kustomization.yaml:2:3: 'depoy.yaml' does not exist"
    assert error.excerpt == "- depoy.yaml"
    assert error.hints == ("did you mean deploy.yaml?",)


def test_a_duplicate_gives_both_places(refused: Refused) -> None:
    error = refused(
        {
            "kustomization.yaml": "resources: [a.yaml, b.yaml]",
            "a.yaml": CONFIG_MAP % "same",
            "b.yaml": f"{CONFIG_MAP % 'other'}---\n{CONFIG_MAP % 'same'}",
        }
    )
    assert str(error) == "kustomization.yaml:1:21: v1 ConfigMap same is there twice"
    assert error.hints[:2] == ("first at a.yaml:1:1", "again at b.yaml:5:1")


def test_a_base_reached_twice_is_called_that(refused: Refused) -> None:
    error = refused(
        {
            "base/kustomization.yaml": "resources: [a.yaml]",
            "base/a.yaml": CONFIG_MAP % "a",
            "left/kustomization.yaml": "resources: [../base]",
            "right/kustomization.yaml": "resources: [../base]",
            "kustomization.yaml": "resources: [left, right]",
        }
    )
    assert error.hints[0] == "it is from base/a.yaml:1:1, which is reached in two ways"


def test_an_unknown_field_names_the_close_one(refused: Refused) -> None:
    error = refused({"kustomization.yaml": "resource: [a.yaml]\n"})
    assert str(error) == "kustomization.yaml:1:1: unknown field 'resource'"
    assert error.hints == ("did you mean 'resources'?",)


def test_a_number_for_text_is_told_to_be_quoted(refused: Refused) -> None:
    error = refused({"kustomization.yaml": "resources: []\nimages:\n- name: a\n  newTag: 1.20\n"})
    assert str(error) == "kustomization.yaml:4:3: newTag must be a string, but is the number 1.2"
    assert error.hints == ('put it in quotes: "1.20"',)


@pytest.mark.parametrize("path", ["/data/naem", "/dta/name"])
def test_a_json_patch_that_misses_names_the_close_field(refused: Refused, path: str) -> None:
    patch = f"- target: {{kind: ConfigMap}}\n  patch: |-\n    - {{op: remove, path: {path}}}\n"
    files = {
        "kustomization.yaml": f"resources: [a.yaml]\npatches:\n{patch}",
        "a.yaml": CONFIG_MAP % "a" + "data: {name: x}\n",
    }
    assert refused(files).hints[0] in ("did you mean 'name'?", "did you mean 'data'?")


def test_a_cycle_shows_the_way_round(refused: Refused) -> None:
    error = refused(
        {"a/kustomization.yaml": "resources: [../b]", "b/kustomization.yaml": "resources: [../a]"},
        "a",
    )
    assert str(error).startswith("b/kustomization.yaml:1:13: '../a' is, or contains, a folder")
    assert str(error).endswith("a → b → a")


def test_a_file_outside_of_the_folder_is_refused(refused: Refused) -> None:
    files = {"a/kustomization.yaml": "resources: [../b.yaml]", "b.yaml": CONFIG_MAP % "b"}
    error = refused(files, "a")
    assert "'../b.yaml' is outside of a" in str(error)


def test_a_file_outside_is_allowed_where_asked_for(objects: Callable[..., list[object]]) -> None:
    files = {"a/kustomization.yaml": "resources: [../b.yaml]", "b.yaml": CONFIG_MAP % "b"}
    assert len(objects(files, "a", load_restrictor="LoadRestrictionsNone")) == 1


def test_a_path_out_of_the_repository_is_refused(refused: Refused) -> None:
    error = refused({"kustomization.yaml": "resources: [../elsewhere]"})
    assert "leads out of the repository" in str(error)


def test_a_failing_operation_names_patch_operation_and_object(refused: Refused) -> None:
    error = refused(
        {
            "kustomization.yaml": "resources: [a.yaml]\n"
            "patches: [{path: p.yaml, target: {kind: Deployment}}]\n",
            "a.yaml": DEPLOYMENT,
            "p.yaml": "- op: test\n  path: /kind\n  value: Deployment\n"
            "- op: remove\n  path: /spec/nothing\n",
        }
    )
    assert str(error) == (
        "p.yaml:4:3: operation 2 of the patch (remove /spec/nothing) does not apply to "
        "apps/v1 Deployment web: the object has no /spec/nothing"
    )
    assert error.excerpt == "- op: remove"


def test_a_merge_patch_without_its_object_says_so(refused: Refused) -> None:
    error = refused(
        {
            "kustomization.yaml": "resources: [a.yaml]\npatches: [{path: p.yaml}]",
            "a.yaml": DEPLOYMENT,
            "p.yaml": DEPLOYMENT.replace("web", "wep"),
        }
    )
    assert str(error).startswith("p.yaml:1:1: the patch is for apps/v1 Deployment wep, which is")
    assert error.hints == ("did you mean 'web'?",)


def test_a_merge_of_a_map_into_a_scalar_is_refused(refused: Refused) -> None:
    error = refused(
        {
            "kustomization.yaml": "resources: [a.yaml]\npatches: [{path: p.yaml}]",
            "a.yaml": DEPLOYMENT,
            "p.yaml": DEPLOYMENT.replace("{replicas: 1}", "{replicas: {a: 1}}"),
        }
    )
    assert "cannot merge a map into a scalar" in str(error)
    assert "Deployment/web is from a.yaml:1:1" in error.hints


def test_a_json_patch_needs_a_target(refused: Refused) -> None:
    files = {"kustomization.yaml": "resources: []\npatches:\n- patch: '[{op: add}]'\n"}
    assert "needs a `target`" in str(refused(files)) or "neither" in str(refused(files))


def test_what_is_no_patch_is_called_so(refused: Refused) -> None:
    files = {"kustomization.yaml": "resources: []\npatches:\n- patch: nonsense\n"}
    assert "neither a merge patch nor a JSON patch" in str(refused(files))


def test_replicas_of_nothing_name_the_close_object(refused: Refused) -> None:
    error = refused(
        {
            "kustomization.yaml": "resources: [a.yaml]\nreplicas: [{name: wed, count: 2}]",
            "a.yaml": DEPLOYMENT,
        }
    )
    assert error.hints == ("did you mean 'web'?",)


def test_an_object_without_name_is_refused_at_its_document(refused: Refused) -> None:
    error = refused(
        {
            "kustomization.yaml": "resources: [a.yaml]",
            "a.yaml": f"{CONFIG_MAP % 'a'}---\nkind: Secret\nmetadata: {{}}\n",
        }
    )
    assert str(error) == "a.yaml:5:1: the Secret has no metadata.name"


def test_broken_yaml_points_into_the_file(refused: Refused) -> None:
    error = refused({"kustomization.yaml": "resources: [a.yaml]", "a.yaml": "a: [b\nc: d\n"})
    assert error.location is not None
    assert error.location.path == "a.yaml"


def test_helm_is_refused_loudly(refused: Refused) -> None:
    error = refused({"kustomization.yaml": "helmCharts:\n- name: x\n"})
    assert str(error).startswith("kustomization.yaml:2:1: a Helm chart is only")


def test_a_remote_base_is_refused_loudly(refused: Refused) -> None:
    error = refused({"kustomization.yaml": "resources:\n- https://example.com/x.git\n"})
    assert "remote" in str(error)


def test_secrets_stay_out_of_messages(refused: Refused) -> None:
    error = refused(
        {
            "kustomization.yaml": "secretGenerator:\n- name: s\n  literals: [hunter2]\n",
        }
    )
    assert "hunter2" not in error.message


def test_a_field_of_a_plugin_has_its_place(refused: Refused) -> None:
    error = refused(
        {
            "kustomization.yaml": "transformers: [t.yaml]\n",
            "t.yaml": "apiVersion: builtin\nkind: ReplicaCountTransformer\nmetadata: {name: t}\n"
            "replica: {name: web, count: many}\n",
        }
    )
    assert str(error.location) == "t.yaml:4:29"
    assert error.message.startswith("ReplicaCountTransformer/t: count must be a whole number")


def test_a_field_of_a_file_of_replacements_has_its_place(refused: Refused) -> None:
    files = {
        "kustomization.yaml": "replacements: [{path: r.yaml}]\n",
        "r.yaml": "source: {kind: C}\ntargets:\n- select: {kind: D}\n  reject: {name: a}\n",
    }
    assert str(refused(files).location) == "r.yaml:4:11"


def test_a_plugin_in_the_wrong_list_is_told_the_right_one(refused: Refused) -> None:
    text = "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: t}\n"
    error = refused({"kustomization.yaml": "generators: [t.yaml]\n", "t.yaml": text})
    assert error.hints == ("list it under `transformers:`",)


def test_an_image_name_that_is_no_pattern_says_what_is_wrong_with_the_name(
    refused: Refused,
) -> None:
    error = refused(
        {
            "kustomization.yaml": "resources: [a.yaml]\nimages:\n- name: '['\n  newTag: b\n",
            "a.yaml": DEPLOYMENT + "containers: [{image: a}]\n",
        }
    )
    assert error.message == "the image name '[' is no regular expression: a '[' is not closed"


@pytest.mark.parametrize("schema", ["[]", "a", "definitions: []", "definitions: {a: b}"])
def test_what_is_no_schema_is_refused(refused: Refused, schema: str) -> None:
    error = refused({"kustomization.yaml": "openapi: {path: s.yaml}\n", "s.yaml": schema})
    assert str(error.location) == "kustomization.yaml:1:17"
    assert "is no OpenAPI schema" in error.message


def test_objects_that_a_component_makes_alike_are_refused_there(refused: Refused) -> None:
    files = {
        "kustomization.yaml": "resources: [a.yaml]\ncomponents: [c]\n",
        "a.yaml": f"{CONFIG_MAP % 'a'}---\n{CONFIG_MAP % 'b'}",
        "c/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
        "replacements:\n- sourceValue: same\n  targets: [{select: {kind: ConfigMap}}]\n",
    }
    assert "there twice" in str(refused(files))
