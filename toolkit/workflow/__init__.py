"""The workflow engine's pure core: one step machine, its its rules of templates and time."""
