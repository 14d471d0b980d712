"""Several workflows at once: by name, and by label and field selectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from toolkit.cli.workflows import Place, find, name_of
from toolkit.resource.resource import Body


@dataclass(frozen=True, slots=True)
class Choice:
    """What the command line chooses."""

    names: tuple[str, ...]
    labels: str
    fields: str

    def of(self, place: Place) -> list[Body]:
        """Each once: those that the selectors choose, the oldest first, then those that are named.
        Raises UsageError where nothing is chosen at all, NotFoundError for a name that is none.
        """
        from toolkit.errors import UsageError
        from toolkit.workflow.submission.submission import WORKFLOW

        if not (self.names or self.labels or self.fields):
            raise UsageError(
                "nothing is chosen", hints=("name workflows, or choose them with -l LABEL=VALUE",)
            )
        found: dict[str, Body] = {}
        if self.labels or self.fields:
            listed = place.cluster.list(
                WORKFLOW,
                place.namespace,
                label_selector=self.labels,
                field_selector=self.fields,
            )
            found = {name_of(body): body for body in sorted(listed.items, key=_created)}
        for name in self.names:
            body = find(place, WORKFLOW, name)
            found.setdefault(name_of(body), body)
        return [*found.values()]


def choice_options(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Adds NAME..., --selector and --field-selector; the verb gets them as ``choice``."""
    from functools import wraps

    @click.argument("names", nargs=-1, metavar="[NAME...]")
    @click.option("-l", "--selector", default="", help="Those with these labels (a=b,c!=d).")
    @click.option("--field-selector", default="", help="Those with these fields (a.b=c).")
    @wraps(verb)
    def with_choice(
        *arguments: Any, names: tuple[str, ...], selector: str, field_selector: str, **options: Any
    ) -> Any:
        return verb(*arguments, choice=Choice(names, selector, field_selector), **options)

    return with_choice


def _created(body: Body) -> str:
    return str(body["metadata"].get("creationTimestamp") or "")
