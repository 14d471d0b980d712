"""Random repositories with every field of a kustomization, and texts as people type them: block
and quoted scalars, odd numbers, tags, anchors, comments, Windows line ends. The same seed gives the
same files.
"""

from __future__ import annotations

import json
from typing import Any

import yaml

from tests.kustomize.random_repositories import VALUES, Repository

TYPED = (
    "0777", "0o17", "1e3", "1_000", "0x1F", ".5", "1.10", "+1", "-0", "0b11", "1.", "~", "Null",
    "TRUE", "yes", "n", "2001-12-14", "12:30", "!!str 5", "!!int '5'", "!!float 1", "! x",
    "'it''s'",
    '"\\u263a"', '"a\\tb"', "'#'", "a#b", "<<", "1e400", "123456789.125", "9223372036854775808",
    "&anchor text", "[a, {b: }]", "{c, d: ~}", "[]", "{}", "|-\n@  block\n@   deeper",
    "|+\n@  kept\n\n", "|\n@  # no comment\n", ">\n@  folded\n@  text\n\n@  more\n", ">-\n@  a  b",
    "plain\n@  on two lines", '"quoted\n@  on two lines"', "x # comment",
)  # fmt: skip
"""Values as typed; ``@`` is the indentation."""

PLUGINS = (
    ("AnnotationsTransformer", {"annotations": {"by": "plugin"}}, "metadata/annotations"),
    ("LabelTransformer", {"labels": {"by": "plugin"}}, "metadata/labels"),
    ("PrefixTransformer", {"prefix": "plug-"}, "metadata/name"),
    ("SuffixTransformer", {"suffix": "-plug"}, "metadata/name"),
    ("NamespaceTransformer", {}, "metadata/namespace"),
    ("ImageTagTransformer", {"imageTag": {"name": "nginx", "newTag": "9"}}, "spec/image"),
    ("ValueAddTransformer", {"value": "x", "targets": [{"fieldPath": "metadata/name"}]}, ""),
)
PATHS = {
    "Custom": (
        *("spec.f0", "spec.f1", "spec.typed0", "spec.map.x", "spec.deep.made.here"),
        *("spec.list.[name=b].v", "spec.list.[name=zz].v", "spec.deep.containers.*.image"),
    ),
    "CronWorkflow": ("spec.odd", "spec.schedule", "spec.workflowSpec.list.0", "spec.new.one"),
    "ConfigMap": ("data.k0", "data.typed", "data.new"),
    "Deployment": (
        "spec.replicas",
        "spec.template.spec.containers.*.image",
        "spec.template.spec.containers.[name=c0].image",
    ),
    "StatefulSet": ("spec.replicas", "spec.template.spec.containers.0.name"),
    "Service": ("spec.ports.0.port", "spec.selector.app"),
}
"""Field paths that lead somewhere, by kind."""

CONFIGURATIONS = (
    {"namePrefix": [{"path": "metadata/annotations/prefixed"}]},
    {"commonLabels": [{"path": "spec/map", "kind": "Custom", "create": True}]},
    {"images": [{"path": "spec/deep/containers/image", "kind": "Custom"}]},
    {"nameReference": [{"kind": "ConfigMap", "fieldSpecs": [{"path": "spec/f0"}]}]},
    {"varReference": [{"path": "spec/schedule", "kind": "CronWorkflow"}]},
    {"replicas": [{"path": "spec/odd", "kind": "CronWorkflow"}]},
)
OPENAPI = {
    "definitions": {
        "v1.Custom": {
            "properties": {
                "spec": {
                    "properties": {
                        "list": {
                            "type": "array",
                            "items": {"type": "object"},
                            "x-kubernetes-patch-merge-key": "name",
                            "x-kubernetes-patch-strategy": "merge",
                        }
                    }
                }
            },
            "x-kubernetes-group-version-kind": [
                {"group": "example.com", "version": "v1", "kind": "Custom"}
            ],
        }
    }
}


