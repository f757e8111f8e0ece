"""The operator's package index settings, as builds get them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.indexes import BuildSettings, build_settings


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def settings(home: Path, **environ: str) -> BuildSettings:
    """Settings of an operator whose machine-wide files do not count: PIP_CONFIG_FILE names the only one."""
    return build_settings({"PIP_CONFIG_FILE": "/dev/null", **environ}, home)


def test_only_named_variables_pass(home: Path) -> None:
    environ = {
        "PIP_INDEX_URL": "https://user:word@index.example/simple",
        "https_proxy": "http://proxy.example:3128",
        "UV_INDEX_PRIVATE_PASSWORD": "needed",
        "UV_PUBLISH_TOKEN": "secret",
        "UV_CACHE_DIR": "/home/x/.cache",
        "PIP_TARGET": "/somewhere",
        "GITHUB_TOKEN": "secret",
        "HOME": "/home/x",
    }
    assert dict(settings(home, **environ).environ) == {
        "PIP_INDEX_URL": "https://user:word@index.example/simple",
        "UV_DEFAULT_INDEX": "https://user:word@index.example/simple",
        "https_proxy": "http://proxy.example:3128",
        "UV_INDEX_PRIVATE_PASSWORD": "needed",
        "UV_LINK_MODE": "copy",
        "UV_PYTHON_DOWNLOADS": "never",
    }


def test_pips_configuration_speaks_to_pip_and_uv(home: Path, tmp_path: Path) -> None:
    config = tmp_path / "pip.conf"
    config.write_text(
        "[global]\nindex-url = https://one.example/simple\n"
        "extra-index-url =\n    https://two.example/simple\n    https://three.example/simple\n"
        "[install]\nfind-links = /a /b\nuser = yes\n"
    )
    found = dict(build_settings({"PIP_CONFIG_FILE": str(config)}, home).environ)
    assert found["PIP_EXTRA_INDEX_URL"] == "https://two.example/simple https://three.example/simple"
    assert found["UV_INDEX"] == "https://two.example/simple https://three.example/simple"
    assert found["UV_DEFAULT_INDEX"] == found["PIP_INDEX_URL"] == "https://one.example/simple"
    assert found["UV_FIND_LINKS"] == "/a,/b"
    assert "PIP_USER" not in found


def test_variables_win_over_files(home: Path, tmp_path: Path) -> None:
    config = tmp_path / "pip.conf"
    config.write_text("[global]\nindex-url = https://file.example/simple\n")
    environ = {"PIP_CONFIG_FILE": str(config), "PIP_INDEX_URL": "https://variable.example/simple"}
    assert dict(build_settings(environ, home).environ)["UV_DEFAULT_INDEX"] == "https://variable.example/simple"


def test_uv_keeps_indexes_that_it_was_told_itself(home: Path) -> None:
    found = dict(settings(home, PIP_INDEX_URL="https://pip.example", UV_DEFAULT_INDEX="https://uv.example").environ)
    assert found["UV_DEFAULT_INDEX"] == "https://uv.example"


def test_a_broken_configuration_file_counts_as_absent(home: Path, tmp_path: Path) -> None:
    config = tmp_path / "pip.conf"
    config.write_bytes(b"no section\n\xff")
    assert "PIP_INDEX_URL" not in dict(build_settings({"PIP_CONFIG_FILE": str(config)}, home).environ)


def test_folders_that_settings_name_become_visible(home: Path, tmp_path: Path) -> None:
    for name in ("wheels", "index/simple", "certificates"):
        (tmp_path / name).mkdir(parents=True)
    found = settings(
        home,
        PIP_FIND_LINKS=f"{tmp_path}/wheels https://remote.example/links relative",
        PIP_EXTRA_INDEX_URL=f"file://{tmp_path}/index/simple",
        SSL_CERT_DIR=f"{tmp_path}/certificates",
        REQUESTS_CA_BUNDLE=f"{tmp_path}/not-there",
    )
    assert set(found.visible) == {tmp_path / "wheels", tmp_path / "index", tmp_path / "certificates"}


def test_the_whole_machine_never_becomes_visible(home: Path) -> None:
    assert settings(home, PIP_FIND_LINKS="/", PIP_INDEX_URL="file:///simple").visible == ()


def test_uvs_own_configuration_goes_along(home: Path) -> None:
    (home / ".config/uv").mkdir(parents=True)
    (home / ".config/uv/uv.toml").write_text('index-url = "https://uv.example"\n')
    assert settings(home).uv_config == 'index-url = "https://uv.example"\n'
