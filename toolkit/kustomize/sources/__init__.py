"""What a build reads: the tree that one build shares, folders with kustomizations, files and
repositories elsewhere.
"""
