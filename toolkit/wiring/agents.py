"""The agents of an engine: the calls of http and plugin templates, and the plugins themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from toolkit.adapters.call_claims import CallClaimFiles
from toolkit.adapters.http_client import HttpCalls
from toolkit.adapters.logs.files import Logs
from toolkit.adapters.process.executor import ProcessExecutor
from toolkit.adapters.process.host import Host
from toolkit.clock import Clock
from toolkit.controllers.calls.agent import Agent
from toolkit.controllers.calls.plugin_host import PluginHost
from toolkit.repository.settings import Settings
from toolkit.resource.cluster import Cluster
from toolkit.workflow.ports import ExecutorEvent
from toolkit.workflow.templates.plugin_template import Plugin

_CALLS = "calls"
_PLUGINS = "plugins"
_MOST_PLUGINS = 64

NewAgent = Callable[[str, Cluster], Agent]
"""The agent of a logical cluster, by its name."""


@contextmanager
def start_agents(
    state: Path,
    logs: Logs,
    host: Host,
    clock: Clock,
    settings: Settings,
    outstanding: frozenset[str],
) -> Iterator[NewAgent]:
    """Plugins that an engine before left behind are ended, and ours end with the block.
    ``outstanding``: the commands whose claims still mean something.
    """
    claims = CallClaimFiles(state / _CALLS)
    claims.sweep(outstanding)
    http = HttpCalls()

    def report(event: ExecutorEvent) -> None:
        plugins.receive(event)

    loopback = replace(host, engines={})  # a container's port is not on our loopback
    with ProcessExecutor(
        state / _PLUGINS, logs, loopback, clock, report, slots=_MOST_PLUGINS
    ) as runner:
        runner.sweep(())
        served = [Plugin(one.name, {}, url=one.url) for one in settings.plugins]
        plugins = PluginHost(runner, http, clock, served=served)
        try:
            yield lambda name, cluster: Agent(
                name,
                cluster,
                http=http,
                claims=claims,
                plugins=plugins,
                artifacts=host.artifacts,
                clock=clock,
            )
        finally:
            plugins.close()
