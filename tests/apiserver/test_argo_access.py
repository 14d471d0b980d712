from __future__ import annotations

import pytest

from toolkit.apiserver.argo_access import actions_of

ONE = "workflows/{namespace}/{name}"


@pytest.mark.parametrize(
    ("method", "path", "wanted"),
    [
        ("GET", "info", []),
        ("GET", "archived-workflows", []),
        ("GET", "workflows/{namespace}", ["list workflows"]),
        ("POST", "workflows/{namespace}", ["create workflows"]),
        ("POST", "workflows/{namespace}/lint", ["create workflows"]),
        ("POST", "workflows/{namespace}/submit", ["create workflows"]),
        ("GET", ONE, ["get workflows"]),
        ("DELETE", ONE, ["get workflows", "delete workflows"]),
        ("PUT", f"{ONE}/stop", ["get workflows", "update workflows"]),
        ("PUT", f"{ONE}/resubmit", ["get workflows", "create workflows"]),
        ("GET", f"{ONE}/log", ["get workflows", "get pods/log"]),
        ("GET", f"{ONE}/{{pod_name}}/log", ["get workflows", "get pods/log"]),
        ("GET", "workflow-events/{namespace}", ["watch workflows"]),
        ("GET", "stream/events/{namespace}", ["watch events"]),
        ("GET", "cluster-workflow-templates", ["list clusterworkflowtemplates"]),
        ("PUT", "cluster-workflow-templates/",
         ["get clusterworkflowtemplates", "update clusterworkflowtemplates"]),
        ("PUT", "workflow-templates/{namespace}/{name}",
         ["get workflowtemplates", "update workflowtemplates"]),
        ("PUT", "cron-workflows/{namespace}/{name}/suspend",
         ["get cronworkflows", "update cronworkflows"]),
    ],
)  # fmt: skip
def test_what_a_path_needs(method: str, path: str, wanted: list[str]) -> None:
    needed = [
        f"{each.verb} {each.resource}" + (f"/{each.subresource}" if each.subresource else "")
        for each in actions_of(method, path)
    ]
    assert needed == wanted
