"""Writes toolkit/schema/data/definitions.json (``python .ci/generate_schemas.py``).

Development time only.

Sources: the JSON schemas that kubernetes-validate ships, and hera's pydantic models of Argo
Workflows (both are development tools of this project, neither is needed at run time). The result
holds one table of definitions without descriptions, and the definition of each kind.

What is changed on the way, and why:

- null is dropped from types: the API treats a null field as absent, and so do we, before checking;
- an object with declared properties refuses others, so that a misspelt field is found;
- ``oneOf`` and ``anyOf`` are flattened to a list of types, so that each error has one place;
- where hera models a Kubernetes type, the Kubernetes definition is used: it knows merge keys;
- Argo's texts accept bare numbers and booleans where Argo itself does (AnyString);
- fields that v4 removed (``schedule``, ``mutex``, ``semaphore``) stand beside their successors,
  and fields of v4.1 that hera's models lack are added.
"""

# ruff: noqa: D103, T201 - a script: its functions are private, its output is print

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import hera.workflows.models.io.argoproj.workflow.v1alpha1 as argo_models
import kubernetes_validate
from hera.workflows.models.io.k8s.api.core import v1 as core_models
from hera.workflows.models.io.k8s.api.policy import v1 as policy_models
from hera.workflows.models.io.k8s.apimachinery.pkg.api import resource as quantity_models
from hera.workflows.models.io.k8s.apimachinery.pkg.apis.meta import v1 as meta_models
from hera.workflows.models.io.k8s.apimachinery.pkg.util import intstr as intstr_models

Schema = dict[str, Any]

MODULES = (
    argo_models,
    meta_models,
    quantity_models,
    intstr_models,
    policy_models,
    core_models,
)

KUBERNETES_VERSION = "v1.37.0"
TARGET = Path(__file__).parents[1] / "toolkit" / "schema" / "data" / "definitions.json"

ARGO = "io.argoproj.workflow.v1alpha1."
CORE = "io.k8s.api.core.v1."
META = "io.k8s.apimachinery.pkg.apis.meta.v1."

KUBERNETES_KINDS = {
    "v1": (
        "ConfigMap",
        "Secret",
        "Namespace",
        "ServiceAccount",
        "PersistentVolumeClaim",
        "PersistentVolume",
        "Pod",
        "PodTemplate",
        "Service",
        "Endpoints",
        "Node",
        "ResourceQuota",
        "LimitRange",
        "Event",
        "ReplicationController",
    ),
    "apps/v1": ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ControllerRevision"),
    "batch/v1": ("Job", "CronJob"),
    "autoscaling/v2": ("HorizontalPodAutoscaler",),
    "policy/v1": ("PodDisruptionBudget",),
    "networking.k8s.io/v1": (
        "Ingress",
        "IngressClass",
        "NetworkPolicy",
        "IPAddress",
        "ServiceCIDR",
    ),
    "discovery.k8s.io/v1": ("EndpointSlice",),
    "rbac.authorization.k8s.io/v1": ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"),
    "scheduling.k8s.io/v1": ("PriorityClass",),
    "storage.k8s.io/v1": ("StorageClass",),
    "coordination.k8s.io/v1": ("Lease",),
    "events.k8s.io/v1": ("Event",),
    "apiextensions.k8s.io/v1": ("CustomResourceDefinition",),
    "apiregistration.k8s.io/v1": ("APIService",),
    "admissionregistration.k8s.io/v1": (
        "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration",
    ),
}

ARGO_KINDS = ("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "WorkflowEventBinding")

STRING: Schema = {"type": "string"}
ANY_STRING: Schema = {"type": ["string", "number", "boolean"]}
FREE_OBJECT: Schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}

SCALARS: dict[str, Schema] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": ["string", "number"]},
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {
        "type": ["integer", "string"],
        "x-kubernetes-int-or-string": True,
    },
}

DEFAULTS = {(CORE + "ContainerPort", "protocol"): "TCP", (CORE + "ServicePort", "protocol"): "TCP"}
"""Defaults of fields that are merge keys: server-side apply needs them to match list items."""

