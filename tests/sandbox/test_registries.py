"""What other languages' package managers are told of the operator's registries."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from sandbox.indexes import build_settings, index_addresses
from sandbox.registries import home_files, variables


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for folder in (".config/go", ".cargo", ".m2"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


def test_npms_file_goes_along_without_its_tokens(home: Path) -> None:
    (home / ".npmrc").write_text(
        "; ours\nregistry = https://npm.example/\n@acme:registry=https://acme.example/\nsave-exact=true\n"
        "//npm.example/:_authToken=secret\n_password=secret\nfetch-retries=5\nmaxsockets=${SOCKETS}\n"
    )
    assert variables({}, home) == {
        "npm_config_registry": "https://npm.example/",
        "npm_config_@acme:registry": "https://acme.example/",
        "npm_config_fetch_retries": "5",
        "YARN_NPM_REGISTRY_SERVER": "https://npm.example/",
    }
    text = "registry=https://npm.example/\n@acme:registry=https://acme.example/\nfetch-retries=5\n"
    assert home_files({}, home) == ((".npmrc", text),)


def test_variables_win_over_npms_file_and_only_named_ones_pass(home: Path) -> None:
    (home / ".npmrc").write_text("registry=https://file.example/\n")
    environ = {
        "NPM_CONFIG_REGISTRY": "https://variable.example/",
        "npm_config__authToken": "secret",
        "npm_config_//npm.example/:_authToken": "secret",
        "NPM_TOKEN": "secret",
        "YARN_NPM_REGISTRY_SERVER": "https://yarn.example/",
        "YARN_NPM_AUTH_TOKEN": "secret",
    }
    assert variables(environ, home) == {
        "npm_config_registry": "https://variable.example/",
        "YARN_NPM_REGISTRY_SERVER": "https://yarn.example/",
    }


def test_gos_settings_come_from_its_file_and_the_environment(home: Path) -> None:
    (home / ".config/go/env").write_text("GOPROXY=https://file.example,direct\nGOFLAGS=-x\nGOSUMDB=off\n")
    assert variables({"GOPROXY": "https://go.example", "GOPATH": "/x"}, home) == {
        "GOPROXY": "https://go.example",
        "GOSUMDB": "off",
    }


def test_cargos_mirrors_go_along_without_tokens(home: Path) -> None:
    (home / ".cargo/config.toml").write_text(
        '[source.crates-io]\nreplace-with = "ours"\n[source.ours]\nregistry = "sparse+https://cargo.example/index/"\n'
        '[registries.private]\nindex = "sparse+https://private.example/"\ntoken = "secret"\n[build]\njobs = 1\n'
    )
    ((path, text),) = home_files({}, home)
    assert path == ".cargo/config.toml"
    assert tomllib.loads(text) == {
        "source": {
            "crates-io": {"replace-with": "ours"},
            "ours": {"registry": "sparse+https://cargo.example/index/"},
        },
        "registries": {"private": {"index": "sparse+https://private.example/"}},
    }
    environ = {"CARGO_REGISTRIES_A_INDEX": "sparse+https://a.example/", "CARGO_REGISTRIES_A_TOKEN": "secret"}
    assert variables(environ, home) == {"CARGO_REGISTRIES_A_INDEX": "sparse+https://a.example/"}


def test_mavens_mirrors_go_along_without_passwords(home: Path) -> None:
    (home / ".m2/settings.xml").write_text(
        '<settings xmlns="http://maven.apache.org/SETTINGS/1.0.0"><servers><server><id>m</id><password>secret</password>'
        "</server></servers><mirrors><mirror><id>m</id><url>https://maven.example/a?b&amp;c</url>"
        "<mirrorOf>*</mirrorOf></mirror></mirrors></settings>"
    )
    expected = (
        "<settings><mirrors><mirror><id>m</id><url>https://maven.example/a?b&amp;c</url><mirrorOf>*</mirrorOf>"
        "</mirror></mirrors></settings>"
    )
    assert home_files({}, home) == ((".m2/settings.xml", expected),)


@pytest.mark.parametrize("path", [".npmrc", ".cargo/config.toml", ".m2/settings.xml", ".config/go/env"])
def test_a_malformed_file_counts_as_absent(home: Path, path: str) -> None:
    (home / path).write_bytes(b"<what [is\xff this")
    assert home_files({}, home) == ()
    assert variables({}, home) == {}


def test_all_their_addresses_are_known_to_the_egress(home: Path) -> None:
    (home / ".npmrc").write_text("@acme:registry=https://npm.example/\n")
    (home / ".cargo/config.toml").write_text('[source.ours]\nregistry = "sparse+https://cargo.example/index/"\n')
    environ = {"PIP_CONFIG_FILE": "/dev/null", "GOPROXY": "https://go.example|https://two.example,direct"}
    assert sorted(index_addresses(build_settings(environ, home))) == [
        "https://cargo.example/index/",
        "https://go.example",
        "https://npm.example/",
        "https://two.example",
    ]
