"""Generators: each makes objects from what a kustomization names. One module each."""
