"""How the limits of a step are held: by control groups where there are any, else by rlimits."""

from __future__ import annotations

from dataclasses import dataclass

from toolkit.adapters.process.cgroups import Cgroups
from toolkit.adapters.process.claims import Claim
from toolkit.errors import ExecutionError
from toolkit.workflow.commands import ContainerCall
from toolkit.workflow.events import OUT_OF_MEMORY
from toolkit.workflow.pods.resources import limits_of

_KIBI = 1024
_BLOCK = 512
_KILLED = 137


@dataclass(frozen=True, slots=True)
class Held:
    """What the wrapper does before the command: the groups it enters, and ``ulimit``'s values of
    data, in KiB, and of file sizes, in blocks of 512 bytes ("" where there is none).
    """

    groups: tuple[str, ...] = ()
    data_kib: str = ""
    file_blocks: str = ""


def hold(call: ContainerCall, claim: Claim, cgroups: Cgroups) -> Held:
    """Makes the groups. Memory that no group can hold is held by the size of a process's data:
    address space would be wrong, which many runtimes reserve without using it.

    Raises ExecutionError for what is no quantity, OSError.
    """
    try:
        limits = limits_of(call)
    except ValueError as error:
        raise ExecutionError(f"resources: {error}") from error
    groups = cgroups.make(group_name(claim), limits)
    is_grouped = cgroups.memory is not None
    memory = None if is_grouped else limits.memory_bytes
    return Held(
        tuple(map(str, groups)),
        "" if memory is None else str(memory // _KIBI),
        "" if limits.storage_bytes is None else str(limits.storage_bytes // _BLOCK),
    )


def let_go(claim: Claim, cgroups: Cgroups) -> None:
    """The step has ended: notes whether it was for want of memory, and removes its groups."""
    name = group_name(claim)
    if claim.exit_code() == _KILLED and cgroups.has_killed(name):
        claim.note_reason(OUT_OF_MEMORY)
    cgroups.remove(name)


def group_name(claim: Claim) -> str:
    """Of a pod's container: with the pod's name."""
    above = claim.folder.parent.parent.name
    return f"{above}.{claim.command_id}"
