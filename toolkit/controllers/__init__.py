"""Loops that take ports: publisher, reconciler, workflow and cron controllers."""
