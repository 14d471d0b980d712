"""Tables of objects, version 1."""

OBJECTS = """
"""
