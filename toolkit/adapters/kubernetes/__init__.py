"""The Cluster port over Kubernetes' REST API: one client, two transports.

``loopback`` reaches our own server with nothing but the standard library; ``kubeconfig`` reaches
any cluster through the official client's configuration and authentication.
"""
