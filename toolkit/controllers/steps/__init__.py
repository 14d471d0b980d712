"""What a step is given: its environment, files and volumes."""
