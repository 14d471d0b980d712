"""What each kind of template does, and how one is started.

Templates that run something: pods, tasks (http and plugin), data, suspend. Templates that
start others: steps, dag.
"""
