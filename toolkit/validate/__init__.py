"""What is wrong with a rendered environment: all of it, each with its place and a hint.

Each object is checked against its kind's schema, then, where it holds a workflow spec, by Argo's
rules: templates, calls and their arguments, DAGs, tags, schedules. Rules write notes about paths
in the rendered object; :mod:`~toolkit.validate.places` finds the line in the file::

    findings = validate(result.resources, sources=read_text)
    refused = any(finding.severity is Severity.ERROR for finding in findings)

The table of rules is :data:`RULES`; docs/rules.md explains each. A rule that cannot know (a tag
that is filled in at run time, an object outside the environment) says nothing.
"""

from toolkit.validate.environment import Document, validate, validate_documents
from toolkit.validate.finding import Finding, Severity
from toolkit.validate.places import Sources
from toolkit.validate.rules import RULES, Rule

__all__ = [
    "RULES",
    "Document",
    "Finding",
    "Rule",
    "Severity",
    "Sources",
    "validate",
    "validate_documents",
]
