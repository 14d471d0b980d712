"""Only changed files are built again: what that gives is what a whole build gives, or nothing."""

from __future__ import annotations

from random import Random

import pytest

from tests.kustomize.random_edits import edited, with_crossings
from tests.kustomize.random_repositories import Files, Repository
from toolkit.adapters.files import MemoryTree
from toolkit.errors import BuildError, YamlError
from toolkit.kustomize.build import build, render
from toolkit.kustomize.partial import Partial, rebuild, spliced
from toolkit.kustomize.result import BuildOptions
from toolkit.kustomize.tracing.trace import Trace

SAMPLE = range(40)
SOAK = range(1_000, 7_000)


class Kept:
    """A whole build of files, and what it left for a partial one."""

    def __init__(self, files: Files, target: str, **options: str) -> None:
        self.files = files
        self.target = target
        self.options = BuildOptions(**options)  # type: ignore[arg-type]
        self.trace = Trace()
        result = build(MemoryTree(files), target, self.options, trace=self.trace)
        self.is_kept = not result.warnings
        self.read = result.files
        self.text = render(result)
        self.notes = self.trace.text()

    def after(self, files: Files) -> str | None:
        """What is printed for the changed files without a whole build; None for a whole one."""
        changed = {path for path in self.read if files.get(path) != self.files[path]}
        if not self.is_kept or not self.notes or not changed <= set(self.trace.plain):
            return None
        if not changed <= files.keys() or files.keys() - self.files.keys():
            return None
        partial = Partial(self.notes, self.trace.plain, changed)
        texts = rebuild(MemoryTree(files), self.target, self.options, partial)
        if texts is None:
            return None
        body = spliced(self.text.encode("utf-8", "surrogateescape"), partial.size, texts)
        return None if body is None else body.decode("utf-8", "surrogateescape")


def whole(files: Files, target: str, **options: str) -> str | None:
    """What a whole build prints; None where it fails or warns."""
    try:
        result = build(MemoryTree(files), target, BuildOptions(**options))  # type: ignore[arg-type]
        return None if result.warnings else render(result)
    except (BuildError, YamlError):
        return None


def count_partial(seed: int) -> int:
    """Edits a random repository, and tells for how many of its targets a part was built."""
    repository = Repository(seed)
    random = Random(seed)
    before = repository.files
    if random.random() < 0.7:
        before = with_crossings(random, before)
    options = {"compat": random.choice(("kustomize", "argo"))}
    count = 0
    for target in repository.targets:
        try:
            kept = Kept(before, target, **options)
        except (BuildError, YamlError):
            continue
        for _ in range(3):
            files = edited(random, before)
            text = kept.after(files)
            if text is not None:
                count += 1
                assert text == whole(files, target, **options)
    return count


@pytest.mark.parametrize("seed", SAMPLE)
def test_after_random_edits_a_part_is_as_good_as_the_whole(seed: int) -> None:
    count_partial(seed)


@pytest.mark.soak
def test_after_thousands_of_random_edits() -> None:
    assert sum(map(count_partial, SOAK)) > len(SOAK)


def test_random_edits_lead_to_parts_often_enough() -> None:
    assert sum(map(count_partial, range(100, 120))) > 20


CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}\ndata:\n  a: {}\n"
POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: {}
  labels: {{app: {}}}
spec:
  containers:
  - name: main
    image: {}
    envFrom:
    - configMapRef: {{name: {}}}
"""
LIST = (
    "apiVersion: v1\nkind: List\nitems:\n- {{apiVersion: v1, kind: {}, metadata: {{name: {}}}}}\n"
)
LOCAL = "metadata:\n  annotations: {config.kubernetes.io/local-config: 'true'}"


def repository(top: str, **more: str) -> Files:
    """``top`` over a base of a pod, two ConfigMaps in one file, a List, and what ``more`` adds
    (``base_x`` is base/x.yaml).
    """
    return {
        "kustomization.yaml": top,
        "base/kustomization.yaml": "resources: [pod.yaml, maps.yaml, list.yaml]\n",
        "base/pod.yaml": POD.format("web", "web", "nginx:1", "one"),
        "base/maps.yaml": CONFIG_MAP.format("one", "x") + "---\n" + CONFIG_MAP.format("two", "y"),
        "base/list.yaml": LIST.format("ServiceAccount", "runner"),
        **{f"{name.replace('_', '/')}.yaml": text for name, text in more.items()},
    }


def replaced(files: Files, path: str, old: str, new: str) -> Files:
    assert old in files[path]
    return {**files, path: files[path].replace(old, new)}


TOP = "resources: [base]\n"
GENERATOR = "configMapGenerator:\n- name: gen\n  literals: [a=b]\n"
BY_LABEL = """\
resources: [base]
patches:
- target: {labelSelector: app=web}
  patch: |-
    - {op: add, path: /metadata/annotations, value: {chosen: "yes"}}
