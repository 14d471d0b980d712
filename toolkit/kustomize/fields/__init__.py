"""Which fields are meant: field specs and what configures them, paths of replacements and
vars.
"""
