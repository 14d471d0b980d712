"""The workflow engine's pure core: one step machine, its rules of templates and of time.

Theory of operation. A run is rows: one run row, one row a node, and a few notes (ids that begin
with ``@``: the definition fixed at submit, timers, what the exit handler sees). Nothing else is
truth. :func:`~toolkit.workflow.machine.submit` and :func:`~toolkit.workflow.machine.step` take a
run, an event and the time, and return a :class:`~toolkit.workflow.run.Transition`: the rows that
change and the commands to perform *after* these rows are committed. They change nothing
themselves.

Inside a step a :class:`~toolkit.workflow.step.draft.Draft` reads through to the run and collects
changes. A node that ends tells its *owner* (a step group, a DAG, a retry...) by an entry on the
agenda; owners count their unfinished children, so the cost of an event is that of the nodes it
touches. Owners start templates through :mod:`~toolkit.workflow.templates.invoke`, which resolves
the template, its inputs and substitutions, and creates the node::

    transition = submit(workflow, library, now)
    run = Run.start(transition)
    for event in events:
        transition = step(run, event, now)
        commit(transition)          # rows and commands in one transaction
        run.apply(transition)
"""