"""
DELETING = """\
resources: [base]
patches:
- patch: "{apiVersion: v1, kind: ConfigMap, metadata: {name: two}, $patch: delete}"
- patch: "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {nodeName: here}}"
"""
COPYING = """\
resources: [base]
replacements:
- source: {kind: ConfigMap, name: one, fieldPath: data.a}
  targets:
  - select: {kind: ServiceAccount}
    fieldPaths: [metadata.annotations.copied]
    options: {create: true}
"""
TWICE = {
    "kustomization.yaml": "resources: [left, right]\n",
    "left/kustomization.yaml": "resources: [../base]\nnamespace: left\n",
    "right/kustomization.yaml": "resources: [../base]\nnamespace: right\nnamePrefix: r-\n",
}
COMPONENT = """\
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
images: [{name: nginx, newTag: component}]
replicas: []
labels: [{pairs: {from: component}}]
"""

SERVED = {
    "a value": (repository(TOP), "base/pod.yaml", "nginx:1", "nginx:2"),
    "one of several documents": (repository(TOP), "base/maps.yaml", "a: y", "a: changed"),
    "an item of a list": (
        repository(TOP),
        "base/list.yaml",
        "{name: runner}",
        "{name: runner, annotations: {a: b}}",
    ),
    "a comment": (repository(TOP), "base/pod.yaml", "spec:", "# pods\nspec:"),
    "a name that changed elsewhere": (
        repository(TOP + "namePrefix: p-\n"),
        "base/pod.yaml",
        "nginx:1",
        "nginx:2",
    ),
    "a new reference to what is generated": (
        repository(TOP + GENERATOR),
        "base/pod.yaml",
        "{name: one}",
        "{name: gen}",
    ),
    "a generator that merges into it": (
        repository(TOP + GENERATOR.replace("gen\n", "one\n  behavior: merge\n")),
        "base/maps.yaml",
        "a: x",
        "k: changed",
    ),
    "two ways to it": (
        repository(TOP) | TWICE,
        "base/pod.yaml",
        "{name: one}",
        "{name: two}",
    ),
    "a component above": (
        repository(TOP + "components: [comp]\n") | {"comp/kustomization.yaml": COMPONENT},
        "base/pod.yaml",
        "name: main",
        "name: other",
    ),
    "a label that nothing selects": (
        repository(BY_LABEL),
        "base/pod.yaml",
        "{app: web}",
        "{app: web, more: labels}",
    ),
    "the object beside a removed one": (
        repository(DELETING),
        "base/maps.yaml",
        "a: x",
        "a: changed",
    ),
    "a removed object": (repository(DELETING), "base/maps.yaml", "a: y", "a: changed"),
    "a source of the same value": (
        repository(COPYING),
        "base/maps.yaml",
        "a: x",
        "a: x\n  b: changed",
    ),
    "an object of its own kustomization": (
        repository("resources: [base, own.yaml]\nnamespace: team\n", own=LIST.format("Job", "job")),
        "own.yaml",
        "{name: job}",
        "{name: job, labels: {a: b}}",
    ),
    "an object that is not printed": (
        repository("resources: [base, own.yaml]\n", own=CONFIG_MAP.format(f"z\n{LOCAL[10:]}", 1)),
        "own.yaml",
        "a: 1",
        "a: 2",
    ),
}

LEFT_TO_ALL = {
    "another name": (repository(TOP), "base/pod.yaml", "name: web", "name: api"),
    "another namespace": (
        repository(TOP),
        "base/pod.yaml",
        "name: web",
        "name: web\n  namespace: team",
    ),
    "another kind": (repository(TOP), "base/list.yaml", "ServiceAccount", "Secret"),
    "a document less": (repository(TOP), "base/maps.yaml", "---\n", "---\n---\n# "),
    "no document": (repository(TOP), "base/list.yaml", "- {", "- {}\n# {"),
    "broken text": (repository(TOP), "base/pod.yaml", "spec:", "spec: ]"),
    "a duplicate": (repository(TOP), "base/maps.yaml", "name: two", "name: one"),
    "a selected label": (repository(BY_LABEL), "base/pod.yaml", "{app: web}", "{app: api}"),
    "a label that is selected now": (
        repository(BY_LABEL),
        "base/list.yaml",
        "{name: runner}",
        "{name: runner, labels: {app: web}}",
    ),
    "local from now on": (
        repository(TOP),
        "base/list.yaml",
        "{name: runner}",
        "{name: runner, annotations: {config.kubernetes.io/local-config: 'true'}}",
    ),
    "a source of another value": (repository(COPYING), "base/maps.yaml", "a: x", "a: changed"),
    "a target of a source elsewhere": (
        repository(COPYING),
        "base/list.yaml",
        "{name: runner}",
        "{name: runner, labels: {a: b}}",
    ),
    "a list too deep": (
        repository(TOP + "namePrefix: p-\n"),
        "base/pod.yaml",
        "{name: one}",
        "{name: [[one]]}",
    ),
    "notes of origins": (
        repository(TOP + "buildMetadata: [originAnnotations]\n"),
        "base/pod.yaml",
        "nginx:1",
        "nginx:2",
    ),
    "plugins": (
        repository(TOP + "transformers: [tr]\n")
        | {
            "tr/kustomization.yaml": "resources: [prefix.yaml]\n",
            "tr/prefix.yaml": "{apiVersion: builtin, kind: PrefixTransformer, metadata: {name: x}, "
            "prefix: p-, fieldSpecs: [{path: metadata/name}]}",
        },
        "base/pod.yaml",
        "nginx:1",
        "nginx:2",
    ),
    "a schema": (
        repository(TOP + "openapi: {version: v1.21.2}\n"),
        "base/pod.yaml",
        "nginx:1",
        "nginx:2",
    ),
    "a name of separators": (
        repository(TOP, base_pod=POD.format('"we\\tb"', "web", "nginx:1", "one")),
        "base/pod.yaml",
        "nginx:1",
        "nginx:2",
    ),
    "a file that a generator reads, too": (
        repository(
            "resources: [base, own.yaml]\nconfigMapGenerator: [{name: g, files: [own.yaml]}]\n",
            own=CONFIG_MAP.format("own", "1"),
        ),
        "own.yaml",
        "a: 1",
        "a: 2",
    ),
    "a patch": (
        repository(TOP + "patches: [{path: patch.yaml}]\n", patch=POD.format("web", "w", "i", "c")),
        "patch.yaml",
        "image: i",
        "image: j",
    ),
    "a kustomization": (repository(TOP), "kustomization.yaml", "base]", "base]\nnamePrefix: p-"),
}


@pytest.mark.parametrize("what", SERVED)
def test_a_part_is_built_after_a_change_of(what: str) -> None:
    before, path, old, new = SERVED[what]
    after = replaced(before, path, old, new)
    text = Kept(before, "").after(after)
    assert text is not None
    assert text == whole(after, "")


@pytest.mark.parametrize("what", LEFT_TO_ALL)
def test_all_is_built_after_a_change_of(what: str) -> None:
    before, path, old, new = LEFT_TO_ALL[what]
    assert Kept(before, "").after(replaced(before, path, old, new)) is None


def test_a_touched_file_gives_what_it_gave() -> None:
    files = repository(TOP + GENERATOR)
    kept = Kept(files, "")
    partial = Partial(kept.notes, kept.trace.plain, {"base/pod.yaml"})
    texts = rebuild(MemoryTree(files), "", BuildOptions(), partial)
    assert texts is not None
    assert spliced(kept.text.encode(), partial.size, texts) == kept.text.encode()


def test_only_what_changed_is_read() -> None:
    kept = Kept(repository(TOP), "")
    tree = CountingTree(kept.files)
    rebuild(tree, "", BuildOptions(), Partial(kept.notes, kept.trace.plain, {"base/maps.yaml"}))
    assert tree.read_files == ["kustomization.yaml", "base/kustomization.yaml", "base/maps.yaml"]


def test_a_render_of_another_size_is_not_spliced() -> None:
    assert spliced(b"a: 1\n---\nb: 2\n", 3, {0: "c: 3\n"}) is None
    assert spliced(b"a: 1\n---\nb: 2\n", 2, {1: "c: 3\n"}) == b"a: 1\n---\nc: 3\n"


class CountingTree(MemoryTree):
    """Remembers what was read."""

    def __init__(self, files: Files) -> None:
        super().__init__(files)
        self.read_files: list[str] = []

    def read(self, path: str) -> bytes:
        self.read_files.append(path)
        return super().read(path)
