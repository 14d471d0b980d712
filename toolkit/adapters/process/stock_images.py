"""Well-known images and what stands for them on this host, where gitops.yaml has no rule.

``args`` says that what the image runs unasked is known: an image without an entrypoint then runs
the template's own ``args`` as its command, as a container engine does. Names are Docker Hub's, in
their short form. ``files`` are programs that an image keeps at an absolute path.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from toolkit.repository.settings import SHIPPED_PROGRAMS, ImageRule

_SHELLS: Final = {
    "alpine": "sh",
    "bash": "bash",
    "busybox": "sh",
    "debian": "bash",
    "fedora": "bash",
    "rockylinux": "bash",
    "ubuntu": "bash",
}
_INTERPRETERS: Final = {
    "golang": "bash",
    "node": "node",
    "perl": "perl",
    "python": "python",
    "ruby": "irb",
}
_ENTRYPOINTS: Final = {
    "alpine/curl": "curl",
    "alpine/git": "git",
    "bitnami/kubectl": "kubectl",
    "curlimages/curl": "curl",
    "ghcr.io/jqlang/jq": "jq",
    "mikefarah/yq": "yq",
    "stedolan/jq": "jq",
}


def _stock() -> Iterator[ImageRule]:
    for name in ("argoproj/argosay", "quay.io/argoproj/argosay"):
        yield ImageRule(f"{name}:v1", path=(SHIPPED_PROGRAMS,), args=("cowsay",))
        yield ImageRule(
            name,
            ("argosay",),
            (SHIPPED_PROGRAMS,),
            args=(),
            files=(("/argosay", f"{SHIPPED_PROGRAMS}/argosay"),),
        )
    yield ImageRule("docker/whalesay", path=(SHIPPED_PROGRAMS,), args=("bash",))
    for name, program in (_SHELLS | _INTERPRETERS).items():
        yield ImageRule(name, args=(program,))
    yield ImageRule("nginx", args=("nginx", "-g", "daemon off;"))
    for name, program in _ENTRYPOINTS.items():
        yield ImageRule(name, (program,), args=())


STOCK_IMAGES: Final = tuple(_stock())
