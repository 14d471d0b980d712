from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import InputError, SettingsError, YamlError
from toolkit.repository.load import load_settings
from toolkit.repository.settings import Compat, Guards, Settings, SyncPolicy

OWN = (Path(__file__).parents[2] / "gitops.yaml").read_text()
SMALLEST = b"""environments:
  staging:
    overlay: overlays/staging
    namespace: data-staging
"""
TWO = (
    SMALLEST
    + b"""  production:
    overlay: ./overlays/production/
    namespace: data-production
"""
)


def load(text: bytes) -> Settings:
    return load_settings(text, "gitops.yaml")


def refusal(text: bytes) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        load(text)
    return caught.value


def line_of_refusal(text: str) -> int:
    """0 where the text is taken."""
    try:
        load(text.encode())
    except InputError as error:
        return error.location.line if error.location else -1
    return 0


def test_defaults_of_the_smallest_settings() -> None:
    settings = load(SMALLEST)
    environment = settings.environment()
    assert settings.default_environment == "staging"
    assert environment.deploy.repository == ".gitops/deploy.git"
    assert environment.deploy.branch == "env/staging"
    assert environment.destination.is_embedded
    assert environment.compat is Compat.ARGO
    assert environment.sync.automated
    assert environment.sync.guards == Guards(5, 30)
    assert not environment.autostart
    assert settings.images == ()


def test_all_fields_are_read() -> None:
    settings = load(
        SMALLEST
        + b"""    compat: kustomize
    deploy: {repository: "ssh://git@example.com/deploy.git", branch: live}
    destination: my-cluster
    autostart: true
    sync: {automated: false, prune: false, selfHeal: false, guards: {maxPruneCount: 1}}
    logLink: https://logs/{pod}
runtime:
  images:
  - {pattern: "a*", entrypoint: [b, c], path: ["@programs"]}
"""
    )
    environment = settings.environment("staging")
    assert environment.compat is Compat.KUSTOMIZE
    assert environment.deploy.repository == "ssh://git@example.com/deploy.git"
    assert environment.deploy.branch == "live"
    assert environment.destination.context == "my-cluster"
    assert environment.autostart
    assert environment.sync == SyncPolicy(
        automated=False, prune=False, self_heal=False, guards=Guards(1, 30)
    )
    assert environment.log_link == "https://logs/{pod}"
    assert settings.images[0].pattern == "a*"
    assert settings.images[0].entrypoint == ("b", "c")
    assert settings.images[0].path == ("@programs",)


def test_folder_is_normalised() -> None:
    assert load(TWO).environment("production").overlay == "overlays/production"


def test_this_repositorys_own_settings() -> None:
    text = (Path(__file__).parents[2] / "gitops.yaml").read_bytes()
    settings = load(text)
    assert [e.name for e in settings.environments.values() if e.autostart] == ["staging"]
    first_line = text.splitlines()[0].decode()
    schema = first_line.partition("$schema=")[2]
    assert (Path(__file__).parents[2] / schema).is_file()


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        (
            SMALLEST.replace(b"overlay:", b"overlays:"),
            "gitops.yaml:2:3",
            "'overlay' is missing",
            "and at gitops.yaml:3:5: unknown field 'overlays'",
        ),
        (
            SMALLEST + b"    autostrat: true\n",
            "gitops.yaml:5:5",
            "unknown field 'autostrat'",
            "did you mean 'autostart'?",
        ),
        (
            SMALLEST + b"    autostart: 1\n",
            "gitops.yaml:5:16",
            "expected true or false, found 1",
            None,
        ),
        (
            SMALLEST + b"    compat: argos\n",
            "gitops.yaml:5:13",
            "expected argo or kustomize, found 'argos'",
            "did you mean 'argo'?",
        ),
        (
            SMALLEST.replace(b"data-staging", b"1"),
            "gitops.yaml:4:16",
            "expected text, found 1",
            'put it in quotes: "…"',
        ),
        (
            SMALLEST.replace(b"data-staging", b"Data"),
            "gitops.yaml:4:16",
            "'Data' is no name that Kubernetes takes",
            "lower case letters, digits and '-', at most 63, no '-' at either end",
        ),
        (
            b"defaultEnvironment: stagin\n" + SMALLEST,
            "gitops.yaml:1:21",
            "no environment 'stagin'",
            "did you mean 'staging'?",
        ),
        (
            TWO + b"    deploy: {branch: env/staging}\n",
            "gitops.yaml:8:22",
            "production and staging would publish to the same branch, env/staging",
            None,
        ),
        (
            SMALLEST.replace(b"overlays/staging", b"../elsewhere"),
            "gitops.yaml:3:14",
            "the overlay '../elsewhere' is not a folder below this file",
            None,
        ),
        (
            SMALLEST + b"    sync: {guards: {maxPrunePercent: 101}}\n",
            "gitops.yaml:5:38",
            "expected 100 or less, found 101",
            None,
        ),
        (SMALLEST + b"runtime: {}\n---\na: 1\n", "gitops.yaml:1:1", "expected one document", None),
        (b"environments: {}\n", "gitops.yaml:1:15", "expected at least one entry", None),
        (b"- a\n", "gitops.yaml:1:1", "expected a mapping, found a list", None),
        (b"", "gitops.yaml", "expected a mapping, found nothing", None),
    ],
)
def test_refusals_say_where_and_what(
    text: bytes, place: str, message: str, hint: str | None
) -> None:
    error = refusal(text)
    assert str(error.location) == place
    assert message in error.message
    assert hint is None or hint in error.hints


def test_excerpt_is_the_line() -> None:
    assert refusal(SMALLEST + b"    compat: x\n").excerpt == "    compat: x"


def test_broken_yaml_is_a_yaml_error_with_its_place() -> None:
    with pytest.raises(YamlError) as caught:
        load(b"environments:\n\tstaging: {}\n")
    assert caught.value.location is not None
    assert caught.value.location.line == 2


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_with_our_errors_only(content: bytes) -> None:
    with pytest.raises(InputError):
        load(content)


@given(st.integers(0, len(OWN) - 1), st.sampled_from(list("\t:-[]{}'\"#&*!|>%@`\n x0")))
def test_any_slip_of_a_key_is_taken_or_refused_with_its_place(at: int, typed: str) -> None:
    text = OWN[:at] + typed + OWN[at + 1 :]
    assert 0 <= line_of_refusal(text) <= text.count("\n") + 1
