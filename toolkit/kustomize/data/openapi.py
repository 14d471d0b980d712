"""What matters only where a custom OpenAPI schema is in use."""

from __future__ import annotations

DEFINITIONS: dict[str, str] = {
    "CSINode": ("api.storage.v1.CSINode api.storage.v1beta1.CSINode"),
    "CSINodeSpec": ("api.storage.v1.CSINodeSpec api.storage.v1beta1.CSINodeSpec"),
    "ComponentStatus": ("api.core.v1.ComponentStatus"),
    "Conditions": (
        "api.apps.v1.DaemonSetStatus api.apps.v1.DeploymentStatus "
        "api.apps.v1.ReplicaSetStatus api.apps.v1.StatefulSetStatus api.batch.v1.JobStatus "
        "api.core.v1.NamespaceStatus api.core.v1.PersistentVolumeClaimStatus "
        "api.core.v1.ReplicationControllerStatus api.core.v1.ServiceStatus "
        "api.policy.v1.PodDisruptionBudgetStatus api.policy.v1beta1.PodDisruptionBudgetStatus "
        "kube-aggregator.pkg.apis.apiregistration.v1.APIServiceStatus kube- "
        "aggregator.pkg.apis.apiregistration.v1beta1.APIServiceStatus"
    ),
    "Container": ("api.core.v1.Container"),
    "CronJob": ("api.batch.v1.CronJob api.batch.v1beta1.CronJob"),
    "CronJobSpec": ("api.batch.v1.CronJobSpec api.batch.v1beta1.CronJobSpec"),
    "EphemeralContainer": ("api.core.v1.EphemeralContainer"),
    "EphemeralVolumeSource": ("api.core.v1.EphemeralVolumeSource"),
    "JobTemplateSpec": ("api.batch.v1.JobTemplateSpec api.batch.v1beta1.JobTemplateSpec"),
    "Kustomization": ("api.apps.v1.Kustomization"),
    "MetadataAndConditions": (
        "api.core.v1.Namespace api.core.v1.PersistentVolumeClaim "
        "api.policy.v1.PodDisruptionBudget api.policy.v1beta1.PodDisruptionBudget kube- "
        "aggregator.pkg.apis.apiregistration.v1.APIService kube- "
        "aggregator.pkg.apis.apiregistration.v1beta1.APIService"
    ),
    "MetadataOnly": (
        "api.apps.v1.ControllerRevision api.authentication.v1.TokenRequest "
        "api.authentication.v1.TokenReview api.authentication.v1beta1.TokenReview "
        "api.authorization.v1.LocalSubjectAccessReview "
        "api.authorization.v1.SelfSubjectAccessReview "
        "api.authorization.v1.SelfSubjectRulesReview api.authorization.v1.SubjectAccessReview "
        "api.authorization.v1beta1.LocalSubjectAccessReview "
        "api.authorization.v1beta1.SelfSubjectAccessReview "
        "api.authorization.v1beta1.SelfSubjectRulesReview "
        "api.authorization.v1beta1.SubjectAccessReview "
        "api.autoscaling.v1.HorizontalPodAutoscaler api.autoscaling.v1.Scale "
        "api.autoscaling.v2beta1.HorizontalPodAutoscaler "
        "api.autoscaling.v2beta2.HorizontalPodAutoscaler "
        "api.certificates.v1.CertificateSigningRequest "
        "api.certificates.v1beta1.CertificateSigningRequest api.coordination.v1.Lease "
        "api.coordination.v1beta1.Lease api.core.v1.Binding api.core.v1.ConfigMap "
        "api.core.v1.Endpoints api.core.v1.Event api.core.v1.LimitRange "
        "api.core.v1.PersistentVolume api.core.v1.PersistentVolumeClaimTemplate "
        "api.core.v1.ResourceQuota api.core.v1.Secret api.discovery.v1.EndpointSlice "
        "api.discovery.v1beta1.EndpointSlice api.events.v1.Event api.events.v1beta1.Event "
        "api.extensions.v1beta1.Ingress api.flowcontrol.v1beta1.FlowSchema "
        "api.flowcontrol.v1beta1.PriorityLevelConfiguration api.networking.v1.Ingress "
        "api.networking.v1.IngressClass api.networking.v1.NetworkPolicy "
        "api.networking.v1beta1.Ingress api.networking.v1beta1.IngressClass "
        "api.node.v1.RuntimeClass api.node.v1beta1.RuntimeClass api.policy.v1beta1.Eviction "
        "api.policy.v1beta1.PodSecurityPolicy api.rbac.v1.ClusterRole "
        "api.rbac.v1.ClusterRoleBinding api.rbac.v1.Role api.rbac.v1.RoleBinding "
        "api.rbac.v1beta1.ClusterRole api.rbac.v1beta1.ClusterRoleBinding "
        "api.rbac.v1beta1.Role api.rbac.v1beta1.RoleBinding api.scheduling.v1.PriorityClass "
        "api.scheduling.v1beta1.PriorityClass api.storage.v1.CSIDriver "
        "api.storage.v1.StorageClass api.storage.v1.VolumeAttachment "
        "api.storage.v1beta1.CSIDriver api.storage.v1beta1.CSIStorageCapacity "
        "api.storage.v1beta1.StorageClass api.storage.v1beta1.VolumeAttachment apiextensions- "
        "apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition apiextensions- "
        "apiserver.pkg.apis.apiextensions.v1beta1.CustomResourceDefinition"
    ),
    "Node": ("api.core.v1.Node"),
    "NodeSpec": ("api.core.v1.NodeSpec"),
    "NodeStatus": ("api.core.v1.NodeStatus"),
    "ObjectMeta": ("apimachinery.pkg.apis.meta.v1.ObjectMeta"),
    "Pod": ("api.core.v1.Pod"),
    "PodController": (
        "api.apps.v1.DaemonSet api.apps.v1.Deployment api.apps.v1.ReplicaSet "
        "api.apps.v1.StatefulSet api.batch.v1.Job api.core.v1.ReplicationController"
    ),
    "PodControllerSpec": (
        "api.apps.v1.DaemonSetSpec api.apps.v1.DeploymentSpec api.apps.v1.ReplicaSetSpec "
        "api.apps.v1.StatefulSetSpec api.batch.v1.JobSpec "
        "api.core.v1.ReplicationControllerSpec"
    ),
    "PodSpec": ("api.core.v1.PodSpec"),
    "PodStatus": ("api.core.v1.PodStatus"),
    "PodTemplate": ("api.core.v1.PodTemplate"),
    "PodTemplateSpec": ("api.core.v1.PodTemplateSpec"),
    "Service": ("api.core.v1.Service"),
    "ServiceAccount": ("api.core.v1.ServiceAccount"),
    "ServiceSpec": ("api.core.v1.ServiceSpec"),
    "Volume": ("api.core.v1.Volume"),
    "WebhookConfiguration": (
        "api.admissionregistration.v1.MutatingWebhookConfiguration "
        "api.admissionregistration.v1.ValidatingWebhookConfiguration "
        "api.admissionregistration.v1beta1.MutatingWebhookConfiguration "
        "api.admissionregistration.v1beta1.ValidatingWebhookConfiguration"
    ),
}
"""Names of the built-in definitions (after ``io.k8s.``) by shape."""

