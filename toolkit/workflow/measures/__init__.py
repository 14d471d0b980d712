"""What is counted and timed of a run: metrics, traces, progress, durations."""
