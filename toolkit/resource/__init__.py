"""Kubernetes objects as values: kinds, ids, field paths, merges, differences, the cluster port."""
