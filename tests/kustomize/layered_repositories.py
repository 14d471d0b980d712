"""Random chains of overlays that write over the same few scalars, one step each: what a text, a
number, and a scalar that never got a type become of each other.
"""

from __future__ import annotations

from random import Random

NAMES = ("a", "a", "e5", "5", "'5'", '"e5"')
IMAGES = ("nginx", "'nginx'", "nginx:1", "80", "'80'", "nginx@sha256:ab")
TEXTS = ("80", "0x1F", "1e3", "abc", "true", "null", "on", "0o17", "2001-01-01", "1:20", "+1")
IMAGE = "spec.template.spec.containers.0.image"

BASE = """apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  template:
    spec:
      containers:
      - name: c0
        image: {image}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: cm}}
data: {{a: '5'}}
"""

CONSTANT = """replacements:
- sourceValue: '{text}'
  targets:
  - select: {{kind: Deployment}}
    options: {{create: true}}
    fieldPaths: ["{path}"]
"""
MADE_AT = (
    *("spec.made", "metadata.labels.made", "metadata.annotations.made", "metadata.name"),
    *("metadata.namespace", IMAGE, "spec.strategy", "spec.list.0"),
    *("spec.list.[a=80].b", "spec.template.spec.containers.[name=80].image"),
)

SOURCED = """replacements:
- source: {{kind: Deployment, fieldPath: {path}, options: {options}}}
  targets:
  - select: {{kind: ConfigMap}}
    options: {{create: true}}
    fieldPaths: [data.a, data.new]
  - select: {{kind: Deployment}}
    options: {{create: true}}
    fieldPaths: [spec.made, spec.copy, metadata.annotations.x]
"""
SOURCES = (
    ("metadata.name", "{}"),
    ("spec.made", "{}"),
    (IMAGE, "{delimiter: ':', index: 0}"),
)

MERGE = """patches:
- target: {{kind: Deployment}}
  options: {{allowNameChange: {renames}}}
  patch: |-
    apiVersion: apps/v1
    kind: Deployment
    metadata: {{name: '9'}}
    spec: {spec}
"""
MERGED = (
    "{y: 1}",
    "{list: null}",
    "{template: {spec: {containers: [{name: c0, image: '7'}]}}}",
)

JSON = """patches:
- target: {{kind: Deployment}}
  patch: |-
    - {operation}
"""
OPERATIONS = (
    "{op: add, path: /spec/z, value: 1}",
    "{op: copy, from: /metadata/name, path: /spec/made}",
    "{op: test, path: /spec/made, value: 80}",
)

OTHERS = (
    "namePrefix: '1'\n",
    "nameSuffix: '5'\n",
    "namespace: '55'\n",
    "images: [{name: nginx, newTag: '9'}]\n",
    "images: [{name: nginx, newName: '80'}]\n",
    "labels: [{pairs: {made: '7'}, includeTemplates: true}]\n",
    "commonAnnotations: {a: '5'}\n",
    "replicas: [{name: a, count: 3}]\n",
    "configMapGenerator: [{name: g, literals: [a=1]}]\n",
    (
        "vars: [{name: V, objref: {apiVersion: apps/v1, kind: Deployment, name: a}}]\n"
        "configurations: [fields.yaml]\n"
    ),
    (
        "patchesStrategicMerge:\n- |-\n  apiVersion: apps/v1\n  kind: Deployment\n"
        "  metadata: {name: a}\n  spec: {y: 1}\n"
    ),
    (
        "transformers:\n- |-\n  apiVersion: builtin\n  kind: ValueAddTransformer\n"
        "  metadata: {name: v}\n  value: '80'\n"
        "  targets: [{selector: {kind: Deployment}, fieldPath: spec/made}]\n"
    ),
)
FIELDS = (
    f"varReference: [{{path: spec/made}}, {{path: {IMAGE.replace('.0.', '.').replace('.', '/')}}}]"
)


class LayeredRepository:
    """One random chain; ``files`` by path, ``targets``: folders to build."""

    def __init__(self, seed: int) -> None:
        self.random = random = Random(seed)
        base = BASE.format(name=random.choice(NAMES), image=random.choice(IMAGES))
        self.files = {"layer0/base.yaml": base}
        self.files["layer0/kustomization.yaml"] = "resources: [base.yaml]\n"
        depth = random.randint(1, 4)
        for layer in range(1, depth + 1):
            fields = f"resources: [../layer{layer - 1}]\n{self._step()}"
            self.files[f"layer{layer}/kustomization.yaml"] = fields
            self.files[f"layer{layer}/fields.yaml"] = FIELDS
        self.targets = [f"layer{depth}"]

    def _step(self) -> str:
        pick = self.random.choice
        kind = self.random.random()
        if kind < 0.4:
            return CONSTANT.format(text=pick(TEXTS), path=pick(MADE_AT))
        if kind < 0.5:
            path, options = pick(SOURCES)
            return SOURCED.format(path=path, options=options)
        if kind < 0.65:
            return MERGE.format(renames=pick(("true", "false")), spec=pick(MERGED))
        if kind < 0.75:
            return JSON.format(operation=pick(OPERATIONS))
        return pick(OTHERS)
