"""The only place that constructs adapters and hands them to controllers.

One module a concern, so that a verb loads only what it needs: ``workspace`` (folders, settings,
file trees), ``clusters`` (who owns the state, how to reach it), ``delivery`` (publisher,
reconciler), ``engine`` (workflow and cron controllers, executor).
"""
