"""Facts about kinds and fields, as tables."""
