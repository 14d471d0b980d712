from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from toolkit.adapters.logs.files import Logs, descriptions
from toolkit.adapters.masking import Mask
from toolkit.workflow.ports import PodAddress

POD = PodAddress("staging", "data", "wf", "wf-load-1")
OTHER = replace(POD, pod="wf-load-2")


def folder_of(root: Path) -> Path:
    return root / "staging" / "data" / "wf"


def test_what_ran_in_each_pod_stands_in_one_file(tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    for address in (POD, OTHER):
        logs.describe(address, {"node": address.pod})
        logs.open(address, Mask(())).touch()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(path.suffix for path in files) == [".jsonl", ".log", ".log"]
    assert {pod: about["node"] for pod, about in descriptions(folder_of(tmp_path)).items()} == {
        "wf-load-1": "wf-load-1",
        "wf-load-2": "wf-load-2",
    }


def test_the_latest_that_was_said_of_a_pod_counts(tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    logs.describe(POD, {"node": "before"})
    logs.describe(POD, {"node": "after"})
    assert descriptions(folder_of(tmp_path))[POD.pod]["node"] == "after"


def test_half_a_line_spoils_neither_neighbour(tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    logs.describe(POD, {"node": "a"})
    (file,) = folder_of(tmp_path).iterdir()
    with file.open("a") as half:
        half.write('\n{"pod": "wf-lo')
    logs.describe(OTHER, {"node": "b"})
    assert {pod: about["node"] for pod, about in descriptions(folder_of(tmp_path)).items()} == {
        POD.pod: "a",
        OTHER.pod: "b",
    }


def test_what_an_earlier_version_kept_is_read(tmp_path: Path) -> None:
    pod = folder_of(tmp_path) / "wf-old"
    pod.mkdir(parents=True)
    (pod / "step.json").write_text(json.dumps({"node": "wf.old"}))
    Logs(tmp_path).describe(POD, {"node": "new"})
    assert descriptions(folder_of(tmp_path)) == {
        "wf-old": {"node": "wf.old"},
        POD.pod: {"pod": POD.pod, "node": "new"},
    }


def test_a_folder_without_descriptions_has_none(tmp_path: Path) -> None:
    assert descriptions(tmp_path / "nothing") == {}
