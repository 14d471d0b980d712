"""Findings: everything wrong with a rendered environment, never only the first."""
