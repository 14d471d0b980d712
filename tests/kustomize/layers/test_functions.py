"""KRM functions and Helm charts: refused unless allowed, else as the real kustomize does it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from toolkit.adapters.files import DiskTree
from toolkit.adapters.functions import ProcessRunner
from toolkit.errors import BuildError
from toolkit.kustomize.build import build, render

KUSTOMIZE = shutil.which("kustomize") or shutil.which(
    "kustomize", path=str(Path("~/go/bin").expanduser())
)
real = pytest.mark.skipif(KUSTOMIZE is None, reason="the real kustomize is not here")

FUNCTION = f"""\
#!{sys.executable}
import os, sys, yaml
wanted = yaml.safe_load(sys.stdin)
config = wanted["functionConfig"]
items = wanted["items"]
if config["kind"] == "Generate":
    items = [
        {{"apiVersion": "v1", "kind": "ConfigMap",
          "metadata": {{"name": name, "annotations": dict(config.get("add") or {{}})}},
          "data": {{"folder": os.path.basename(os.getcwd()), "args": " ".join(sys.argv[1:]),
                    "env": os.environ.get("COLOUR", "")}}}}
        for name in config["names"]
    ]
if config["kind"] == "Change":
    items = [item for item in items if item["metadata"]["name"] != config["drop"]]
    for item in items:
        item["data"]["seen"] = str(len(items))
    items.append({{"apiVersion": "v1", "kind": "Secret", "metadata": {{"name": "new"}}}})
if config["kind"] == "Fail":
    print("a wrong value", "in a field", file=sys.stderr)
    sys.exit(3)
if config["kind"] == "Chatter":
    print("[ not yaml")
