"""JSON and YAML on stdout, for ``-o json`` and ``-o yaml``."""

from __future__ import annotations

from typing import Any


def print_document(document: Any, output: str) -> None:
    """``output`` is ``json`` or ``yaml``."""
    if output == "json":
        import json

        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        from toolkit.yaml import emit

        print(emit(document), end="")
