"""The outside world behind the ports: files, git, clusters, processes, SQLite, HTTP."""
