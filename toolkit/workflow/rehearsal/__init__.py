"""Runs under a virtual clock: one for a test, or a whole environment."""
