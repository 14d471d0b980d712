"""The fields that kustomize's transformers set by default: ``group version kind path [create]``.

``-`` matches anything. ``commonLabels`` is :data:`SELECTOR_LABELS` and :data:`TEMPLATE_LABELS`.
"""

# ruff: noqa: E501 - one row a line

from __future__ import annotations

NAME_PREFIX = """
- - - metadata/name
"""

NAMESPACE = """
- - Namespace metadata/name create
apiregistration.k8s.io - APIService spec/service/namespace create
apiextensions.k8s.io - CustomResourceDefinition spec/conversion/webhook/clientConfig/service/namespace
"""

SELECTOR_LABELS = """
- v1 Service spec/selector create
- v1 ReplicationController spec/selector create
- - Deployment spec/selector/matchLabels create
apps - Deployment spec/template/spec/affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels
apps - Deployment spec/template/spec/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels
apps - Deployment spec/template/spec/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels
apps - Deployment spec/template/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels
apps - Deployment spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels
- - ReplicaSet spec/selector/matchLabels create
- - DaemonSet spec/selector/matchLabels create
apps - StatefulSet spec/selector/matchLabels create
apps - StatefulSet spec/template/spec/affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels
apps - StatefulSet spec/template/spec/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels
apps - StatefulSet spec/template/spec/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels
apps - StatefulSet spec/template/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels
apps - StatefulSet spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels
batch - Job spec/selector/matchLabels
batch - CronJob spec/jobTemplate/spec/selector/matchLabels
policy - PodDisruptionBudget spec/selector/matchLabels
networking.k8s.io - NetworkPolicy spec/podSelector/matchLabels
networking.k8s.io - NetworkPolicy spec/ingress/from/podSelector/matchLabels
networking.k8s.io - NetworkPolicy spec/egress/to/podSelector/matchLabels
"""

TEMPLATE_LABELS = """
- - - metadata/labels create
- v1 ReplicationController spec/template/metadata/labels create
- - Deployment spec/template/metadata/labels create
- - ReplicaSet spec/template/metadata/labels create
- - DaemonSet spec/template/metadata/labels create
apps - StatefulSet spec/template/metadata/labels create
apps - StatefulSet spec/volumeClaimTemplates[]/metadata/labels create
batch - Job spec/template/metadata/labels create
batch - CronJob spec/jobTemplate/metadata/labels create
batch - CronJob spec/jobTemplate/spec/template/metadata/labels create
"""

COMMON_ANNOTATIONS = """
- - - metadata/annotations create
- v1 ReplicationController spec/template/metadata/annotations create
- - Deployment spec/template/metadata/annotations create
- - ReplicaSet spec/template/metadata/annotations create
- - DaemonSet spec/template/metadata/annotations create
- - StatefulSet spec/template/metadata/annotations create
batch - Job spec/template/metadata/annotations create
batch - CronJob spec/jobTemplate/metadata/annotations create
batch - CronJob spec/jobTemplate/spec/template/metadata/annotations create
"""

IMAGES = """
- - - spec/containers[]/image create
- - - spec/initContainers[]/image create
- - - spec/volumes[]/image/reference create
- - - spec/template/spec/containers[]/image create
- - - spec/template/spec/initContainers[]/image create
- - - spec/template/spec/volumes[]/image/reference create
"""

REPLICAS = """
- - Deployment spec/replicas create
- - ReplicationController spec/replicas create
- - ReplicaSet spec/replicas create
- - StatefulSet spec/replicas create
"""
