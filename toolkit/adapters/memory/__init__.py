"""The in-memory twins of ports: for tests, and where nothing is to be kept."""
