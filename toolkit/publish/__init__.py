"""From a build to the tree of bytes that a deploy branch holds.

::

    BuildResult ── render_tree ──> RenderedTree(files, index)
    RenderedTree + the branch's files ── tree_changes ──> TreeChanges(paths)
    TreeChanges + Provenance ── DeployRepository.push ──> Publication

One object is one file, with a path made from its id; ``gitops-index.json`` lists every file that
the toolkit wrote with its sha256. The index gives three promises: a reader takes all of the tree or
nothing, a publish deletes nothing it did not write, and a hold (a rollback's) cannot be lost.
"""

from toolkit.publish.index import INDEX_PATH, Hold, Index, IndexEntry, index_bytes, parse_index
from toolkit.publish.manifest import manifest_bytes, manifest_path, parse_manifest
from toolkit.publish.ports import Commit, DeployCommit, DeployRepository, GitRepository
from toolkit.publish.provenance import Provenance, parse_provenance, parse_trailers
from toolkit.publish.publication import ChangeCounts, Publication, TreeChanges, tree_changes
from toolkit.publish.tree import RenderedTree, render_tree

__all__ = [
    "INDEX_PATH",
    "ChangeCounts",
    "Commit",
    "DeployCommit",
    "DeployRepository",
    "GitRepository",
    "Hold",
    "Index",
    "IndexEntry",
    "Provenance",
    "Publication",
    "RenderedTree",
    "TreeChanges",
    "index_bytes",
    "manifest_bytes",
    "manifest_path",
    "parse_index",
    "parse_manifest",
    "parse_provenance",
    "parse_trailers",
    "render_tree",
    "tree_changes",
]
