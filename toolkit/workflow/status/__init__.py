"""A run as people see it, in Kubernetes objects, and what they change there."""
