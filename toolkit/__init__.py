"""GitOps for data pipelines on Argo Workflows, in one Python program.

The packages below are layers; each imports only downward (``docs/architecture.md``)::

    cli > wiring > web > controllers | adapters | report > sync > publish > validate
        > repository > kustomize | workflow | apiserver > schema > resource > yaml
        > errors > source | clock

From ``report`` down nothing touches files, sockets, processes, clocks or randomness.
"""

__version__ = "0.1.0"
