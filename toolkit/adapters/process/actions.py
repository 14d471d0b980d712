"""What probes and lifecycle hooks do: a request, a connection, a command in the container."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from toolkit.adapters.process.claims import Claim
from toolkit.adapters.process.grpc_health import ask_health
from toolkit.adapters.process.host import Host
from toolkit.adapters.process.launch import entering, has_mounted
from toolkit.errors import ExecutionError
from toolkit.workflow.pods.probes import Action, Exec, Grpc, HttpGet, Sleep, TcpSocket
from toolkit.workflow.ports import ResolvedStart

_MOST_BYTES = 10 * 1024
_STARTING_S = 10.0
_LOOK_AGAIN_S = 0.01


def act(
    action: Action, timeout_s: float | None, resolved: ResolvedStart, claim: Claim, host: Host
) -> str:
    """Does it; "" where it went well, else why not. Never longer than ``timeout_s`` (None: as long
    as it takes), but for a sleep, which is as long as it is.
    """
    try:
        match action:
            case HttpGet():
                return _request(action, timeout_s)
            case TcpSocket():
                with socket.create_connection((action.host, action.port), timeout_s):
                    return ""
            case Grpc():
                return ask_health(action.host, action.port, action.service, timeout_s)
            case Exec():
                _await_inside(claim)
                return _run(action, timeout_s, entering(resolved, claim, host, action.command))
            case Sleep():
                time.sleep(action.seconds)
                return ""
    except (OSError, ExecutionError) as error:
        return str(error)


def _await_inside(claim: Claim) -> None:
    """A container that has just started is not yet where its command will run."""
    end = time.monotonic() + _STARTING_S
    while time.monotonic() < end and claim.exit_code() is None:
        record = claim.record()
        if record is not None and has_mounted(claim, record.pid):
            return
        time.sleep(_LOOK_AGAIN_S)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is a good answer by itself."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _request(action: HttpGet, timeout_s: float | None) -> str:
    """Certificates are not looked at, as the kubelet does not."""
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=trusting),
        _NoRedirect,
    )
    request = urllib.request.Request(action.url, headers={"User-Agent": "kube-probe/1.30"})  # noqa: S310 - http or https by construction
    for name, value in action.headers:
        request.add_header(name, value)
    try:
        with opener.open(request, timeout=timeout_s) as answer:
            answer.read(_MOST_BYTES)
            return ""
    except urllib.error.HTTPError as error:
        with error:
            is_good = 200 <= error.code < 400
            return "" if is_good else f"HTTP probe failed with statuscode: {error.code}"
    except ValueError as error:
        return str(error)


def _run(
    action: Exec, timeout_s: float | None, how: tuple[tuple[str, ...], Mapping[str, str]]
) -> str:
    """In a session of its own: it is ended as a whole where it takes too long."""
    argv, environment = how
    process = subprocess.Popen(
        argv,
        env=dict(environment),
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    with process:
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            return f"command {action.command} timed out after {timeout_s:g}s"
    return "" if code == 0 else f"command {action.command} exited with {code}"
