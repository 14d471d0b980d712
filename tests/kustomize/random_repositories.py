"""Random kustomize repositories for the differential test: bases, overlays, components, patches,
generators, odd scalars. The same seed gives the same files.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import yaml

Files = dict[str, str]

NAMES = ("web", "api", "db", "cache", "job", "cron", "worker")
NAMESPACES = ("", "", "default", "team-a", "team-b")
SCALARS = (
    "plain",
    "yes",
    "on",
    "NO",
    "null",
    "~",
    "1.0",
    "0777",
    "0o17",
    "1_000",
    "1e3",
    "12:30",
    "2001-12-14",
    "true",
    "",
    " lead",
    "trail ",
    "a: b",
    "a #b",
    "- x",
    "{x}",
    "line one\nline two\n",
    "no end\nof line",
    "tab\there",
    "quote's",
    'double "quoted"',
    "ünïcödé ☃",
    "😀",
    "x" * 100,
    "many words " * 12,
    "$(VAR)",
    "=",
    "<<",
    "@at",
    "%percent",
    "0x1F",
    ".5",
    "+1",
    "\\back\\slash",
)
VALUES: tuple[Any, ...] = (*SCALARS, 1, 0, -5, 8080, 1.5, 3.0, True, False, 123456789012)


class Repository:
    """One random repository; ``files`` by path, ``targets``: folders to build."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.files: Files = {}
        self.targets: list[str] = []
        self.images: list[str] = []
        self.objects: list[dict[str, Any]] = []
        for number in range(self.random.randint(1, 2)):
            self._base(f"base{number}")
        if self.chance(0.5):
            self._component("component")
        for number in range(self.random.randint(1, 2)):
            self._overlay(f"overlay{number}", [name for name in self.targets if "base" in name])
        if self.chance(0.5):
            self._overlay("top", ["overlay0"])

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def pick(self, values: Any) -> Any:
        return self.random.choice(values)

    def text(self) -> str:
        return str(self.pick(SCALARS))

    # -- objects ---------------------------------------------------------------------------

    def _object(self, prefix: str) -> dict[str, Any]:
        make: Callable[[str], dict[str, Any]] = self.pick(
            (
                self._deployment,
                self._deployment,
                self._service,
                self._config_map,
                self._config_map,
                self._cron_workflow,
                self._cron_workflow,
                self._role_binding,
                self._service_account,
                self._job,
                self._ingress,
                self._custom,
                self._cluster_role,
                self._stateful_set,
            )
        )
        body = make(f"{self.pick(NAMES)}-{prefix}{len(self.objects)}")
        metadata = body["metadata"]
        if self.chance(0.3):
            metadata["namespace"] = self.pick(NAMESPACES[2:])
        if self.chance(0.4):
            metadata["labels"] = {"app": self.pick(NAMES), "odd": self.text()}
        if self.chance(0.3):
            metadata["annotations"] = {"note": self.text(), "a.b/c": self.text()}
        self.objects.append(body)
        return body

    def _image(self) -> str:
        image = self.pick(
            (
                "nginx",
                "nginx:1.7",
                "registry.io:5000/team/app",
                "registry.io/team/app:v1@sha256:abc",
                "busybox@sha256:0123",
            )
        )
        self.images.append(image)
        return str(image)

    def _container(self, name: str) -> dict[str, Any]:
        body: dict[str, Any] = {"name": name, "image": self._image()}
        if self.chance(0.6):
            body["env"] = [
                {"name": f"E{index}", "value": self.text()}
                for index in range(self.random.randint(1, 3))
            ]
            if self.chance(0.5):
                body["env"].append(
                    {
                        "name": "FROM",
                        "valueFrom": {"configMapKeyRef": {"name": self._any_name(), "key": "a"}},
                    }
                )
        if self.chance(0.3):
            body["envFrom"] = [{"configMapRef": {"name": self._any_name()}}]
        if self.chance(0.4):
            body["ports"] = [
                {"containerPort": 80 + index, **({"protocol": "TCP"} if self.chance(0.5) else {})}
                for index in range(self.random.randint(1, 2))
            ]
        if self.chance(0.3):
            body["args"] = [self.text(), "--flag", self.pick(VALUES[:10])]
        if self.chance(0.2):
            body["volumeMounts"] = [{"name": "v", "mountPath": "/v"}]
        return body

    def _any_name(self) -> str:
        names = [body["metadata"]["name"] for body in self.objects] + ["gen-a", "gen-b", "missing"]
        return str(self.pick(names))

    def _pod_spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = {
            "containers": [
                self._container(f"c{index}") for index in range(self.random.randint(1, 2))
            ]
        }
        if self.chance(0.3):
            spec["volumes"] = [{"name": "v", "configMap": {"name": self._any_name()}}]
        if self.chance(0.3):
            spec["serviceAccountName"] = self._any_name()
        if self.chance(0.2):
            spec["initContainers"] = [self._container("init")]
        return spec

    def _workload(self, name: str, kind: str) -> dict[str, Any]:
        return {
            "apiVersion": "apps/v1",
            "kind": kind,
            "metadata": {"name": name},
            "spec": {
                "replicas": self.random.randint(0, 3),
                "selector": {"matchLabels": {"app": name}},
                "template": {"metadata": {"labels": {"app": name}}, "spec": self._pod_spec()},
            },
        }

    def _deployment(self, name: str) -> dict[str, Any]:
        return self._workload(name, "Deployment")

    def _stateful_set(self, name: str) -> dict[str, Any]:
        return self._workload(name, "StatefulSet")

    def _job(self, name: str) -> dict[str, Any]:
        return {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": name},
            "spec": {"template": {"spec": self._pod_spec()}},
        }

    def _service(self, name: str) -> dict[str, Any]:
        ports = [{"port": 80, "name": "http"}, {"port": 80, "protocol": "UDP", "name": "dns"}]
        return {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name},
            "spec": {"ports": ports[: self.random.randint(1, 2)], "selector": {"app": name}},
        }

    def _config_map(self, name: str) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name},
            "data": {f"k{index}": self.text() for index in range(self.random.randint(0, 3))},
        }

    def _cron_workflow(self, name: str) -> dict[str, Any]:
        return {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "CronWorkflow",
            "metadata": {"name": name},
            "spec": {
                "schedule": "*/5 * * * *",
                "suspend": self.chance(0.5),
                "odd": self.pick(VALUES),
                "workflowSpec": {
                    "templates": [{"name": "main", "container": self._container("main")}],
                    "list": [self.pick(VALUES), {"nested": [self.pick(VALUES)]}],
                },
            },
        }

    def _custom(self, name: str) -> dict[str, Any]:
        spec: dict[str, Any] = {f"f{index}": self.pick(VALUES) for index in range(3)}
        spec |= {"map": {"x": self.pick(VALUES)}, "list": [{"name": "a"}, {"name": "b", "v": 1}]}
        spec |= {"empty": {}, "nothing": [], "deep": {"containers": [self._container("inner")]}}
        return {
            "apiVersion": "example.com/v1",
            "kind": "Custom",
            "metadata": {"name": name},
            "spec": spec,
        }

    def _role_binding(self, name: str) -> dict[str, Any]:
        return {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": self.pick(("RoleBinding", "ClusterRoleBinding")),
            "metadata": {"name": name},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": self._any_name(),
            },
            "subjects": [
                {"kind": "ServiceAccount", "name": self.pick(("default", self._any_name()))}
            ],
        }

    def _cluster_role(self, name: str) -> dict[str, Any]:
        return {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": name},
            "rules": [{"resources": ["configmaps"], "resourceNames": [self._any_name(), "other"]}],
        }

    def _service_account(self, name: str) -> dict[str, Any]:
        return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}

    def _ingress(self, name: str) -> dict[str, Any]:
        backend = {"service": {"name": self._any_name(), "port": {"number": 80}}}
        paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
        return {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": name},
            "spec": {"rules": [{"host": "example.com", "http": {"paths": paths}}]},
        }

    # -- kustomizations --------------------------------------------------------------------

    def _write(self, path: str, *bodies: Any) -> None:
        texts = []
        for body in bodies:
            flow = None if self.chance(0.2) else False
            texts.append(
                yaml.safe_dump(body, default_flow_style=flow, sort_keys=False, allow_unicode=True)
            )
        self.files[path] = "---\n".join(texts)

    def _base(self, folder: str) -> None:
        fields: dict[str, Any] = {"resources": []}
        for number in range(self.random.randint(1, 3)):
            file = f"r{number}.yaml"
            bodies = [self._object(folder[-1]) for _ in range(self.random.randint(1, 3))]
            if self.chance(0.15):
                bodies = [{"apiVersion": "v1", "kind": "List", "items": bodies}]
            self._write(f"{folder}/{file}", *bodies)
            fields["resources"].append(file)
        self._generators(folder, fields, names=("gen-a", "gen-b"))
        self._transformations(folder, fields, share=0.25)
        self._write(f"{folder}/kustomization.yaml", fields)
        self.targets.append(folder)

    def _component(self, folder: str) -> None:
        fields: dict[str, Any] = {
            "apiVersion": "kustomize.config.k8s.io/v1alpha1",
            "kind": "Component",
        }
        self._generators(folder, fields, names=("gen-c",))
        self._transformations(folder, fields, share=0.3)
        if len(fields) == 2:
            fields["commonAnnotations"] = {"component": "yes it is"}
        self._write(f"{folder}/kustomization.yaml", fields)

    def _overlay(self, folder: str, bases: list[str]) -> None:
        fields: dict[str, Any] = {"resources": [f"../{base}" for base in bases]}
        if self.chance(0.3):
            self._write(f"{folder}/own.yaml", self._object("o"))
            fields["resources"].append("own.yaml")
        if "component/kustomization.yaml" in self.files and self.chance(0.6):
            fields["components"] = ["../component"]
        self._generators(folder, fields, names=(f"gen-{folder}",))
        if self.chance(0.2):
            generator = {"name": "gen-a", "behavior": self.pick(("merge", "replace"))}
            generator |= {"literals": ["merged=1", f"odd={self.text()}".replace("\n", " ")]}
            fields.setdefault("configMapGenerator", []).append(generator)
        self._transformations(folder, fields, share=0.5)
        self._write(f"{folder}/kustomization.yaml", fields)
        self.targets.append(folder)

    def _generators(self, folder: str, fields: dict[str, Any], names: tuple[str, ...]) -> None:
        for name in names:
            if not self.chance(0.4):
                continue
            generator: dict[str, Any] = {"name": name}
            if self.chance(0.7):
                generator["literals"] = [
                    f"l{index}={self.text()}" for index in range(self.random.randint(1, 3))
                ]
            if self.chance(0.4):
                self.files[f"{folder}/{name}.txt"] = self.text()
                generator["files"] = [self.pick((f"{name}.txt", f"key={name}.txt"))]
            if self.chance(0.3):
                self.files[f"{folder}/{name}.env"] = "# comment\nA=1\n  B=two words\n\nC\n"
                generator["envs"] = [f"{name}.env"]
            if self.chance(0.3):
                generator["options"] = {"labels": {"gen": self.text()}, "immutable": True}
            if self.chance(0.2):
                generator.setdefault("options", {})["disableNameSuffixHash"] = True
            kind = self.pick(("configMapGenerator", "configMapGenerator", "secretGenerator"))
            fields.setdefault(kind, []).append(generator)
        if self.chance(0.1):
            fields["generatorOptions"] = {"annotations": {"all": "generated"}}

    def _transformations(self, folder: str, fields: dict[str, Any], share: float) -> None:
        if self.chance(share):
            fields["namespace"] = self.pick(("ns-one", "ns-two", "default"))
        if self.chance(share):
            fields["namePrefix"] = self.pick(("p-", "dev-"))
        if self.chance(share / 2):
            fields["nameSuffix"] = "-s"
        if self.chance(share):
            fields["labels"] = [
                {
                    "pairs": {"env": self.text(), "tier": "x"},
                    "includeSelectors": self.chance(0.3),
                    "includeTemplates": self.chance(0.3),
                }
            ]
        if self.chance(share / 2):
            fields["commonLabels"] = {"common": self.text()}
        if self.chance(share):
            fields["commonAnnotations"] = {"note": self.text(), "z": "1"}
        if self.chance(share) and self.images:
            fields["images"] = [self._image_entry()]
        self._changes(folder, fields, share)

    def _changes(self, folder: str, fields: dict[str, Any], share: float) -> None:
        if self.chance(share):
            fields["patches"] = [
                self._patch(folder, number) for number in range(self.random.randint(1, 2))
            ]
        if self.chance(share / 2):
            self._replicas(fields)
        if self.chance(share / 3):
            fields["replacements"] = [self._replacement()]
        if self.chance(0.05):
            fields["sortOptions"] = {"order": self.pick(("fifo", "legacy"))}

    def _image_entry(self) -> dict[str, str]:
        entry = {"name": self.pick(("nginx", "busybox", "registry.io/team/app", "app"))}
        change = self.pick(("newTag", "newName", "digest", "tagSuffix"))
        entry[change] = {"digest": "sha256:" + "9" * 8, "newName": "other/name"}.get(change, "v9")
        return entry

    def _replicas(self, fields: dict[str, Any]) -> None:
        kinds = ("Deployment", "StatefulSet")
        names = [body["metadata"]["name"] for body in self.objects if body["kind"] in kinds]
        if names:
            fields["replicas"] = [{"name": self.pick(names), "count": 7}]

    def _replacement(self) -> dict[str, Any]:
        source, target = self.pick(self.objects), self.pick(self.objects)
        return {
            "source": {"kind": source["kind"], "name": source["metadata"]["name"]},
            "targets": [
                {
                    "select": {"kind": target["kind"], "name": target["metadata"]["name"]},
                    "fieldPaths": [
                        self.pick(("metadata.annotations.copied", "metadata.labels.[a.b/c]"))
                    ],
                    "options": {"create": True},
                }
            ],
        }

    def _patch(self, folder: str, number: int) -> dict[str, Any]:
        body = self.pick(self.objects)
        target = {"kind": body["kind"]}
        if self.chance(0.5):
            target["name"] = self.pick((body["metadata"]["name"], ".*", f"{self.pick(NAMES)}.*"))
        if self.chance(0.4):
            operations = self._operations(body)
            text = yaml.safe_dump(operations, sort_keys=False)
            return {"target": target, "patch": text}
        patch = self._merge_patch(body)
        entry: dict[str, Any] = {}
        if self.chance(0.5):
            entry["target"] = target
        if self.chance(0.5):
            self._write(f"{folder}/patch{number}.yaml", patch)
            entry["path"] = f"patch{number}.yaml"
        else:
            entry["patch"] = yaml.safe_dump(patch, sort_keys=False, allow_unicode=True)
        return entry

    def _operations(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        choices: list[dict[str, Any]] = [
            {"op": "add", "path": "/metadata/labels", "value": {"patched": self.text()}},
            {"op": "add", "path": "/metadata/annotations", "value": {"p": self.text()}},
            {"op": "add", "path": "/spec", "value": {"x": self.pick(VALUES)}},
        ]
        if "spec" in body:
            key = self.pick(sorted(body["spec"]))
            if not isinstance(body["spec"][key], dict | list):
                value = self.pick(VALUES)
                choices.append({"op": "replace", "path": f"/spec/{key}", "value": value})
            choices += [
                {"op": "add", "path": "/spec/added", "value": [self.pick(VALUES)]},
                {"op": "remove", "path": f"/spec/{key}"},
                {"op": "copy", "from": f"/spec/{key}", "path": "/spec/copied"},
                {"op": "test", "path": "/kind", "value": body["kind"]},
            ]
        return [self.pick(choices) for _ in range(self.random.randint(1, 2))]

    def _merge_patch(self, body: dict[str, Any]) -> dict[str, Any]:
        metadata: dict[str, Any] = {"name": body["metadata"]["name"]}
        if "namespace" in body["metadata"]:
            metadata["namespace"] = body["metadata"]["namespace"]
        patch: dict[str, Any] = {
            "apiVersion": body["apiVersion"],
            "kind": body["kind"],
            "metadata": metadata,
        }
        if self.chance(0.3):
            metadata["labels"] = {"patched": self.text()}
        if self.chance(0.3):
            metadata["annotations"] = {"note": self.pick((None, self.text()))}
        if self.chance(0.05):
            patch["$patch"] = "delete"
            return patch
        self._patch_content(body, patch)
        return patch

    def _patch_content(self, body: dict[str, Any], patch: dict[str, Any]) -> None:
        if body["kind"] == "ConfigMap":
            patch["data"] = {"k0": self.pick((None, self.text())), "new": self.text()}
        elif body["kind"] == "Service":
            patch["spec"] = {
                "ports": [{"port": 80, "name": self.pick(("http", "dns")), "nodePort": 3}]
            }
        elif "template" in body.get("spec", {}):
            container: dict[str, Any] = {"name": self.pick(("c0", "c1", "new"))}
            container |= self.pick(
                (
                    {"env": [{"name": "E0", "value": self.text()}]},
                    {"env": [{"name": "NEW", "value": self.text()}], "image": "patched:1"},
                    {"ports": [{"containerPort": 80, "name": "web"}]},
                    {"args": [self.text()]},
                    {"$patch": "delete"},
                    {"env": [{"name": "E1", "$patch": "delete"}]},
                    {"env": [{"$patch": "replace"}, {"name": "ONLY", "value": "x"}]},
                )
            )
            patch["spec"] = {"template": {"spec": {"containers": [container]}}}
            if self.chance(0.2):
                patch["spec"]["replicas"] = self.pick((None, 9))
        else:
            patch["spec"] = self.pick(
                (
                    {"added": self.pick(VALUES)},
                    {"map": {"x": None, "y": self.pick(VALUES)}},
                    {"list": [{"name": "only"}]},
                    {"map": {"$patch": "replace", "z": 1}},
                    {"suspend": True},
                    {"map": None},
                )
            )
