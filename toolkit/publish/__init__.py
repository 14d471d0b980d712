"""From a build to the tree of bytes that a deploy branch holds."""
