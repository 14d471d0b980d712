"""What moves a run on, from its first row to its exit handler."""
