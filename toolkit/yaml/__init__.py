"""YAML as spoken here: fast parse, positions, canonical emit, edits that keep comments."""
