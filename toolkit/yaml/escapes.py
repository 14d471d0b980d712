r"""``\/`` in double quotes: JSON and YAML 1.2 know it, libyaml reads it, go-yaml refuses it."""

from __future__ import annotations

import re

import yaml
from yaml.tokens import ScalarToken

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def slash_escape(text: str) -> int | None:
    """The place of the first one in a YAML text; None where there is none. Scans it whole."""
    for token in yaml.scan(text, Loader=getattr(yaml, "CLoader", yaml.Loader)):
        if isinstance(token, ScalarToken) and token.style == '"':
            start = token.start_mark.index
            for match in _ESCAPE.finditer(text, start, token.end_mark.index):
                if match[1] == "/":
                    return match.start()
    return None