NAMESPACED: dict[str, str] = {
    "apps/v1": "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet",
    "autoscaling/v1": "HorizontalPodAutoscaler Scale",
    "autoscaling/v2beta1": "HorizontalPodAutoscaler",
    "autoscaling/v2beta2": "HorizontalPodAutoscaler",
    "batch/v1": "CronJob Job",
    "batch/v1beta1": "CronJob",
    "coordination.k8s.io/v1": "Lease",
    "coordination.k8s.io/v1beta1": "Lease",
    "discovery.k8s.io/v1": "EndpointSlice",
    "discovery.k8s.io/v1beta1": "EndpointSlice",
    "events.k8s.io/v1": "Event",
    "events.k8s.io/v1beta1": "Event",
    "extensions/v1beta1": "Ingress",
    "networking.k8s.io/v1": "Ingress NetworkPolicy",
    "networking.k8s.io/v1beta1": "Ingress",
    "policy/v1": "PodDisruptionBudget",
    "policy/v1beta1": "PodDisruptionBudget",
    "rbac.authorization.k8s.io/v1": "Role RoleBinding",
    "rbac.authorization.k8s.io/v1beta1": "Role RoleBinding",
    "storage.k8s.io/v1beta1": "CSIStorageCapacity",
    "v1": (
        "ConfigMap Endpoints Event LimitRange PersistentVolumeClaim Pod PodAttachOptions "
        "PodExecOptions PodPortForwardOptions PodProxyOptions PodTemplate "
        "ReplicationController ResourceQuota Secret Service ServiceAccount "
        "ServiceProxyOptions"
    ),
}
"""Kinds kustomize knows to be namespaced without a schema, by apiVersion."""
