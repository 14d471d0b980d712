"""Is a workflow one that can be run? Its fields and its variables, asked once, at submit."""