class RichRepository(Repository):
    """As :class:`Repository`, with more of everything."""

    def _custom(self, name: str) -> dict[str, Any]:
        body = super()._custom(name)
        for index in range(self.random.randint(0, 3)):
            body["spec"][f"typed{index}"] = f"TYPED{self.random.randrange(len(TYPED))}X"
        return body

    def _config_map(self, name: str) -> dict[str, Any]:
        body = super()._config_map(name)
        if self.chance(0.3):
            body["data"]["typed"] = f"TYPED{self.random.randrange(len(TYPED))}X"
        return body

    # -- texts -----------------------------------------------------------------------------

    def _write(self, path: str, *bodies: Any) -> None:
        texts = [self._typed(self._dump(body)) for body in bodies]
        text = self.pick(("---\n", "---\n# comment\n", "---\n---\n", "---   \n")).join(texts)
        if not path.endswith("kustomization.yaml"):
            start, end = self.pick((("", ""), ("", ""), ("---\n", ""), ("# top\n\n", "---\n")))
            text = start + text + end
        if self.chance(0.05):
            text = "\ufeff" + text
        if self.chance(0.05):
            text = text.replace("\n", "\r\n")
        self.files[path] = text

    def _dump(self, body: Any) -> str:
        if self.chance(0.1):
            return json.dumps(body, indent=self.pick((None, 2)), ensure_ascii=False) + "\n"
        return yaml.safe_dump(
            body,
            default_flow_style=None if self.chance(0.2) else False,
            default_style=self.pick((None,) * 8 + ('"', "'", "|")),
            sort_keys=False,
            allow_unicode=self.chance(0.7),
            width=self.pick((60, 80, 4000)),
            indent=self.pick((2, 2, 4)),
        )

    def _typed(self, text: str) -> str:
        return "\n".join(map(_typed_line, text.split("\n")))

    # -- fields ----------------------------------------------------------------------------

    def _transformations(self, folder: str, fields: dict[str, Any], share: float) -> None:
        super()._transformations(folder, fields, share)
        for add in (
            self._labels,
            self._more_images,
            self._more_replacements,
            self._more_patches,
            self._plugin,
            self._configuration,
            self._vars,
            self._order,
            self._schema,
        ):
            if self.chance(share / 2):
                add(folder, fields)

    def _generators(self, folder: str, fields: dict[str, Any], names: tuple[str, ...]) -> None:
        super()._generators(folder, fields, names)
        if self.chance(0.2):
            generator = {"name": f"secret-{folder}", "type": self.pick(("Opaque", "a/b"))}
            literals = ["a=b", f"b={self.text()}", 'q="x y"', "e="]
            fields.setdefault("secretGenerator", []).append({**generator, "literals": literals})
        if self.chance(0.1):
            name = f"made-{folder}"
            body = {"apiVersion": "builtin", "kind": "ConfigMapGenerator", "name": name}
            body |= {"metadata": {"name": "g"}, "literals": [f"x={self.text()}"]}
            self._write(f"{folder}/generator.yaml", body)
            fields["generators"] = ["generator.yaml"]

    def _labels(self, _: str, fields: dict[str, Any]) -> None:
        spec = {"path": self.pick(("spec/l", "metadata/labels", "spec/map")), "create": True}
        spec |= self.pick(({}, {"kind": "Custom"}, {"group": "apps"}, {"version": "v1"}))
        entry: dict[str, Any] = {"pairs": {f"l{len(fields)}": self.text(), "app": "web"}}
        entry |= self.pick(
            ({"fields": [spec]}, {"includeTemplates": True}, {"includeSelectors": True}, {})
        )
        fields.setdefault("labels", []).append(entry)

    def _more_images(self, _: str, fields: dict[str, Any]) -> None:
        name = self.pick(("nginx", "busybox", "registry.io/.*", "(?i)NGINX", "registry.io:5000/.*"))
        changes = {"newName": "n/ew", "newTag": "1.20", "digest": "sha256:fe", "tagSuffix": "-s"}
        chosen = {key: value for key, value in changes.items() if self.chance(0.4)}
        fields.setdefault("images", []).append({"name": name, **chosen})

    def _more_replacements(self, folder: str, fields: dict[str, Any]) -> None:
        source, target = self.pick(self.objects), self.pick(self.objects)
        entry: dict[str, Any] = {
            "source": {
                "kind": source["kind"],
                "name": source["metadata"]["name"],
                "fieldPath": self.pick((*PATHS.get(source["kind"], ()), "metadata.name", "kind")),
            }
        }
        if self.chance(0.3):
            entry["source"]["options"] = {"delimiter": self.pick(("-", ".", ":")), "index": 0}
        if self.chance(0.15):
            entry = {"sourceValue": self.text()}
        options: dict[str, Any] = {"create": self.chance(0.6)}
        if self.chance(0.3):
            options |= {"delimiter": self.pick(("-", "/", ":")), "index": self.pick((-1, 0, 1, 9))}
        chosen: dict[str, Any] = {"select": {"kind": target["kind"]}, "options": options}
        made = ("metadata.annotations.made", "metadata.labels.made", "spec.made")
        chosen["fieldPaths"] = [self.pick((*PATHS.get(target["kind"], ()), *made))]
        if self.chance(0.3):
            chosen["reject"] = [{"name": self.pick((target["metadata"]["name"], ".*-0"))}]
        entry["targets"] = [chosen]
        if self.chance(0.2):
            self._write(f"{folder}/replacement.yaml", entry)
            entry = {"path": "replacement.yaml"}
        fields.setdefault("replacements", []).append(entry)

    def _more_patches(self, folder: str, fields: dict[str, Any]) -> None:
        body = self.pick(self.objects)
        if self.chance(0.5):
            operations = self._operations(body)
            text = json.dumps(operations)
            if self.chance(0.5):
                self.files[f"{folder}/ops.json"] = text
                entry = {"target": {"kind": body["kind"]}, "path": "ops.json"}
            else:
                entry = {"target": {"labelSelector": "app"}, "patch": text}
            fields.setdefault("patches", []).append(entry)
            return
        patch = self._merge_patch(body)
        if "spec" in patch and isinstance(patch["spec"], dict):
            patch["spec"] |= self.pick(
                (
                    {"typed1": f"TYPED{self.random.randrange(len(TYPED))}X"},
                    {"$retainKeys": ["x"], "x": 1},
                    {"list": [{"$patch": "replace"}, {"name": "z"}]},
                    {"list": [{"name": "a", "$patch": "delete"}, {"name": "b", "w": 2}]},
                    {"replicas": "3"},
                )
            )
        self._write(f"{folder}/merge.yaml", patch)
        fields.setdefault("patchesStrategicMerge", []).append("merge.yaml")

    def _plugin(self, folder: str, fields: dict[str, Any]) -> None:
        kind, content, path = self.pick(PLUGINS)
        body = {"apiVersion": "builtin", "kind": kind}
        body |= {"metadata": {"name": "t", "namespace": "plug"}, **content}
        if path:
            body["fieldSpecs"] = [{"path": path, "create": self.chance(0.7)}]
        if self.chance(0.5):
            fields["transformers"] = [yaml.safe_dump(body)]
        else:
            self._write(f"{folder}/transformer.yaml", body)
            fields["transformers"] = ["transformer.yaml"]

    def _configuration(self, folder: str, fields: dict[str, Any]) -> None:
        self._write(f"{folder}/configuration.yaml", self.pick(CONFIGURATIONS))
        fields["configurations"] = ["configuration.yaml"]

    def _vars(self, folder: str, fields: dict[str, Any]) -> None:
        body = self.pick(self.objects)
        reference = {"apiVersion": body["apiVersion"], "kind": body["kind"]}
        reference["name"] = body["metadata"]["name"]
        fields["vars"] = [{"name": self.pick(("VAR", folder)), "objref": reference}]

    def _order(self, _: str, fields: dict[str, Any]) -> None:
        first = {"orderFirst": ["Service", "Custom"], "orderLast": ["ConfigMap"]}
        fields["sortOptions"] = self.pick(
            (
                {"order": "fifo"},
                {"order": "legacy"},
                {"order": "legacy", "legacySortOptions": first},
            )
        )
        fields["buildMetadata"] = self.pick(
            (
                ["originAnnotations"],
                ["transformerAnnotations"],
                ["originAnnotations", "transformerAnnotations"],
            )
        )

    def _schema(self, folder: str, fields: dict[str, Any]) -> None:
        self.files[f"{folder}/schema.json"] = json.dumps(OPENAPI)
        fields["openapi"] = {"path": "schema.json"}

    def _merge_patch(self, body: dict[str, Any]) -> dict[str, Any]:
        patch = super()._merge_patch(body)
        if self.chance(0.1):
            patch["metadata"]["labels"] = {"n": self.pick(VALUES)}
        return patch


def _typed_line(line: str) -> str:
    key, found, number = line.partition(": TYPED")
    if not found or not number.endswith("X") or not number[:-1].isdigit():
        return line
    indent = " " * (len(line) - len(line.lstrip(" ")))
    return f"{key}: {TYPED[int(number[:-1])].replace('@', indent)}"
