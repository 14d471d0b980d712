"""Retries: of a step by its ``retryStrategy``, and of a run that has ended by a person."""
