"""git through GitPython: repositories, mirrors of others, and commits as trees of files."""
