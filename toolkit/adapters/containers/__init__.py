"""Steps as real containers of podman or docker, behind the process executor's own machinery.

Theory of operation. A container is held as a process is: the wrapper of a claimed step runs
``podman run --name gitops-<state>-<command id> …`` in the foreground, so that claims, logs, exit
codes, deadlines and following after a restart are the very same. What differs is written here::

    find.py        which engine there is, and whether it answers
    engine.py      what is asked of it beside the run: kill, copy out, remove
    arguments.py   a step as arguments of ``run``: mounts, limits, environment

The name makes a second start impossible even for an engine that lost track. Secrets go into the
container by an env-file that only this user can read and that is gone when the step has ended;
they never stand on a command line. Output files are copied out of the ended container, unless they
lie in a mounted folder.
"""