KUBERNETES_ENUMS = {
    (META + "LabelSelectorRequirement", "operator"): ["In", "NotIn", "Exists", "DoesNotExist"],
    (CORE + "NodeSelectorRequirement", "operator"): [
        *("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"),
    ],
    (CORE + "Container", "imagePullPolicy"): ["", "Always", "IfNotPresent", "Never"],
    (CORE + "PodSpec", "restartPolicy"): ["", "Always", "OnFailure", "Never"],
    (CORE + "ServiceSpec", "type"): [
        *("", "ClusterIP", "NodePort", "LoadBalancer", "ExternalName"),
    ],
    (CORE + "ContainerPort", "protocol"): ["", "TCP", "UDP", "SCTP"],
    (CORE + "ServicePort", "protocol"): ["", "TCP", "UDP", "SCTP"],
    ("io.k8s.api.batch.v1.CronJobSpec", "concurrencyPolicy"): [
        *("", "Allow", "Forbid", "Replace"),
    ],
    ("io.k8s.api.apps.v1.DeploymentStrategy", "type"): ["", "Recreate", "RollingUpdate"],
}
"""Closed lists that the API server checks, and that OpenAPI tells in prose only."""


def ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def list_of(item: Schema) -> Schema:
    return {"type": "array", "items": item}


MERGED_BY_NAME = {"x-kubernetes-patch-merge-key": "name", "x-kubernetes-patch-strategy": "merge"}

ARGO_PATCH_KEYS = {
    "Arguments": {"parameters": "name", "artifacts": "name"},
    "Inputs": {"parameters": "name", "artifacts": "name"},
    "Outputs": {"parameters": "name", "artifacts": "name"},
    "DAGTemplate": {"tasks": "name"},
    "Template": {
        "hostAliases": "ip",
        "initContainers": "name",
        "sidecars": "name",
        "tolerations": "key",
        "volumes": "name",
    },
    "WorkflowSpec": {
        "hostAliases": "ip",
        "imagePullSecrets": "name",
        "templates": "name",
        "tolerations": "key",
        "volumes": "name",
    },
}

RESTART_RULES = list_of(ref(CORE + "ContainerRestartRule"))
ARGO_EXTRA_FIELDS: dict[str, dict[str, Schema]] = {
    "ContainerNode": {"restartPolicyRules": RESTART_RULES},
    "ScriptTemplate": {"restartPolicyRules": RESTART_RULES},
    "UserContainer": {"restartPolicyRules": RESTART_RULES},
    "HTTPArtifact": {"saveStreamViaFile": {"type": "boolean"}},
    "S3Artifact": {"addressingStyle": {"type": "string", "enum": ["", "path", "virtual-hosted"]}},
    "Template": {
        "pendingTimeout": STRING,
        "podResources": ref(CORE + "ResourceRequirements"),
        "resourceClaims": list_of(ref(CORE + "PodResourceClaim")),
    },
    "WorkflowSpec": {
        "executorPlugins": list_of(FREE_OBJECT),
        "podResources": ref(CORE + "ResourceRequirements"),
        "resourceClaims": list_of(ref(CORE + "PodResourceClaim")),
    },
    "CronWorkflowSpec": {"schedule": STRING},
    "Synchronization": {"mutex": ref(ARGO + "Mutex"), "semaphore": ref(ARGO + "SemaphoreRef")},
    "Parameter": {
        "value": ANY_STRING,
        "default": ANY_STRING,
        "enum": {**list_of(ANY_STRING), "minItems": 1},
    },
    "ValueFrom": {"default": ANY_STRING},
}

