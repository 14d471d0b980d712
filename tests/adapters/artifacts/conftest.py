"""Servers that speak S3 and GCS, where there are any on the PATH; git repositories; no registry."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def emulator(program: str, *arguments: str, port: int, path: str) -> Iterator[str]:
    """The program until the block ends; its host and port."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not on the PATH")
    process = subprocess.Popen(
        [found, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _await(f"http://127.0.0.1:{port}{path}", process)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert process.poll() is None, "the emulator ended"
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the emulator does not answer")


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """moto's server."""
    port = free_port()
    with emulator("moto_server", "-p", str(port), port=port, path="/moto-api/") as address:
        yield address


@pytest.fixture(scope="session")
def gcs_server() -> Iterator[str]:
    port = free_port()
    arguments = ("start", "--host=127.0.0.1", f"--port={port}", "--in-memory")
    with emulator(
        "gcp-storage-emulator", *arguments, "--default-bucket=box", port=port, path="/"
    ) as address:
        yield address
