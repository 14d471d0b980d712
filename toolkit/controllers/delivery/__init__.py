"""From a rendered tree to a deploy branch, and from there to the cluster."""
