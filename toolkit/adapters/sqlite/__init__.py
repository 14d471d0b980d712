"""The state database: one file, one who writes at a time, a pool of readers."""
