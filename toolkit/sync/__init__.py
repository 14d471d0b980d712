"""Plans: what to change so that the cluster equals the deploy branch."""
