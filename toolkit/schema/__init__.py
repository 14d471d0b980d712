"""JSON schemas of Kubernetes and Argo kinds, and the merge keys of their lists."""
