"""ConfigMaps and Secrets by generator; hashes; behaviours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from toolkit.kustomize.golang.json import go_json
from toolkit.kustomize.transformers.hashing import content_hash

Objects = Callable[..., list[dict[str, Any]]]
Refused = Callable[..., Exception]


def test_the_name_ends_in_the_hash_of_the_content(objects: Objects) -> None:
    (body,) = objects({"kustomization.yaml": "configMapGenerator: [{name: c, literals: [a=b]}]"})
    assert body["metadata"]["name"] == "c-" + content_hash(body)
    assert body["data"] == {"a": "b"}


def test_known_hashes() -> None:
    assert content_hash({"kind": "ConfigMap"}) == "6ct58987ht"
    assert content_hash({"kind": "Secret", "type": "Opaque", "data": {}}) == "46f8b28mk5"


def test_the_hash_can_be_left_out(objects: Objects) -> None:
    text = "generatorOptions: {disableNameSuffixHash: true}\nconfigMapGenerator: [{name: c}]"
    assert objects({"kustomization.yaml": text})[0]["metadata"]["name"] == "c"


def test_values_from_files_and_env_files(objects: Objects) -> None:
    files = {
        "kustomization.yaml": "configMapGenerator:\n"
        "- {name: c, files: [a.txt, k=a.txt], envs: [e.env], literals: ['q=\"quoted\"']}\n",
        "a.txt": "text\n",
        "e.env": "\ufeffA=1\n# comment\n\n  B=two=2\nC\n",
    }
    assert objects(files)[0]["data"] == {
        "a.txt": "text\n",
        "k": "text\n",
        "A": "1",
        "B": "two=2",
        "C": "",
        "q": "quoted",
    }


def test_binary_content_is_wrapped_base64(objects: Objects) -> None:
    files: dict[str, Any] = {
        "kustomization.yaml": "configMapGenerator: [{name: c, files: [b]}]",
        "b": b"\xff" * 60,
    }
    value = objects(files)[0]["binaryData"]["b"]
    assert [len(line) for line in value.split("\n")] == [70, 10, 0]


def test_secrets_are_base64_and_opaque(objects: Objects) -> None:
    (body,) = objects({"kustomization.yaml": "secretGenerator: [{name: s, literals: [a=b]}]"})
    assert (body["type"], body["data"]) == ("Opaque", {"a": "Yg=="})


def _overlay(behavior: str) -> dict[str, str]:
    return {
        "base/kustomization.yaml": "configMapGenerator: [{name: c, literals: [a=1, b=2]}]",
        "kustomization.yaml": "resources: [base]\n"
        f"configMapGenerator: [{{name: c, behavior: {behavior}, literals: [b=3]}}]",
    }


def test_merge_keeps_what_is_not_said_again(objects: Objects) -> None:
    assert objects(_overlay("merge"))[0]["data"] == {"a": "1", "b": "3"}


def test_replace_drops_it(objects: Objects) -> None:
    assert objects(_overlay("replace"))[0]["data"] == {"b": "3"}


def test_merging_what_is_not_there_is_refused(refused: Callable[..., Exception]) -> None:
    text = "configMapGenerator: [{name: c, behavior: merge}]"
    assert "does not exist; it cannot merge" in str(refused({"kustomization.yaml": text}))


def test_a_key_given_twice_is_refused(refused: Callable[..., Exception]) -> None:
    text = "configMapGenerator: [{name: c, literals: [a=1, a=2]}]"
    assert "'a' is given twice" in str(refused({"kustomization.yaml": text}))


def test_json_as_go_writes_it() -> None:
    value = {"b": [1, 1.5, 1e21, 1e-7, True, None], "a": "<&>\u2028é\n\x01"}
    assert go_json(value) == (
        r'{"a":"\u003c\u0026\u003e\u2028é\n\u0001","b":[1,1.5,1e+21,1e-07,true,null]}'
    )


def test_json_with_indentation() -> None:
    assert go_json({"a": [1], "b": {}}, indent=2) == '{\n  "a": [\n    1\n  ],\n  "b": {}\n}'


def test_a_line_of_an_env_file_without_a_key_is_passed_over(objects: Objects) -> None:
    files = {
        "kustomization.yaml": "configMapGenerator: [{name: c, envs: [e.env]}]",
        "e.env": "=lost\n\u3000A=1\n",
    }
    assert objects(files)[0]["data"] == {"A": "1"}


def test_a_label_that_reads_as_a_number_is_refused(refused: Refused) -> None:
    text = "generatorOptions: {labels: {'1': a}}\nconfigMapGenerator: [{name: c}]"
    assert "'1' reads as a number" in str(refused({"kustomization.yaml": text}))


def test_a_plugin_knows_no_old_env(objects: Objects) -> None:
    files = {
        "kustomization.yaml": "generators: [g.yaml]",
        "g.yaml": "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: g}\n"
        "name: c\nenv: e.env\n",
        "e.env": "A=1\n",
    }
    assert "data" not in objects(files)[0]


def test_a_google_account_needs_a_name(refused: Refused) -> None:
    files = {
        "kustomization.yaml": "generators: [g.yaml]",
        "g.yaml": "apiVersion: builtin\nkind: IAMPolicyGenerator\nmetadata: {name: g}\ncloud: gke\n"
        "kubernetesService: {name: s}\n",
    }
    assert "serviceAccount has no name" in str(refused(files))
