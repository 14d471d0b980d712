"""Which fields of an answer a client of Argo's API wants: ``fields=metadata.name,status.phase``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FieldChoice:
    """``paths`` are kept, or with ``excludes`` left out; without paths all is kept."""

    paths: frozenset[str] = frozenset()
    excludes: bool = False

    @classmethod
    def parse(cls, text: str, *, prefix: str = "") -> FieldChoice:
        """``prefix``, what the client names around the object, is cut from each path."""
        excludes = text.startswith("-")
        paths = text.removeprefix("-").split(",")
        return cls(frozenset(p.strip().removeprefix(prefix) for p in paths if p.strip()), excludes)

    def of(self, value: Any) -> Any:
        """A copy with the chosen fields; lists are passed through, their items chosen from."""
        return self._chosen(value, "") if self.paths else value

    def _chosen(self, value: Any, at: str) -> Any:
        if isinstance(value, list):
            return [self._chosen(item, at) for item in value]
        if not isinstance(value, dict):
            return value
        kept = {}
        for key, inner in value.items():
            path = f"{at}.{key}" if at else key
            if path in self.paths:
                if not self.excludes:
                    kept[key] = inner
            elif self.excludes or self._leads_to(path):
                kept[key] = self._chosen(inner, path)
        return kept

    def _leads_to(self, path: str) -> bool:
        return any(chosen.startswith(f"{path}.") for chosen in self.paths)
