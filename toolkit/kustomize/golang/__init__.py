"""What kustomize has from Go's libraries: regular expressions, and how JSON is written."""
