"""Tables of runs, version 1."""

RUNS = """
"""
