"""Objects on their way through a build: one, all of a layer, and which of them are meant."""
