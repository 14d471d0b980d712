"""What a workflow says: its spec with templates and defaults merged in, fixed at submit."""
