"""What is read out of the environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.core.errors import InputError
from bot.local.embedded_redis import await_redis
from bot.settings import ServerSettings, Settings
from bot.store.redis_client import connect

HOME = Path("/home/ada")


@pytest.mark.parametrize(
    ("environ", "cache_dir"),
    [
        ({}, "/home/ada/.cache/fixbugs"),
        ({"XDG_CACHE_HOME": ""}, "/home/ada/.cache/fixbugs"),
        ({"XDG_CACHE_HOME": "/big"}, "/big/fixbugs"),
        ({"XDG_CACHE_HOME": "/big", "FIXBUGS_CACHE_DIR": "/own"}, "/own"),
        ({"FIXBUGS_CACHE_DIR": ""}, "/home/ada/.cache/fixbugs"),
    ],
)
def test_the_cache_lies_where_the_person_said(environ: Mapping[str, str], cache_dir: str) -> None:
    assert Settings.load(environ, HOME).cache_dir == Path(cache_dir)


def test_a_relative_cache_folder_is_meant_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert Settings.load({"FIXBUGS_CACHE_DIR": "cache"}, HOME).cache_dir == tmp_path / "cache"


@pytest.mark.parametrize(("environ", "user"), [({"USER": "ada"}, "ada"), ({"LOGNAME": "ada"}, "ada"), ({}, "somebody")])
def test_the_person_has_a_name(environ: Mapping[str, str], user: str) -> None:
    assert Settings.load(environ, HOME).user == user


def test_what_changes_later_in_the_environment_changes_no_settings() -> None:
    environ = {"PIP_INDEX_URL": "https://one.example"}
    settings = Settings.load(environ, HOME)
    environ["PIP_INDEX_URL"] = "https://two.example"

    assert settings.environ["PIP_INDEX_URL"] == "https://one.example"


def test_git_and_dependency_installation_are_told_no_setting_of_ours() -> None:
    ours = ("FIXBUGS_GITHUB_PRIVATE_KEY", "FIXBUGS_GITHUB_PRIVATE_KEY_FILE", "FIXBUGS_REDIS_URL", "REDIS_URL")
    environ = dict.fromkeys((*ours, "FIXBUGS_CREDENTIALS_FILE", "FIXBUGS_ANYTHING_NEW"), "secret")

    assert Settings.load({**environ, "PATH": "/bin"}, HOME).environ == {"PATH": "/bin"}


@pytest.mark.parametrize("address", ["redis://me:hunter2/x@localhost:6379/0", "http://:hunter2@localhost"])
def test_nothing_that_is_shown_quotes_the_password_of_redis(address: str) -> None:
    server = ServerSettings.load({"FIXBUGS_REDIS_URL": address}, HOME)
    assert "hunter2" not in repr(server)
    for used in (lambda: connect(server.redis_url), lambda: await_redis(server.redis_url, 0.0)):
        with pytest.raises(InputError) as caught:
            used()
        assert "hunter2" not in str(caught.value)
