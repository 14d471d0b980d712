"""Which lists of Kubernetes' kinds merge by which keys, as kustomize 5.8 has them from 1.21.

``SHAPES[name]`` gives for a field ``(shape of the value or of its items, keys)``: keys None is a
map, an empty tuple a list of scalars that merges by value, otherwise a list that merges by these
keys. Fields that lead to no such list are left out. ``KINDS[shape]`` gives the kinds of a shape by
apiVersion. Kinds known to merge nothing are not listed: they behave as unknown ones do.
"""

from __future__ import annotations

Shape = dict[str, tuple[str, tuple[str, ...] | None]]

SHAPES: dict[str, Shape] = {
    "": {},
    "CSINode": {
        "metadata": ("ObjectMeta", None),
        "spec": ("CSINodeSpec", None),
    },
    "CSINodeSpec": {
        "drivers": ("", ("name",)),
    },
    "ComponentStatus": {
        "conditions": ("", ("type",)),
        "metadata": ("ObjectMeta", None),
    },
    "Conditions": {
        "conditions": ("", ("type",)),
    },
    "Container": {
        "env": ("", ("name",)),
        "ports": ("", ("containerPort", "protocol")),
        "volumeDevices": ("", ("devicePath",)),
        "volumeMounts": ("", ("mountPath",)),
    },
    "CronJob": {
        "metadata": ("ObjectMeta", None),
        "spec": ("CronJobSpec", None),
    },
    "CronJobSpec": {
        "jobTemplate": ("JobTemplateSpec", None),
    },
    "EphemeralContainer": {
        "env": ("", ("name",)),
        "volumeDevices": ("", ("devicePath",)),
        "volumeMounts": ("", ("mountPath",)),
    },
    "EphemeralVolumeSource": {
        "volumeClaimTemplate": ("MetadataOnly", None),
    },
    "JobTemplateSpec": {
        "metadata": ("ObjectMeta", None),
        "spec": ("PodControllerSpec", None),
    },
    "Kustomization": {
        "configMapGenerator": ("", ("name",)),
        "secretGenerator": ("", ("name",)),
    },
    "MetadataAndConditions": {
        "metadata": ("ObjectMeta", None),
        "status": ("Conditions", None),
    },
    "MetadataOnly": {
        "metadata": ("ObjectMeta", None),
    },
    "Node": {
        "metadata": ("ObjectMeta", None),
        "spec": ("NodeSpec", None),
        "status": ("NodeStatus", None),
    },
    "NodeSpec": {
        "podCIDRs": ("", ()),
    },
    "NodeStatus": {
        "addresses": ("", ("type",)),
        "conditions": ("", ("type",)),
    },
    "ObjectMeta": {
        "finalizers": ("", ()),
        "ownerReferences": ("", ("uid",)),
    },
    "Pod": {
        "metadata": ("ObjectMeta", None),
        "spec": ("PodSpec", None),
        "status": ("PodStatus", None),
    },
    "PodController": {
        "metadata": ("ObjectMeta", None),
        "spec": ("PodControllerSpec", None),
        "status": ("Conditions", None),
    },
    "PodControllerSpec": {
        "template": ("PodTemplateSpec", None),
    },
    "PodSpec": {
        "containers": ("Container", ("name",)),
        "ephemeralContainers": ("EphemeralContainer", ("name",)),
        "hostAliases": ("", ("ip",)),
        "imagePullSecrets": ("", ("name",)),
        "initContainers": ("Container", ("name",)),
        "topologySpreadConstraints": ("", ("topologyKey", "whenUnsatisfiable")),
        "volumes": ("Volume", ("name",)),
    },
    "PodStatus": {
        "conditions": ("", ("type",)),
        "podIPs": ("", ("ip",)),
    },
    "PodTemplate": {
        "metadata": ("ObjectMeta", None),
        "template": ("PodTemplateSpec", None),
    },
    "PodTemplateSpec": {
        "metadata": ("ObjectMeta", None),
        "spec": ("PodSpec", None),
    },
    "Service": {
        "metadata": ("ObjectMeta", None),
        "spec": ("ServiceSpec", None),
        "status": ("Conditions", None),
    },
    "ServiceAccount": {
        "metadata": ("ObjectMeta", None),
        "secrets": ("", ("name",)),
    },
    "ServiceSpec": {
        "ports": ("", ("port", "protocol")),
    },
    "Volume": {
        "ephemeral": ("EphemeralVolumeSource", None),
    },
    "WebhookConfiguration": {
        "metadata": ("ObjectMeta", None),
        "webhooks": ("", ("name",)),
    },
}

