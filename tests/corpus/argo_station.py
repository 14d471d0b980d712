"""One engine that runs many of Argo's examples at once, with real processes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from toolkit.adapters.artifacts import ArtifactStore
from toolkit.adapters.embedded import EmbeddedCluster
from toolkit.controllers.runs.projecting import POD, WORKFLOW
from toolkit.errors import NotFoundError
from toolkit.resource.resource import Body
from toolkit.wiring.clusters import own
from toolkit.wiring.engine import start_engine
from toolkit.wiring.workspace import Workspace
from toolkit.workflow.commands import InputArtifact
from toolkit.yaml import load_all

SETTINGS = """\
defaultEnvironment: staging
environments:
  staging:
    overlay: overlays/staging
    namespace: data
    deploy: {repository: .gitops/deploy.git, branch: env/staging}
"""
NAMESPACE = "data"
ENDS = ("Succeeded", "Failed", "Error")
LONG_S = 120
FIXTURES = f"""\
apiVersion: v1
kind: ConfigMap
metadata:
  name: simple-parameters
  namespace: {NAMESPACE}
  labels: {{workflows.argoproj.io/configmap-type: Parameter}}
data: {{msg: hello from the map}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: my-config, namespace: {NAMESPACE}}}
data:
  workflow: "1"
  template: "1"
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: artifact-repositories, namespace: {NAMESPACE}}}
data:
  my-key: |
    archiveLogs: true
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: my-existing-volume, namespace: {NAMESPACE}}}
spec:
  accessModes: [ReadWriteOnce]
  resources: {{requests: {{storage: 1Gi}}}}
"""


class Ended:
    """A workflow as it ended, and what is left of it."""

    def __init__(self, body: Body, cluster: EmbeddedCluster, artifacts: ArtifactStore) -> None:
        self.body = body
        self.status: Body = body.get("status") or {}
        self._cluster = cluster
        self._artifacts = artifacts
        label = f"workflows.argoproj.io/workflow={_name(body)}"
        self._pods = list(cluster.list(POD, NAMESPACE, label_selector=label).items)
        self._logs = {
            pod["metadata"]["annotations"][_NODE_ID]: self._read(pod) for pod in self._pods
        }

    @property
    def phase(self) -> str:
        return str(self.status.get("phase"))

    def why(self) -> str:
        """All messages, for a test that fails."""
        nodes = [f"{node['displayName']}: {node.get('message')}" for node in self._nodes()]
        return "\n".join([f"{self.phase}: {self.status.get('message')}", *nodes])

    def shown(self, what: str) -> str:
        """One of the promises' texts; see argo_promises."""
        kind, _, name = what.partition(" ")
        return {
            "artifact": self._artifact,
            "label": lambda name: self.body["metadata"]["labels"][name],
            "log": self._log,
            "outputs": lambda _: str(self.status.get("outputs")),
            "owned": lambda _: self._owned(),
            "parameter": self._parameter,
            "phases": lambda _: self._phases(),
            "pod": lambda name: self._pods[0]["metadata"]["annotations"][name.split()[1]],
            "result": lambda name: self._node(name)["outputs"]["result"],
        }[kind](name).strip()

    def _log(self, names: str) -> str:
        wanted = names.split("|") if names else []
        nodes = [n for n in self._nodes() if not wanted or n["displayName"] in wanted]
        return "\n".join(self._logs[node["id"]] for node in nodes if node["id"] in self._logs)

    def _read(self, pod: Body) -> str:
        """The log of the container that counts; "" where it never began."""
        names = [each["name"] for each in pod["spec"]["containers"]]
        container = "main" if "main" in names else names[0]
        try:
            return "\n".join(self._cluster.pod_log(NAMESPACE, _name(pod), container=container))
        except NotFoundError:
            return ""

    def _parameter(self, name: str) -> str:
        found = self._values(name, "parameters")
        return str(found["value"])

    def _artifact(self, name: str) -> str:
        key = self._values(name, "artifacts")["s3"]["key"]
        with tempfile.TemporaryDirectory() as scratch:
            target = Path(scratch) / "artifact"
            self._artifacts.lay(InputArtifact("a", "/a", key, {}), target)
            return target.read_text()

    def _values(self, name: str, what: str) -> Body:
        node, _, entry = name.rpartition(".")
        held = self._node(node)
        given = [
            *(held.get("outputs") or {}).get(what, ()),
            *(held.get("inputs") or {}).get(what, ()),
        ]
        return next(value for value in given if value["name"] == entry)

    def _node(self, name: str) -> Body:
        wanted = name or _name(self.body)
        return next(node for node in self._nodes() if node["displayName"] == wanted)

    def _nodes(self) -> list[Body]:
        nodes = (self.status.get("nodes") or {}).values()
        return sorted(nodes, key=lambda node: str(node.get("startedAt")))

    def _phases(self) -> str:
        odd = (node for node in self._nodes() if node["phase"] != "Succeeded")
        return "\n".join(sorted(f"{node['displayName']} {node['phase']}" for node in odd))

    def _owned(self) -> str:
        uid = self.body["metadata"]["uid"]
        workflows = self._cluster.list(WORKFLOW, NAMESPACE).items
        owned = [
            body
            for body in workflows
            for owner in body["metadata"].get("ownerReferences") or ()
            if owner["uid"] == uid
        ]
        return "\n".join(f"{body['kind']} {body['metadata']['generateName']}" for body in owned)


class Station:
    """An engine with the fixtures in its cluster."""

    def __init__(self, cluster: EmbeddedCluster, state: Path) -> None:
        self._cluster = cluster
        self._artifacts = ArtifactStore(state / "artifacts")

    def put(self, text: bytes | str, path: str) -> list[Body]:
        """Creates every object of a file; those that are not a workflow of a cluster's in ours."""
        made = []
        for body in load_all(text, path):
            if body and not str(body["kind"]).startswith("Cluster"):
                body["metadata"]["namespace"] = NAMESPACE
            if body:
                made.append(self._cluster.create(body))
        return made

    def run(self, examples: Iterable[tuple[str, Path]]) -> dict[str, Ended]:
        """All of them side by side; each example's (first) workflow as it ended."""
        version = self._cluster.list(WORKFLOW, NAMESPACE).resource_version
        names = {key: _name(self.put(path.read_bytes(), str(path))[0]) for key, path in examples}
        ended = dict(self._endings(set(names.values()), version))
        return {key: ended[name] for key, name in names.items()}

    def _endings(self, names: set[str], version: str) -> Iterator[tuple[str, Ended]]:
        """As they end: some ask to be deleted soon afterwards."""
        for event in self._cluster.watch(WORKFLOW, resource_version=version, timeout_s=LONG_S):
            name, status = _name(event.object), event.object.get("status") or {}
            if name in names and status.get("finishedAt"):
                names.discard(name)
                yield name, Ended(event.object, self._cluster, self._artifacts)
            if not names:
                return


@contextmanager
def open_station(folder: Path) -> Iterator[Station]:
    """A workspace in ``folder`` with an engine that runs."""
    (folder / "gitops.yaml").write_text(SETTINGS)
    workspace = Workspace(folder)
    with own(workspace) as owner:
        environment = workspace.settings().environment("staging")
        with start_engine(owner, workspace, [environment]) as engine:
            station = Station(engine.clusters["staging"], workspace.state)
            station.put(FIXTURES, "fixtures")
            yield station


_NODE_ID = "workflows.argoproj.io/node-id"


def _name(body: Body) -> str:
    return str(body["metadata"]["name"])
