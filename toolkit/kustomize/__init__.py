"""Builds a kustomization: FileTree in, BuildResult out."""
