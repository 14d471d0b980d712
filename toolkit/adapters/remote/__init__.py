"""Bases and files that are elsewhere, over git and HTTP, through a private cache."""
