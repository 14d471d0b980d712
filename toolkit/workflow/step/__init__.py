"""One step of the machine: the working copy that it changes, and what may start in it."""
