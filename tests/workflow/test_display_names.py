"""What a node is shown as, where its template says so."""

from __future__ import annotations

from tests.workflow.conftest import Play

BODY = """
spec:
  entrypoint: main
  templates:
  - name: main
    dag:
      tasks:
      - name: each
        template: image
        withItems: [{os: debian, tag: 9.1}, {os: alpine, tag: 3.6}]
        arguments: {parameters: [{name: os, value: "{{item.os}}"}, {name: tag, value: "{{item.tag}}"}]}
      - {name: again, template: flaky}
      - name: bad
        template: image
        arguments: {parameters: [{name: os, value: no name}, {name: tag, value: ""}]}
  - name: image
    annotations: {workflows.argoproj.io/display-name: "os-{{inputs.parameters.os}}-{{inputs.parameters.tag}}"}
    inputs: {parameters: [{name: os}, {name: tag}]}
    container: {image: alpine, command: [say]}
  - name: flaky
    annotations: {workflows.argoproj.io/display-name: patient}
    retryStrategy: {limit: 1}
    container: {image: alpine, command: [flaky]}
"""  # noqa: E501 - a manifest


def test_an_annotation_with_its_inputs_names_the_nodes_as_shown(play: Play) -> None:
    simulation = play(BODY)
    shown = {node.name: node.status["displayName"] for node in simulation.run.nodes.values()}
    assert shown == {
        "wf": "wf",
        "wf.each": "each",
        "wf.each(0:os:debian,tag:9.1)": "os-debian-9.1",
        "wf.each(1:os:alpine,tag:3.6)": "os-alpine-3.6",
        "wf.again": "patient",
        "wf.again(0)": "again(0)",
        "wf.bad": "bad",
    }


def test_what_no_name_can_be_is_an_error(play: Play) -> None:
    bad = play(BODY).node("wf.bad")
    assert bad.phase == "Error"
    assert "displayName must match the regex ^[a-zA-Z0-9]" in bad.message
