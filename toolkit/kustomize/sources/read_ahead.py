"""Resource files of a large kustomization, parsed by a helper while we parse the others."""

from __future__ import annotations

import marshal
from collections.abc import Callable
from posixpath import join, normpath

from toolkit.yaml.parse import load_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from toolkit.kustomize.ports import FileTree, Helper

MANY = 400
"""Files from which on it pays to start a helper."""


class ReadAhead:
    """Without a ``helper`` it does nothing."""

    __slots__ = ("_answers", "_documents", "_tree", "helper")

    def __init__(self, tree: FileTree) -> None:
        self.helper: Helper | None = None
        self._tree = tree
        self._answers: dict[str, Callable[[], bytes | None]] = {}
        self._documents: dict[str, list[Any]] = {}

    def begin(self, folder: str, names: list[str]) -> None:
        """Has the later half of the files parsed; anything odd among them is left for later."""
        if self.helper is None or len(names) < MANY:
            return
        paths = [normpath(join(folder, name)) for name in names[len(names) // 2 :]]
        tree = self._tree
        paths = [path for path in paths if tree.resolve(path) == path and tree.is_file(path)]
        answer = self.helper.start(
            lambda: marshal.dumps({path: load_all(tree.read(path)) for path in paths})
        )
        self._answers.update(dict.fromkeys(paths, answer))

    def documents(self, path: str) -> list[Any] | None:
        """What a file was parsed to; None where it was not, or not without errors."""
        answer = self._answers.pop(path, None)
        if answer is not None:
            self._take(answer)
        return self._documents.pop(path, None)

    def _take(self, answer: Callable[[], bytes | None]) -> None:
        for other in [one for one, same in self._answers.items() if same is answer]:
            del self._answers[other]
        content = answer()
        if content is not None:
            # the bytes come from a copy of this very process, through a pipe
            self._documents.update(marshal.loads(content))  # noqa: S302