KINDS: dict[str, dict[str, str]] = {
    "CSINode": {
        "storage.k8s.io/v1": "CSINode",
        "storage.k8s.io/v1beta1": "CSINode",
    },
    "ComponentStatus": {
        "v1": "ComponentStatus",
    },
    "CronJob": {
        "batch/v1": "CronJob",
        "batch/v1beta1": "CronJob",
    },
    "Kustomization": {
        "kustomize.config.k8s.io/v1beta1": "Kustomization",
    },
    "MetadataAndConditions": {
        "apiregistration.k8s.io/v1": "APIService",
        "apiregistration.k8s.io/v1beta1": "APIService",
        "policy/v1": "PodDisruptionBudget",
        "policy/v1beta1": "PodDisruptionBudget",
        "v1": "Namespace PersistentVolumeClaim",
    },
    "MetadataOnly": {
        "apiextensions.k8s.io/v1": "CustomResourceDefinition",
        "apiextensions.k8s.io/v1beta1": "CustomResourceDefinition",
        "apps/v1": "ControllerRevision",
        "authentication.k8s.io/v1": "TokenRequest TokenReview",
        "authentication.k8s.io/v1beta1": "TokenReview",
        "authorization.k8s.io/v1": (
            "LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview "
            "SubjectAccessReview"
        ),
        "authorization.k8s.io/v1beta1": (
            "LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview "
            "SubjectAccessReview"
        ),
        "autoscaling/v1": "HorizontalPodAutoscaler Scale",
        "autoscaling/v2beta1": "HorizontalPodAutoscaler",
        "autoscaling/v2beta2": "HorizontalPodAutoscaler",
        "certificates.k8s.io/v1": "CertificateSigningRequest",
        "certificates.k8s.io/v1beta1": "CertificateSigningRequest",
        "coordination.k8s.io/v1": "Lease",
        "coordination.k8s.io/v1beta1": "Lease",
        "discovery.k8s.io/v1": "EndpointSlice",
        "discovery.k8s.io/v1beta1": "EndpointSlice",
        "events.k8s.io/v1": "Event",
        "events.k8s.io/v1beta1": "Event",
        "extensions/v1beta1": "Ingress",
        "flowcontrol.apiserver.k8s.io/v1beta1": "FlowSchema PriorityLevelConfiguration",
        "networking.k8s.io/v1": "Ingress IngressClass NetworkPolicy",
        "networking.k8s.io/v1beta1": "Ingress IngressClass",
        "node.k8s.io/v1": "RuntimeClass",
        "node.k8s.io/v1beta1": "RuntimeClass",
        "policy/v1beta1": "Eviction PodSecurityPolicy",
        "rbac.authorization.k8s.io/v1": "ClusterRole ClusterRoleBinding Role RoleBinding",
        "rbac.authorization.k8s.io/v1beta1": "ClusterRole ClusterRoleBinding Role RoleBinding",
        "scheduling.k8s.io/v1": "PriorityClass",
        "scheduling.k8s.io/v1beta1": "PriorityClass",
        "storage.k8s.io/v1": "CSIDriver StorageClass VolumeAttachment",
        "storage.k8s.io/v1beta1": "CSIDriver CSIStorageCapacity StorageClass VolumeAttachment",
        "v1": "Binding ConfigMap Endpoints Event LimitRange PersistentVolume ResourceQuota Secret",
    },
    "Node": {
        "v1": "Node",
    },
    "Pod": {
        "v1": "Pod",
    },
    "PodController": {
        "apps/v1": "DaemonSet Deployment ReplicaSet StatefulSet",
        "batch/v1": "Job",
        "v1": "ReplicationController",
    },
    "PodTemplate": {
        "v1": "PodTemplate",
    },
    "Service": {
        "v1": "Service",
    },
    "ServiceAccount": {
        "v1": "ServiceAccount",
    },
    "WebhookConfiguration": {
        "admissionregistration.k8s.io/v1": (
            "MutatingWebhookConfiguration ValidatingWebhookConfiguration"
        ),
        "admissionregistration.k8s.io/v1beta1": (
            "MutatingWebhookConfiguration ValidatingWebhookConfiguration"
        ),
    },
}
