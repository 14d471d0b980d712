"""Workflows in pytest: the fixture ``workflows``, and ``--workflow-coverage``.

::

    def test_a_busy_warehouse_is_tried_again(workflows):
        trial = workflows.run(
            "cron/daily-sales",
            parameters={"day": "2024-05-01"},
            mocks=[workflows.mock("load", attempt=0, exit_code=1)],
        )
        assert trial.phase == "Succeeded"
        assert trial.steps["load"].attempts == 2

Installed with the toolkit; nothing is loaded before a test asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from toolkit.wiring.workflow_tests import Environments
    from toolkit.workflow.trial import Mock, Trial

_KEY = "_gitops_workflows"


class Workflows:
    """Plays the workflows of the repository that the tests stand in, as its environments render
    them; each environment is rendered once a session.
    """

    def __init__(self, environments: Environments) -> None:
        self._environments = environments

    def run(
        self,
        target: str,
        *,
        environment: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        entrypoint: str = "",
        mocks: Sequence[Mock] = (),
        at: datetime | None = None,
    ) -> Trial:
        """Plays ``cron/NAME``, ``template/NAME``, ``clustertemplate/NAME`` or a file with mocked
        steps, under a virtual clock that starts ``at``. A mock whose step never starts fails the
        test.
        """
        from toolkit.wiring.workflow_tests import play
        from toolkit.workflow.rehearsal.simulation import EPOCH

        trial = play(
            self._environments,
            target,
            environment=environment,
            parameters=parameters,
            entrypoint=entrypoint,
            mocks=mocks,
            now=at or EPOCH,
        )
        unused = ", ".join(mock.step for mock in trial.unused)
        if unused:
            started = ", ".join(trial.order) or "none"
            pytest.fail(f"mocked steps did not start: {unused}; started: {started}")
        return trial

    def mock(self, step: str, **fields: Any) -> Mock:
        """A :class:`toolkit.workflow.trial.Mock`."""
        from toolkit.workflow.trial import Mock

        return Mock(step, **fields)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option that ``gitops test`` calls ``--coverage``."""
    parser.getgroup("gitops").addoption(
        "--workflow-coverage",
        action="store_true",
        help="Say which templates and branches of workflows no test took.",
    )


@pytest.fixture(scope="session")
def workflows(request: pytest.FixtureRequest) -> Workflows:
    """The workflows of the repository at or above pytest's root folder."""
    from toolkit.wiring.workflow_tests import Environments
    from toolkit.wiring.workspace import find_workspace

    environments = Environments(find_workspace(request.config.rootpath))
    setattr(request.config, _KEY, environments)
    return Workflows(environments)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Coverage of what the fixture played, where it is asked for."""
    environments: Environments | None = getattr(config, _KEY, None)
    if environments is None or not config.getoption("--workflow-coverage"):
        return
    from toolkit.report.workflow_tests import Covered, coverage_lines

    known = environments.coverage
    terminalreporter.section("workflow coverage")
    for line in coverage_lines(Covered(known.templates, known.branches)):
        terminalreporter.write_line(line)
