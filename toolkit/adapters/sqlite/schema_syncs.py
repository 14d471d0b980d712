"""Tables of syncs, version 1."""

SYNCS = """
"""
