"""What gitops.yaml and the folders beside it mean."""