wanted["items"] = items
yaml.safe_dump(wanted, sys.stdout)
"""
HELM = """\
#!/bin/sh
case "$1" in version) echo v3.17.0+g301108e; exit 0;; esac
printf '%s\\n' "$@" > "$RECORD"
while [ $# -gt 0 ]; do
  if [ "$1" = -f ]; then echo "--- file" >> "$RECORD"; cat "$2" >> "$RECORD"; fi
  shift
done
cat "$PRINTED"
"""
PRINTED = """\
---
# Source: app/templates/service.yaml
apiVersion: v1
kind: Service
metadata:
  name: app
  namespace: given
spec:
  ports:
  - port: 80
---
# Source: app/templates/empty.yaml
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: app
data:
  a: "1"
"""
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {a: '1', n: 'yes'}\n"


def function(kind: str, fields: str = "", exec_fields: str = "path: ./fn.py") -> str:
    return (
        f"apiVersion: example.com/v1\nkind: {kind}\nmetadata:\n  name: x\n  annotations:\n"
        f"    config.kubernetes.io/function: |\n      exec: {{{exec_fields}}}\n{fields}"
    )


class Repository:
    """``app/`` with a program, and both builders."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.write("app/fn.py", FUNCTION).chmod(0o755)
        self.write("app/one.yaml", CONFIG % "one")
        self.write("app/two.yaml", CONFIG % "two")

    def write(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def build(self, folder: str = "app", **allowed: object) -> str:
        given = allowed or {"has_helm": True, "has_functions": True, "helm": self.helm}
        runner = ProcessRunner(**given)
        return render(build(DiskTree("/"), f"{self.root}/{folder}".lstrip("/"), runner=runner))

    @property
    def helm(self) -> str:
        return str(self.root / "helm")

    def upstream(self, folder: str = "app", *flags: str) -> str:
        command = [str(KUSTOMIZE), "build", "--enable-alpha-plugins", "--enable-exec"]
        command += ["--enable-helm", "--helm-command", self.helm, *flags, str(self.root / folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


GENERATE = function(
    "Generate", "names: [c, b]\n", "path: ./fn.py, args: [x, 'y z'], envs: [COLOUR=red]"
)
KUSTOMIZATIONS = {
    "generator": ("generators: [g.yaml]\n", GENERATE),
    "transformed by the built-in ones": (
        "namePrefix: p-\nresources: [one.yaml]\ngenerators: [g.yaml]\n",
        GENERATE,
    ),
    "generator asks for a hash": (
        "generators: [g.yaml]\n",
        function("Generate", 'names: [b]\nadd: {kustomize.config.k8s.io/needs-hash: "true"}\n'),
    ),
    "generator merges": (
        "resources: [one.yaml]\ngenerators: [g.yaml]\n",
        function("Generate", "names: [one]\nadd: {kustomize.config.k8s.io/behavior: merge}\n"),
    ),
    "transformer": (
        "namePrefix: p-\nresources: [one.yaml, two.yaml]\ntransformers: [g.yaml]\n",
        function("Change", "drop: p-one\n"),
    ),
    "transformer that echoes": (
        "resources: [one.yaml, two.yaml]\ntransformers: [g.yaml]\n",
        function("Echo"),
    ),
}


@real
@pytest.mark.parametrize("case", KUSTOMIZATIONS)
def test_functions_give_what_they_give_upstream(repository, case):
    kustomization, config = KUSTOMIZATIONS[case]
    repository.write("app/kustomization.yaml", kustomization)
    repository.write("app/g.yaml", config)

    assert repository.build() == repository.upstream()


def test_a_validator_that_prints_what_it_read_is_content(repository):
    repository.write("app/kustomization.yaml", "resources: [one.yaml]\nvalidators: [g.yaml]\n")
    repository.write("app/g.yaml", function("Echo"))
    checked = repository.build()
    repository.write("app/kustomization.yaml", "resources: [one.yaml]\n")

    assert checked == repository.build()


REFUSED = {
    "Fail": ("", "fn.py failed with exit code 3"),
    "Chatter": ("", "printed no ResourceList"),
    "Change": ("drop: none\n", "a validator must not change the objects"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_a_function_does_wrong_is_an_error_with_its_place(repository, kind):
    fields, message = REFUSED[kind]
    repository.write("app/kustomization.yaml", "resources: [one.yaml]\nvalidators: [g.yaml]\n")
    repository.write("app/g.yaml", function(kind, fields))

    with pytest.raises(BuildError, match=message) as caught:
        repository.build()
    assert str(caught.value.location).endswith("app/kustomization.yaml:2:14")


def test_the_words_of_a_function_that_fails_are_hints(repository):
    repository.write("app/kustomization.yaml", "generators: [g.yaml]\n")
    repository.write("app/g.yaml", function("Fail"))

    with pytest.raises(BuildError) as caught:
        repository.build()
    assert tuple(caught.value.hints) == ("a wrong value in a field",)


@pytest.mark.parametrize(
    ("exec_fields", "message"),
    [
        ("path: ../outside.py", "does not exist|outside of"),
        ("path: /bin/cat", "outside of"),
        ("path: cat", "no path"),
        ("path: ./one.yaml", "cannot be started"),
        ("path: ./fn.py, shell: true", "unknown fields: shell"),
        ("path: ./fn.py, args: [1]", "lists of texts"),
        ("", "names no program"),
    ],
)
def test_only_a_program_of_the_kustomization_is_started(repository, exec_fields, message):
    repository.write("app/kustomization.yaml", "generators: [g.yaml]\n")
    repository.write("app/g.yaml", function("Generate", "names: [a]\n", exec_fields))

    with pytest.raises(BuildError, match=message):
        repository.build()


def test_a_function_that_never_ends_is_ended(repository):
    repository.write("app/slow", "#!/bin/sh\nsleep 1000 & wait\n").chmod(0o755)
    repository.write("app/kustomization.yaml", "generators: [g.yaml]\n")
    repository.write("app/g.yaml", function("Generate", exec_fields="path: ./slow"))

    with pytest.raises(BuildError, match="slow took longer than"):
        repository.build(has_functions=True, timeout_s=0.2)


def test_a_function_is_refused_where_it_is_not_allowed(repository):
    repository.write("app/kustomization.yaml", "generators: [g.yaml]\n")
    repository.write("app/g.yaml", GENERATE)

    with pytest.raises(BuildError, match="only done where that is allowed") as caught:
        repository.build(has_helm=True)
    assert "--enable-exec" in caught.value.hints[0]


@pytest.fixture
def charts(repository, monkeypatch):
    repository.write("helm", HELM).chmod(0o755)
    repository.write("app/charts/app/values.yaml", "# of the chart\na: {b: 1, c: [1]}\nd: x\n")
    repository.write("app/charts/app/Chart.yaml", "name: app\n")
    repository.write("app/mine.yaml", "d: mine\n")
    repository.write("app/more.yaml", "e: more\n")
    repository.write("printed", PRINTED)
    monkeypatch.setenv("RECORD", str(repository.root / "record"))
    monkeypatch.setenv("PRINTED", str(repository.root / "printed"))
    return repository


def recorded(repository: Repository) -> list[str]:
    """What helm was called with; its folder of temporary files left out."""
    lines = (repository.root / "record").read_text().splitlines()
    return [line.rpartition("/")[2] if "kustomize-values" in line else line for line in lines]


CHARTS = {
    "plain": "helmCharts:\n- name: app\n",
    "release": "namespace: ns\nhelmCharts:\n- {name: app, releaseName: r, nameTemplate: t}\n",
    "namespace": "namespace: ns\nhelmCharts:\n- {name: app, namespace: own}\n",
    "flags": (
        "helmCharts:\n- {name: app, includeCRDs: true, skipTests: true, skipHooks: true, "
        "debug: true, devel: true, kubeVersion: '1.30', apiVersions: [a/v1, b/v1]}\n"
    ),
    "files": (
        "helmCharts:\n- {name: app, valuesFile: mine.yaml, additionalValuesFiles: [more.yaml]}\n"
    ),
    "override": "helmCharts:\n- name: app\n  valuesInline: {a: {b: 2, e: 3}, d: null, f: [1]}\n",
    "merge": (
        "helmCharts:\n- name: app\n  valuesMerge: merge\n"
        "  valuesInline: {a: {b: 2, c: [9], e: 3}, d: y, f: [1]}\n"
    ),
    "replace": "helmCharts:\n- {name: app, valuesMerge: replace, valuesInline: {a: {z: 2}}}\n",
    "transformed": "namePrefix: p-\nnamespace: ns\nhelmCharts:\n- name: app\n",
    "old": (
        "helmChartInflationGenerator:\n- {chartName: app, releaseName: r, values: mine.yaml, "
        "chartHome: charts}\n"
    ),
    "home": "helmGlobals: {chartHome: ./charts}\nhelmCharts:\n- name: app\n",
    "generator": (
        "generators:\n- |-\n  apiVersion: builtin\n  kind: HelmChartInflationGenerator\n"
        "  metadata: {name: g}\n  name: app\n  releaseName: r\n"
    ),
}


@real
@pytest.mark.parametrize("case", CHARTS)
def test_helm_is_called_and_read_as_upstream(charts, case):
    charts.write("app/kustomization.yaml", CHARTS[case])
    theirs = charts.upstream()
    called = recorded(charts)

    assert charts.build() == theirs
    assert recorded(charts) == called


@real
def test_a_base_renders_its_chart_for_the_namespace_of_the_overlay(charts):
    charts.write("app/kustomization.yaml", "helmCharts:\n- name: app\n")
    charts.write("over/kustomization.yaml", "namespace: ns\nresources: [../app]\n")
    theirs = charts.upstream("over")
    called = recorded(charts)

    assert charts.build("over") == theirs
    assert recorded(charts) == called
    assert "ns" in called


@real
def test_flags_of_the_build_reach_helm(charts):
    charts.write("app/kustomization.yaml", "helmCharts:\n- name: app\n")
    flags = ["--helm-kube-version", "1.31", "--helm-api-versions", "a/v1", "--helm-debug"]
    theirs = charts.upstream("app", *flags)
    called = recorded(charts)
    ours = charts.build(
        has_helm=True, helm=charts.helm, kube_version="1.31", api_versions=("a/v1",), is_debug=True
    )

    assert ours == theirs
    assert recorded(charts) == called


def test_what_helm_says_before_the_first_document_is_dropped(charts):
    charts.write("app/kustomization.yaml", "helmCharts:\n- name: app\n")
    charts.write("printed", f"pulled the chart\n{PRINTED}")

    assert charts.build().count("kind:") == 2


@pytest.mark.parametrize(
    ("kustomization", "message"),
    [
        ("helmCharts:\n- name: gone\n", "there is no chart at .*charts/gone"),
        ("helmCharts:\n- version: '1'\n", "the chart has no name"),
        ("helmCharts:\n- {name: app, valuesMerge: both}\n", "valuesMerge must be one of"),
        ("helmCharts:\n- {name: app, valuesFile: ../../x.yaml}\n", "does not exist|outside"),
    ],
)
def test_a_chart_that_cannot_be_inflated_is_an_error(charts, kustomization, message):
    charts.write("app/kustomization.yaml", kustomization)

    with pytest.raises(BuildError, match=message) as caught:
        charts.build()
    assert caught.value.location is not None


def test_charts_are_refused_where_they_are_not_allowed(charts):
    charts.write("app/kustomization.yaml", "helmCharts:\n- name: app\n")

    with pytest.raises(BuildError, match="only inflated where") as caught:
        charts.build(has_functions=True)
    assert "--enable-helm" in caught.value.hints[0]


@pytest.mark.parametrize("printed", ["v2.17.0", "no version"])
def test_an_old_helm_is_refused(charts, printed):
    charts.write("helm", f"#!/bin/sh\necho {printed}\n").chmod(0o755)
    charts.write("app/kustomization.yaml", "helmCharts:\n- name: app\n")

    with pytest.raises(BuildError, match="no Helm 3 or 4"):
        charts.build()


def test_helm_that_is_not_there_is_an_error(charts):
    charts.write("app/kustomization.yaml", "helmCharts:\n- name: app\n")

    with pytest.raises(BuildError, match="there is no program"):
        charts.build(has_helm=True, helm="/no/helm")


@real
def test_variables_of_the_command_line_come_before_those_of_the_file(repository):
    exec_fields = "path: ./fn.py, envs: [COLOUR=red]"
    repository.write("app/kustomization.yaml", "generators: [g.yaml]\n")
    repository.write("app/g.yaml", function("Generate", "names: [a]\n", exec_fields))

    built = repository.build(has_functions=True, env=("COLOUR=blue", "INHERITED"))
    assert "env: blue" in built
    assert built == repository.upstream("app", "-e", "COLOUR=blue", "-e", "INHERITED")
