"""Edits of a kustomization's generators of ConfigMaps and Secrets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from toolkit.errors import InputError
from toolkit.repository.kustomization_sheet import Edited, Sheet

CONFIG_MAPS = "configMapGenerator"
SECRETS = "secretGenerator"

_WHAT = {CONFIG_MAPS: "ConfigMap", SECRETS: "Secret"}


class Generated(NamedTuple):
    """A ConfigMap or Secret as asked for: its name and where its content comes from.

    ``literals`` are ``KEY=VALUE``, ``files`` ``[KEY=]PATH``, ``envs`` paths.
    """

    name: str
    namespace: str = ""
    literals: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    envs: tuple[str, ...] = ()
    behavior: str = ""
    type: str = ""
    has_plain_name: bool = False

    def sources(self) -> dict[str, tuple[str, ...]]:
        named = {"literals": self.literals, "files": self.files, "envs": self.envs}
        return {field: entries for field, entries in named.items() if entries}

    def entry(self) -> dict[str, Any]:
        """A new entry of the generator's list."""
        texts = {
            "name": self.name,
            "namespace": self.namespace,
            "behavior": self.behavior,
            "type": self.type,
        }
        entry: dict[str, Any] = {field: value for field, value in texts.items() if value}
        entry |= {field: list(entries) for field, entries in self.sources().items()}
        if self.has_plain_name:
            entry["options"] = {"disableNameSuffixHash": True}
        return entry


def add_generated(text: str, field: str, asked: Generated, *, file: str = "") -> Edited:
    """A new entry, or more content for the one of that name. Nothing is added twice; a key that
    is there with other content is refused.
    """
    sheet = Sheet(text, file)
    index = _index(sheet, field, asked.name, asked.namespace)
    if index is None:
        sheet.append((field,), asked.entry())
        return sheet.edited()
    for kind, entries in asked.sources().items():
        for entry in entries:
            _add_source(sheet, (field, index), kind, entry)
    for option in ("behavior", "type"):
        if getattr(asked, option):
            sheet.set((field, index, option), getattr(asked, option))
    if asked.has_plain_name:
        plain = True
        sheet.set((field, index, "options", "disableNameSuffixHash"), plain)
    return sheet.edited()


def set_generated(
    text: str,
    name: str,
    literals: Mapping[str, str],
    *,
    namespace: str = "",
    new_namespace: str = "",
    file: str = "",
) -> Edited:
    """Other values for literals that are there, or another namespace, of a ConfigMap."""
    sheet = Sheet(text, file)
    entry = (CONFIG_MAPS, _known(sheet, CONFIG_MAPS, name, namespace))
    for key, value in literals.items():
        place = (*entry, "literals")
        keys = [_key(str(one)) for one in sheet.items(place)]
        if key not in keys:
            sheet.refuse_unknown("literal", key, keys, place)
        sheet.set((*place, keys.index(key)), f"{key}={value}")
    if new_namespace:
        sheet.set((*entry, "namespace"), new_namespace)
    return sheet.edited()


def remove_generated(
    text: str,
    *,
    field: str,
    names: Iterable[str],
    namespace: str = "",
    keys: Iterable[str] = (),
    file: str = "",
) -> Edited:
    """Without the entries of these names, or with ``keys`` without these keys of theirs."""
    sheet = Sheet(text, file)
    chosen = tuple(keys)
    for name in names:
        index = _known(sheet, field, name, namespace)
        for key in chosen:
            _remove_key(sheet, (field, index), key)
        if not chosen:
            sheet.remove((field, index))
    return sheet.edited()


def _add_source(sheet: Sheet, entry: tuple[str, int], kind: str, source: str) -> None:
    place = (*entry, kind)
    present = [str(one) for one in sheet.items(place)]
    if source in present:
        sheet.note(
            f"{source} is there already" if kind != "literals" else "already so",
            (*place, present.index(source)),
        )
        return
    if kind != "envs":
        _refuse_taken_key(sheet, entry, source, kind)
    sheet.append(place, source)


def _refuse_taken_key(sheet: Sheet, entry: tuple[str, int], source: str, kind: str) -> None:
    for field in ("literals", "files"):
        for index, one in enumerate(sheet.items((*entry, field))):
            if _key(str(one), is_file=field == "files") == _key(source, is_file=kind == "files"):
                raise InputError(
                    f"the key {_key(str(one), is_file=field == 'files')!r} is there already",
                    location=sheet.place((*entry, field, index)),
                    hints=["to change a literal: gitops set configmap"],
                )


def _remove_key(sheet: Sheet, entry: tuple[str, int], key: str) -> None:
    known: list[str] = []
    for field in ("literals", "files"):
        for index, one in enumerate(sheet.items((*entry, field))):
            known.append(_key(str(one), is_file=field == "files"))
            if known[-1] == key:
                sheet.remove((*entry, field, index))
                return
    sheet.refuse_unknown("key", key, known, entry)


def _known(sheet: Sheet, field: str, name: str, namespace: str) -> int:
    index = _index(sheet, field, name, namespace)
    if index is None:
        names = [str(entry.get("name", "")) for _, entry in sheet.mappings((field,))]
        sheet.refuse_unknown(_WHAT[field], name, names, (field,))
    return index


def _index(sheet: Sheet, field: str, name: str, namespace: str) -> int | None:
    """No namespace is the namespace ``default``, as kustomize has it."""
    for index, entry in sheet.mappings((field,)):
        has_namespace = (entry.get("namespace") or "default") == (namespace or "default")
        if entry.get("name") == name and has_namespace:
            return index
    return None


def _key(source: str, *, is_file: bool = False) -> str:
    key, equals, _ = source.partition("=")
    return key if equals or not is_file else source.rsplit("/", 1)[-1]
