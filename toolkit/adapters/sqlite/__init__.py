"""The state database: one file, one writer thread, a pool of readers."""
