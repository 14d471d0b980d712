"""Transformers: each changes the objects of a layer in place. One module each."""
