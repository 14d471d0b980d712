"""YAML as kustomize reads and writes it, with positions.

::

    load_all(text, path)            documents as plain objects
    emit(body), emit_all(bodies)    text, byte for byte what kustomize prints
    Positions(text, path)           where each value stands
    edit                            changes to a text that keep every other line

A body that was loaded, emitted and loaded again is the same body.
"""

from toolkit.yaml.dialect import RESOURCE, SETTINGS, STRICT_SETTINGS, Dialect
from toolkit.yaml.emit import emit, emit_all
from toolkit.yaml.limits import DEFAULT_LIMITS, Limits
from toolkit.yaml.parse import load_all

__all__ = [
    "DEFAULT_LIMITS",
    "RESOURCE",
    "SETTINGS",
    "STRICT_SETTINGS",
    "Dialect",
    "Limits",
    "emit",
    "emit_all",
    "load_all",
]