ARGO_ENUMS = {
    ("CronWorkflowSpec", "concurrencyPolicy"): ["", "Allow", "Forbid", "Replace"],
    ("PodGC", "strategy"): [
        "",
        "OnPodCompletion",
        "OnPodSuccess",
        "OnWorkflowCompletion",
        "OnWorkflowSuccess",
    ],
    ("RetryStrategy", "retryPolicy"): [
        "",
        "Always",
        "OnFailure",
        "OnError",
        "OnTransientError",
    ],
    ("ArtifactGC", "strategy"): ["", "OnWorkflowCompletion", "OnWorkflowDeletion", "Never"],
    ("WorkflowLevelArtifactGC", "strategy"): [
        "",
        "OnWorkflowCompletion",
        "OnWorkflowDeletion",
        "Never",
    ],
    ("Gauge", "operation"): ["", "Set", "Add", "Sub"],
    ("ResourceTemplate", "mergeStrategy"): ["", "strategic", "merge", "json"],
}

ARGO_NOT_REQUIRED = {"CronWorkflowSpec": {"schedules"}}
"""Told better by a rule of its own."""


def main() -> None:
    text = document()
    TARGET.write_text(text, encoding="utf-8")
    print(f"{TARGET.name}: {len(text)} bytes")


def document() -> str:
    """What TARGET holds."""
    definitions, kinds = kubernetes_definitions()
    add_argo(definitions, kinds)
    for (name, field), default in DEFAULTS.items():
        definitions[name]["properties"][field]["default"] = default
    definitions = closure(definitions, sorted(kinds.values()))
    whole = {"kinds": dict(sorted(kinds.items())), "definitions": definitions}
    return json.dumps(whole, sort_keys=True, separators=(",", ":")) + "\n"


def kubernetes_definitions() -> tuple[dict[str, Schema], dict[str, str]]:
    folder = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
    source = folder / f"{KUBERNETES_VERSION}-local" / "_definitions.json"
    raw = json.loads(source.read_text(encoding="utf-8"))["$defs"]
    definitions = {name: compact(schema) for name, schema in raw.items()} | SCALARS
    for (name, field), values in KUBERNETES_ENUMS.items():
        definitions[name]["properties"][field]["enum"] = values
    wanted = {f"{group}/{kind}" for group, kinds in KUBERNETES_KINDS.items() for kind in kinds}
    kinds = {}
    for name, schema in raw.items():
        for kind in schema.get("x-kubernetes-group-version-kind", ()):
            key = "/".join(part for part in (kind["group"], kind["version"], kind["kind"]) if part)
            if key in wanted:
                kinds[key] = name
    missing = wanted - set(kinds)
    if missing:
        raise SystemExit(f"kinds without a schema: {sorted(missing)}")
    return definitions, kinds


def compact(schema: Schema) -> Schema:
    """One schema without what only people read; refuses unknown fields; null dropped."""
    if "$ref" in schema:
        return {"$ref": schema["$ref"], **merge_annotations(schema)}
    result: Schema = merge_annotations(schema)
    for key in ("enum", "format", "required", "default", "minimum", "maximum"):
        if schema.get(key) is not None:
            result[key] = schema[key]
    if "type" in schema:
        result["type"] = without_null(schema["type"])
    if schema.get("properties"):
        result["properties"] = {key: compact(value) for key, value in schema["properties"].items()}
        result["additionalProperties"] = False
    elif isinstance(schema.get("additionalProperties"), dict):
        result["additionalProperties"] = compact(schema["additionalProperties"])
    if "items" in schema:
        result["items"] = compact(schema["items"])
    return result


def merge_annotations(schema: Schema) -> Schema:
    keys = ("list-type", "list-map-keys", "map-type", "patch-strategy", "patch-merge-key")
    named = [f"x-kubernetes-{key}" for key in keys]
    return {key: schema[key] for key in named if key in schema}


def without_null(types: str | list[str]) -> str | list[str]:
    if isinstance(types, str):
        return types
    kept = [name for name in types if name != "null"]
    return kept[0] if len(kept) == 1 else kept


def add_argo(definitions: dict[str, Schema], kinds: dict[str, str]) -> None:
    models = [getattr(argo_models, kind) for kind in (*ARGO_KINDS, "CronWorkflow")]
    for model in models:
        raw = model.model_json_schema()
        names = {key: full_name(key) for key in raw["$defs"]}
        for key, schema in raw["$defs"].items():
            name = names[key]
            if name not in definitions:
                definitions[name] = argo_definition(name, argo_schema(schema, names), definitions)
        kind = model.__name__
        definitions[ARGO + kind] = kind_schema(kind, argo_schema(raw, names))
        kinds[f"argoproj.io/v1alpha1/{kind}"] = ARGO + kind


