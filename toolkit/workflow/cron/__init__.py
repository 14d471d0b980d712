"""CronWorkflows: when they fire (:mod:`schedule`), what is to come (:mod:`forecast`), what a tick
does (:mod:`decide`): whether it is :mod:`due` or :mod:`waiting`, and what goes on :mod:`record`.
"""
