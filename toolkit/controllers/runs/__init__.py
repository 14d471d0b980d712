"""What the workflow controller is made of: active runs, their commits, their picture."""
