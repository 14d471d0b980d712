"""The two ways kustomize reads YAML."""

from __future__ import annotations

from collections.abc import Callable

from toolkit.yaml.scalars import (
    RESOURCE_HINTS,
    SETTINGS_HINTS,
    resolve_resource,
    resolve_settings,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

_MEMO_LIMIT: Final = 4096


class Dialect:
    """``hints``: first characters of plain scalars that may not be text. ``has_typed_keys``: keys
    that are numbers or booleans become text, as on the way through JSON; else they are refused.
    ``has_duplicates``: the last of equal keys wins, or the first where it ``keeps_first``; else
    they are refused. ``is_rewritten``:
    kustomize writes it out and reads it again before it prints it, which changes folded texts
    (:mod:`toolkit.yaml.folded`), and makes text of nothing in ``{a: , b}``. ``lines``: what
    :mod:`toolkit.yaml.everyday` read before.
    """

    __slots__ = (
        "_memo",
        "_resolve",
        "has_duplicates",
        "has_typed_keys",
        "hints",
        "is_rewritten",
        "keeps_first",
        "lines",
    )

    def __init__(
        self,
        resolve: Callable[[str], Any],
        hints: frozenset[str],
        *,
        has_typed_keys: bool,
        has_duplicates: bool,
        is_rewritten: bool,
        keeps_first: bool = False,
    ) -> None:
        self._resolve = resolve
        self._memo: dict[str, Any] = {}
        self.lines: dict[str, Any] = {}
        self.hints = hints
        self.has_typed_keys = has_typed_keys
        self.has_duplicates = has_duplicates
        self.is_rewritten = is_rewritten
        self.keeps_first = keeps_first

    def plain_value(self, text: str) -> Any:
        """The value of a plain scalar that starts with one of ``hints``."""
        memo = self._memo
        if text in memo:
            return memo[text]
        value = self._resolve(text)
        if len(memo) >= _MEMO_LIMIT:
            memo.clear()
        memo[text] = value
        return value


RESOURCE: Final = Dialect(
    resolve_resource,
    RESOURCE_HINTS,
    has_typed_keys=False,
    has_duplicates=False,
    is_rewritten=True,
)
"""Resources, patches and everything else with a ``kind``: go-yaml version 3."""

FIRST_KEYS: Final = Dialect(
    resolve_resource,
    RESOURCE_HINTS,
    has_typed_keys=False,
    has_duplicates=True,
    is_rewritten=True,
    keeps_first=True,
)
"""A patch with a key twice, of which a merge looks at the first."""

EMBEDDED: Final = Dialect(
    resolve_resource,
    RESOURCE_HINTS,
    has_typed_keys=True,
    has_duplicates=False,
    is_rewritten=False,
)
"""YAML that stands as a text in a resource."""

SETTINGS: Final = Dialect(
    resolve_settings,
    SETTINGS_HINTS,
    has_typed_keys=True,
    has_duplicates=True,
    is_rewritten=False,
)
"""kustomization.yaml and transformer configurations: go-yaml version 2 and JSON."""

STRICT_SETTINGS: Final = Dialect(
    resolve_settings,
    SETTINGS_HINTS,
    has_typed_keys=True,
    has_duplicates=False,
    is_rewritten=False,
)
"""The same without duplicate keys: our own settings, and the check of a kustomization."""
