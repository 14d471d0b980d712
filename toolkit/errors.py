"""Every error the program raises on purpose, as one tree.

::

    ToolkitError                      exit 1
    ├── UsageError                    exit 2   the command line is wrong
    ├── InputError                    exit 1   a file says something broken; has a location
    │   ├── YamlError                          syntax, limits (depth, size, aliases)
    │   │   └── DuplicateKeyError              a key stands twice in one mapping
    │   ├── BuildError                         a kustomization cannot be built
    │   ├── PatchError                         a patch does not fit its object
    │   ├── SettingsError                      gitops.yaml is wrong
    │   └── ExpressionError                    a template tag, `when`, `depends` or cron text
    ├── OperationError                exit 1   something asked for did not work
    │   ├── GitError
    │   │   └── PushRejectedError          the branch moved on: fetch, render again, push
    │   ├── PublishError
    │   ├── RefusedError                       a guard says no: nothing was changed
    │   ├── ExecutionError
    │   ├── StateError                         the state folder is locked, newer, or broken
    │   └── ClusterError                       the cluster answered with a failure
    │       ├── NotFoundError                  404
    │       ├── AlreadyExistsError             409 on create
    │       ├── ConflictError                  409 on update or apply
    │       ├── GoneError                      410: the watch must list again
    │       ├── InvalidError                   422
    │       ├── BadRequestError                400
    │       ├── UnauthorizedError              401
    │       ├── ForbiddenError                 403
    │       ├── MethodError                    405
    │       ├── TooLargeError                  413
    │       ├── MediaTypeError                 415
    │       ├── TooManyRequestsError           429: try again later
    │       ├── TooNewError                    504: a version that has not come yet
    │       └── UnreachableError               no answer at all
    └── FindingsError                 exit 4   validation refused; carries the findings

Anything else that reaches the command line is a bug in the toolkit (exit 3).

An error carries a message for people, an optional :class:`~toolkit.source.Location`, the excerpt
of the line where the raiser had it at hand, and hints. Third-party errors are wrapped at the
adapter with ``from``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from toolkit.source import Location

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar


class ToolkitError(Exception):
    """The root. ``message`` is one sentence without the location; ``hints`` say what to do."""

    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        message: str,
        *,
        location: Location | None = None,
        excerpt: str | None = None,
        hints: Iterable[str] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.location = location
        self.excerpt = excerpt
        self.hints = tuple(hints)

    def __str__(self) -> str:
        return f"{self.location}: {self.message}" if self.location else self.message


class UsageError(ToolkitError):
    """The command line names something that does not exist or does not fit together."""

    exit_code = 2


class InputError(ToolkitError):
    """A file holds something broken."""


class YamlError(InputError):
    """Text is not the YAML we accept: syntax, duplicate keys, or a limit was reached."""


class DuplicateKeyError(YamlError):
    """A key stands twice in one mapping."""


class BuildError(InputError):
    """A kustomization cannot be built."""


class PatchError(InputError):
    """A patch is malformed or does not fit its object.

    ``operation`` is the 0-based place in a JSON patch (None for the other kinds), ``path`` where
    in the object, as the patch writes it, ``reason`` what is wrong there.
    """

    def __init__(self, reason: str, *, path: str, operation: int | None = None) -> None:
        place = f"operation {operation + 1}, " if operation is not None else ""
        super().__init__(f"{place}{path or 'the whole object'}: {reason}")
        self.reason = reason
        self.path = path
        self.operation = operation


class SettingsError(InputError):
    """gitops.yaml is wrong."""


class ExpressionError(InputError):
    """An expression, template tag or schedule cannot be parsed or evaluated."""


class OperationError(ToolkitError):
    """Something that was asked for did not work."""


class GitError(OperationError):
    """git refused or failed."""


class PushRejectedError(GitError):
    """The branch is not where the pusher thought it was; nothing was changed."""


class PublishError(OperationError):
    """The rendered tree could not be published; the deploy branch is as it was."""


class RefusedError(OperationError):
    """A guard refused; nothing was changed. The hints name the approval that would let it pass."""


class ExecutionError(OperationError):
    """A step could not be started or followed."""


class StateError(OperationError):
    """The state folder is locked by another process, newer than this program, or broken."""


class ClusterError(OperationError):
    """The cluster answered with a failure: Kubernetes ``Status`` semantics.

    ``code`` is the HTTP status, ``reason`` the Kubernetes reason, ``details`` the Status details.
    """

    code: ClassVar[int] = 500
    reason: ClassVar[str] = "InternalError"

    def __init__(
        self,
        message: str,
        *,
        details: Mapping[str, Any] | None = None,
        location: Location | None = None,
        hints: Iterable[str] = (),
    ) -> None:
        super().__init__(message, location=location, hints=hints)
        self.details: Mapping[str, Any] = details or {}


class NotFoundError(ClusterError):
    """404: no such object, namespace or kind."""

    code = 404
    reason = "NotFound"


class AlreadyExistsError(ClusterError):
    """409 on create: the name is taken."""

    code = 409
    reason = "AlreadyExists"


class ConflictError(ClusterError):
    """409: a stale resourceVersion, a failed precondition, or a field another manager owns."""

    code = 409
    reason = "Conflict"


class GoneError(ClusterError):
    """410: the version asked for was compacted; list again."""

    code = 410
    reason = "Expired"


class InvalidError(ClusterError):
    """422: the object or patch is not valid."""

    code = 422
    reason = "Invalid"


class BadRequestError(ClusterError):
    """400: the request cannot be understood."""

    code = 400
    reason = "BadRequest"


class ForbiddenError(ClusterError):
    """403: not allowed, or not possible in this state (a terminating namespace)."""

    code = 403
    reason = "Forbidden"


class UnauthorizedError(ClusterError):
    """401: no token, or not the right one."""

    code = 401
    reason = "Unauthorized"


class MethodError(ClusterError):
    """405: the resource is there, the verb is not."""

    code = 405
    reason = "MethodNotAllowed"


class TooLargeError(ClusterError):
    """413: the body is larger than the server takes."""

    code = 413
    reason = "RequestEntityTooLarge"


class MediaTypeError(ClusterError):
    """415: the body is of a type the server, or this kind, does not take."""

    code = 415
    reason = "UnsupportedMediaType"


class TooManyRequestsError(ClusterError):
    """429: over a limit; the same request may go through later."""

    code = 429
    reason = "TooManyRequests"


class TooNewError(ClusterError):
    """504: the version asked for is newer than any: of another store, or of one put back."""

    code = 504
    reason = "Timeout"


class UnreachableError(ClusterError):
    """No answer: the server is down or refuses the connection."""

    code = 503
    reason = "ServiceUnavailable"


class FindingsError(ToolkitError):
    """Validation refused. ``findings`` are :class:`toolkit.validate.Finding` values."""

    exit_code = 4

    def __init__(self, message: str, findings: Sequence[Any], *, hints: Iterable[str] = ()) -> None:
        super().__init__(message, hints=hints)
        self.findings = tuple(findings)
