"""The table of verbs. A module stands here once it exists; nothing is listed before."""

from __future__ import annotations

from typing import NamedTuple


class Verb(NamedTuple):
    """``target`` is ``module:attribute`` of a click command."""

    section: str
    summary: str
    target: str


RENDER = "Render and check"
DELIVER = "Deliver"
OPERATE = "Run and operate"
KEEP = "Edit and keep"
SECTIONS = (RENDER, DELIVER, OPERATE, KEEP)

VERBS: dict[str, Verb] = {
    "build": Verb(RENDER, "Print what a target renders to", "toolkit.cli.build:build"),
    "explain": Verb(
        RENDER, "Show where each value of an object comes from", "toolkit.cli.explain:explain"
    ),
    "validate": Verb(
        RENDER,
        "Find everything wrong with environments and manifests",
        "toolkit.cli.validate:validate",
    ),
    "test": Verb(RENDER, "Test workflows with mocked steps", "toolkit.cli.test:test"),
    "diff": Verb(
        RENDER, "Show what a change does to the rendered objects", "toolkit.cli.diff:diff"
    ),
    "affected": Verb(
        RENDER,
        "List the environments and objects that a change touches",
        "toolkit.cli.affected:affected",
    ),
    "publish": Verb(
        DELIVER,
        "Render, validate, commit and push to the deploy branch",
        "toolkit.cli.publish:publish",
    ),
    "up": Verb(
        DELIVER, "Run cluster, reconciler, engine and crons in one process", "toolkit.cli.up:up"
    ),
    "plan": Verb(DELIVER, "Show what would change in the cluster", "toolkit.cli.plan:plan"),
    "sync": Verb(DELIVER, "Bring a cluster to what is published", "toolkit.cli.sync:sync"),
    "status": Verb(DELIVER, "Show where each environment stands", "toolkit.cli.status:status"),
    "history": Verb(DELIVER, "List what was published", "toolkit.cli.history:history"),
    "rollback": Verb(
        DELIVER, "Put an earlier revision back, and hold it", "toolkit.cli.rollback:rollback"
    ),
    "run": Verb(OPERATE, "Start a workflow, and follow it where asked to", "toolkit.cli.run:run"),
    "list": Verb(OPERATE, "List workflows", "toolkit.cli.list:list_workflows"),
    "get": Verb(OPERATE, "Show a workflow and its steps", "toolkit.cli.get:get"),
    "logs": Verb(OPERATE, "Print what a workflow's steps printed", "toolkit.cli.logs:logs"),
    "cp": Verb(OPERATE, "Copy a workflow's output artifacts", "toolkit.cli.cp:cp"),
    "watch": Verb(OPERATE, "Follow a workflow until it ends", "toolkit.cli.watch:watch"),
    "suspend": Verb(OPERATE, "Let workflows start no further step", "toolkit.cli.suspend:suspend"),
    "resume": Verb(OPERATE, "Approve waiting steps, lift suspension", "toolkit.cli.resume:resume"),
    "stop": Verb(OPERATE, "End workflows; exit handlers run", "toolkit.cli.stop:stop"),
    "terminate": Verb(OPERATE, "End workflows at once", "toolkit.cli.terminate:terminate"),
    "retry": Verb(OPERATE, "Run the failed steps of a workflow again", "toolkit.cli.retry:retry"),
    "resubmit": Verb(OPERATE, "Run a workflow again", "toolkit.cli.resubmit:resubmit"),
    "delete": Verb(OPERATE, "Delete workflows", "toolkit.cli.delete:delete"),
    "archive": Verb(
        OPERATE, "Show, retry, resubmit, delete what has ended", "toolkit.cli.archive:archive"
    ),
    "apply": Verb(OPERATE, "Put objects into a cluster, past git", "toolkit.cli.apply:apply"),
    "template": Verb(
        OPERATE, "Create, list, show, delete templates", "toolkit.cli.template:template"
    ),
    "cron": Verb(OPERATE, "Create, list, suspend, resume, delete crons", "toolkit.cli.cron:cron"),
    "schedule": Verb(
        OPERATE, "Show every coming run, overlaps, clock changes", "toolkit.cli.schedule:schedule"
    ),
    "simulate": Verb(
        OPERATE, "Play the crons under a virtual clock", "toolkit.cli.simulate:simulate"
    ),
    "notify": Verb(OPERATE, "Tell Slack how a workflow ended", "toolkit.cli.notify:notify"),
    "secret": Verb(KEEP, "Keep secrets in a cluster, outside git", "toolkit.cli.secret:secret"),
    "doctor": Verb(KEEP, "Look at what this machine allows", "toolkit.cli.doctor:doctor"),
    "state": Verb(KEEP, "Back up and restore the state", "toolkit.cli.state:state"),
    "gc": Verb(KEEP, "Remove what has been kept long enough", "toolkit.cli.gc:gc"),
    "demo": Verb(KEEP, "Run the whole pipeline once here, and show it", "toolkit.cli.demo:demo"),
    "init": Verb(KEEP, "Write a new repository like the one shipped", "toolkit.cli.init:init"),
    "set": Verb(KEEP, "Change one thing in a file, keeping all else", "toolkit.cli.set:set"),
    "add": Verb(KEEP, "List one more thing in a kustomization", "toolkit.cli.add:add"),
    "remove": Verb(KEEP, "Take one thing out of a kustomization", "toolkit.cli.remove:remove"),
    "fix": Verb(KEEP, "Turn deprecated fields into present ones", "toolkit.cli.fix:fix"),
    "completion": Verb(
        KEEP, "Print a shell's completion script", "toolkit.cli.completion:completion"
    ),
}
