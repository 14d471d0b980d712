"""Charts, inflated by the ``helm`` program."""

from __future__ import annotations

from posixpath import join, normpath
from typing import Any

from toolkit.errors import BuildError, YamlError
from toolkit.kustomize.objects.item import Item
from toolkit.kustomize.patches.jsonpatch import copied
from toolkit.kustomize.ports import FunctionRunner, HelmCall
from toolkit.kustomize.sources.folder import Folder, refuse_in_clone
from toolkit.resource.resource import Origin
from toolkit.yaml.emit import emit
from toolkit.yaml.parse import load_all

Fields = dict[str, Any]

_HOME = "charts"
_TRY_ALONE = "try the chart by itself: helm template"
_MERGES = ("merge", "override", "replace")
_FLAGS = {
    "includeCRDs": "--include-crds",
    "skipTests": "--skip-tests",
    "skipHooks": "--no-hooks",
    "debug": "--debug",
    "devel": "--devel",
}
_OLD_NAMES = {
    "name": "chartName",
    "version": "chartVersion",
    "repo": "chartRepoUrl",
    "valuesFile": "values",
    "valuesInline": "valuesLocal",
    "valuesMerge": "valuesMerge",
    "releaseName": "releaseName",
}


def charts_of(fields: Fields) -> list[Fields]:
    """The charts of a kustomization, with ``chartHome`` and ``configHome``; those of the
    deprecated ``helmChartInflationGenerator`` last.
    """
    old = fields.get("helmChartInflationGenerator") or []
    charts = [
        *(fields.get("helmCharts") or ()),
        *({new: each[name] for new, name in _OLD_NAMES.items() if name in each} for each in old),
    ]
    shared = fields.get("helmGlobals")
    if shared is None:
        shared = {}
        for each in old:  # the last one wins
            shared |= {"configHome": each["helmHome"]} if each.get("helmHome") else {}
            shared |= {"chartHome": each["chartHome"]} if each.get("chartHome") else {}
    return [{**shared, **chart} for chart in charts]


def inflate(chart: Fields, folder: Folder, origin: Origin) -> list[Item]:
    """The objects of a chart. Raises BuildError."""
    runner = folder.session.runner
    if runner is None or not runner.has_helm:
        raise BuildError(
            "a Helm chart is only inflated where that is allowed",
            hints=["gitops build --enable-helm", "or render it once: helm template"],
        )
    refuse_in_clone(folder, "a Helm chart")
    name = chart.get("name") or ""
    if not name:
        raise BuildError("the chart has no name", hints=["add `name:`"])
    merge = chart.get("valuesMerge") or "override"
    if merge not in _MERGES:
        raise BuildError(
            f"valuesMerge must be one of {', '.join(_MERGES)}, but is {merge!r}",
            hints=["drop the line: override is what is taken without one"],
        )
    home = _home(chart, runner.absolute(folder.path))
    _require_chart(chart, folder, join(home, name))
    extra = [folder.check_file(each) and each for each in chart.get("additionalValuesFiles") or ()]
    call = HelmCall(
        _before(chart, join(home, name)),
        _after(chart, runner, [normpath(join(runner.absolute(folder.path), e)) for e in extra]),
        values=_values(chart, folder, join(home, name, "values.yaml"), merge),
        values_name=f"{name.replace('/', '_')}-kustomize-values.yaml",
        config_home=chart.get("configHome") or "",
    )
    items = _read(runner.template(call), folder, origin)
    for item in items:
        item.origin = Origin(origin.path, -1)
        item.is_from_helm = True
    return items


def _home(chart: Fields, root: str) -> str:
    home = normpath(join(root, chart.get("chartHome") or _HOME))
    if chart.get("version") and chart.get("repo"):
        return join(home, f"{chart['name']}-{chart['version']}")
    return home


def _require_chart(chart: Fields, folder: Folder, path: str) -> None:
    """DEVIATION: upstream pulls a chart that is missing into the folder that it builds from."""
    if folder.session.tree.is_dir(folder.locate(path)):
        return
    shown = folder.session.show(folder.locate(path))
    pull = ["helm pull --untar --untardir", shown.rpartition("/")[0] or "."]
    if chart.get("repo"):
        pull += ["--repo", chart["repo"]]
    if chart.get("version"):
        pull += ["--version", chart["version"]]
    raise BuildError(
        f"there is no chart at {shown}, and a build pulls none",
        hints=["get it, and commit it: " + " ".join([*pull, chart["name"]])],
    )


def _before(chart: Fields, path: str) -> list[str]:
    arguments = ["template", chart.get("releaseName") or "--generate-name", path]
    if chart.get("namespace"):
        arguments += ["--namespace", chart["namespace"]]
    if chart.get("nameTemplate"):
        arguments += ["--name-template", chart["nameTemplate"]]
    return arguments


def _after(chart: Fields, runner: FunctionRunner, files: list[str]) -> list[str]:
    arguments: list[str] = []
    for file in files:
        arguments += ["-f", file]
    for version in chart.get("apiVersions") or runner.api_versions:
        arguments += ["--api-versions", version]
    kube_version = chart.get("kubeVersion") or runner.kube_version
    if kube_version:
        arguments += ["--kube-version", kube_version]
    given = {**chart, "debug": chart.get("debug", runner.is_debug)}
    return [*arguments, *(flag for name, flag in _FLAGS.items() if given.get(name))]


def _values(chart: Fields, folder: Folder, standard: str, merge: str) -> bytes:
    inline = chart.get("valuesInline")
    if inline and merge == "replace":
        return emit(inline).encode("utf-8", "surrogateescape")
    content = folder.load(chart.get("valuesFile") or standard)
    if not inline:
        return content
    documents = load_all(content, chart.get("valuesFile") or standard)
    of_file = documents[0] if documents else {}
    both = (inline, of_file) if merge == "override" else (of_file, inline)
    return emit(_merged(*both)).encode("utf-8", "surrogateescape")


def _merged(source: Any, target: Any) -> Any:
    """``source`` over ``target``: maps key by key, a null takes away, all else replaces."""
    if not isinstance(source, dict) or not isinstance(target, dict):
        return copied(source)
    merged = {key: value for key, value in target.items() if key not in source}
    for key, value in source.items():
        if value is not None:
            merged[key] = _merged(value, target[key]) if key in target else copied(value)
    return merged


def _read(printed: str, folder: Folder, origin: Origin) -> list[Item]:
    """Helm may say something before the first document."""
    try:
        return folder.session.parse_items(printed, origin.path)
    except (BuildError, YamlError):
        said, separator, documents = f"\n{printed}".partition("\n---\n")
        if not separator or not said.strip():
            raise BuildError(
                "what helm printed is no list of objects", hints=[_TRY_ALONE]
            ) from None
    try:
        return folder.session.parse_items(documents, origin.path)
    except (BuildError, YamlError) as error:
        raise BuildError(
            f"what helm printed is no list of objects: {error.message}", hints=[_TRY_ALONE]
        ) from None
