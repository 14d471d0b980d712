"""A kustomization and all below it: what its fields ask for, step by step."""
