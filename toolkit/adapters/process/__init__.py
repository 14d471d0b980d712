"""Steps as processes of the host: the executor that needs nothing installed.

Theory of operation. A start is claimed by creating ``<state>/steps/<command id>``; only the
creator starts anything. (:mod:`~toolkit.adapters.process.spares` renames a folder there that an
earlier step has left as it was, which is as exclusive.) The step runs under a small shell wrapper
(``wrapper.sh``) in a session of its own, so that it outlives gitops. The wrapper holds a file lock
as long as it lives, writes who it is, and writes the exit code last. Whoever looks at a claim
later needs nothing else::

    exit code written            → it ended
    lock held                    → it lives: follow the process by its pidfd
    neither                      → interrupted; the verdict is written while the lock is held, so
                                   that no start can still be under way

A pod of several containers is such a claim without a wrapper; each of its containers has a claim
and a wrapper below it (:mod:`~toolkit.adapters.process.pod`).

Each step sees private folders over ``/tmp`` and over the absolute paths its template declares, by
a mount namespace where the machine has them, else by rewriting these paths in what it is given.
"""