def kind_schema(kind: str, schema: Schema) -> Schema:
    properties = {
        "apiVersion": {"type": "string", "enum": ["argoproj.io/v1alpha1"]},
        "kind": {"type": "string", "enum": [kind]},
        "metadata": ref(META + "ObjectMeta"),
        "spec": schema["properties"]["spec"],
        "status": FREE_OBJECT,
    }
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "required": ["spec"],
    }


def full_name(key: str) -> str:
    """Hera's class name → the name in Kubernetes' OpenAPI; a container in Argo needs no name."""
    short = key.rsplit("__", 1)[-1]
    if key.startswith("hera__"):  # a class name that both modules have
        return (ARGO if "argoproj" in key else CORE) + short
    if short == "Container":
        return ARGO + short
    model = next(found for module in MODULES if (found := getattr(module, short, None)))
    return str(model.__module__).removeprefix("hera.workflows.models.") + "." + short


def argo_schema(schema: Schema, names: dict[str, str]) -> Schema:
    """One of pydantic's schemas in our form."""
    if "anyOf" in schema:
        branches = [branch for branch in schema["anyOf"] if branch.get("type") != "null"]
        if len(branches) == 1:
            return argo_schema(branches[0], names)
        return {"type": [branch["type"] for branch in branches]}
    if "$ref" in schema:
        return ref(names[schema["$ref"].removeprefix("#/$defs/")])
    result: Schema = {}
    for key in ("enum", "format", "required", "type"):
        if key in schema:
            result[key] = schema[key]
    if schema.get("properties"):
        properties = schema["properties"].items()
        result["properties"] = {key: argo_schema(value, names) for key, value in properties}
        result["additionalProperties"] = False
    elif isinstance(schema.get("additionalProperties"), dict):
        result["additionalProperties"] = argo_schema(schema["additionalProperties"], names)
    if "items" in schema:
        result["items"] = argo_schema(schema["items"], names)
    return result


def argo_definition(name: str, schema: Schema, definitions: dict[str, Schema]) -> Schema:
    """With everything that pydantic's schema of an Argo type does not say."""
    short = name.removeprefix(ARGO)
    properties = schema.get("properties")
    if properties is None:
        return schema
    container = definitions[CORE + "Container"]["properties"]
    if short in ("Container", "UserContainer", "ContainerNode", "ScriptTemplate"):
        properties.update({key: container[key] for key in properties if key in container})
        if short == "Container":
            properties.update(container)
    properties.update(ARGO_EXTRA_FIELDS.get(short, {}))
    for field, key in ARGO_PATCH_KEYS.get(short, {}).items():
        properties[field] = (
            properties[field] | MERGED_BY_NAME | {"x-kubernetes-patch-merge-key": key}
        )
    for (owner, field), values in ARGO_ENUMS.items():
        if owner == short:
            properties[field] = properties[field] | {"enum": values}
    required = set(schema.get("required", ())) - ARGO_NOT_REQUIRED.get(short, set())
    schema.pop("required", None)
    return schema | ({"required": sorted(required)} if required else {})


def closure(definitions: dict[str, Schema], roots: list[str]) -> dict[str, Schema]:
    """Only what the roots reach."""
    kept: dict[str, Schema] = {}
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name in kept:
            continue
        kept[name] = definitions[name]
        waiting.extend(references(definitions[name]))
    return kept


def references(node: object) -> list[str]:
    if isinstance(node, dict):
        found = [node["$ref"].removeprefix("#/$defs/")] if isinstance(node.get("$ref"), str) else []
        return found + [name for value in node.values() for name in references(value)]
    if isinstance(node, list):
        return [name for value in node for name in references(value)]
    return []


if __name__ == "__main__":
    main()
