"""Logs of steps: files, the times of their lines, and a search over all."""
