"""What of the operator's package settings goes into a container that builds."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.docker.build_settings import BuildOutfit, outfit_of


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def outfit(**environ: str) -> BuildOutfit:
    return outfit_of({"PIP_CONFIG_FILE": "/dev/null", **environ}, ("pypi.org",))


def test_certificates_go_in_as_a_file_that_every_tool_is_told_of(home: Path) -> None:
    (home / "ca.pem").write_text("CERTIFICATE")
    found = outfit(SSL_CERT_FILE=str(home / "ca.pem"))
    assert dict(found.files)["certificates.pem"] == b"CERTIFICATE"
    variables = found.variables("/sandbox/scratch")
    told = ("SSL_CERT_FILE", "PIP_CERT", "NODE_EXTRA_CA_CERTS", "CARGO_HTTP_CAINFO", "GIT_SSL_CAINFO")
    assert {variables[name] for name in told} == {"/sandbox/scratch/certificates.pem"}


def test_folders_of_this_machine_mean_nothing_there(home: Path) -> None:
    variables = outfit(PIP_FIND_LINKS="/srv/wheels", PIP_INDEX_URL="https://index.example/simple").variables("/x")
    assert "PIP_FIND_LINKS" not in variables
    assert variables["PIP_INDEX_URL"] == "https://index.example/simple"


def test_the_operators_proxy_is_replaced_by_ours(home: Path) -> None:
    variables = outfit(HTTPS_PROXY="http://me:word@proxy.example:8080").variables("/x")
    assert variables["HTTPS_PROXY"] == "http://127.0.0.1:3128"
    assert "proxy.example" not in str(variables)


def test_settings_of_a_home_folder_lie_in_the_builds_home(home: Path) -> None:
    (home / ".npmrc").write_text("@shop:registry=https://npm.example/\n")
    found = outfit()
    assert b"npm.example" in dict(found.files)["home/.npmrc"]
    assert found.variables("/sandbox/scratch")["HOME"] == "/sandbox/scratch/home"
    assert "-Duser.home=/sandbox/scratch/home" in found.variables("/sandbox/scratch")["JAVA_TOOL_OPTIONS"]


def test_nothing_else_of_the_operators_environment_goes_in(home: Path) -> None:
    secrets = dict.fromkeys(("GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "FIXBUGS_REDIS_URL"), "hunter2")
    assert "hunter2" not in str(outfit(**secrets).variables("/x"))
