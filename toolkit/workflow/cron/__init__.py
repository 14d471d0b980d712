"""CronWorkflows: when they fire (:mod:`schedule`) and what a tick does (:mod:`decide`)."""
