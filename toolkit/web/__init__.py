"""UI pages and their API."""
