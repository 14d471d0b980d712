"""Patches on plain objects: strategic merges and JSON patches."""
