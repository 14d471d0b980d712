"""What is wrong, and what may have been meant: asked only for an error, by whoever has it."""
