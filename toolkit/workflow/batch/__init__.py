"""Kubernetes' own kinds that run something: Pods, Jobs and CronJobs, decided from their objects.

Nothing but the objects is known here: a decision looks at what the cluster holds now, and says
what it should hold and do next. Deciding again from the same objects says the same, so that a
crash at any moment costs nothing.

    decide(job, pods, now)  # → the status to write, pods to make and to delete, when to look again
"""
