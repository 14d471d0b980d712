"""Kubernetes API semantics, pure: verbs, patches, managed fields, tables, discovery."""
