"""How long Workflows, Pods and what runs leave are kept, and the archive."""
