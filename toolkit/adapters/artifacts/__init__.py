"""Artifacts: kept in the state folder, or where a workflow says.

An :class:`ArtifactStore` packs and unpacks (:mod:`~toolkit.adapters.artifacts.packing`); a
*driver* moves the packed file or folder to and from one kind of place: S3, GCS, Artifactory, any
HTTP server, git. Credentials are Secrets by reference, looked up when they are used::

    store = ArtifactStore(root).using({"minio/secretkey": "..."})
    store.save(OutputArtifact("rows", "/out", "wf/pod/rows.tgz", location={"s3": {...}}), folder)
"""

from toolkit.adapters.artifacts.store import ArtifactStore

__all__ = ["ArtifactStore"]
