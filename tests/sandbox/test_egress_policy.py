"""What the operator's settings let builds reach, and by which proxy."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.core.errors import InputError
from sandbox.docker.settings import REGISTRIES
from sandbox.egress import Allowed, Policy, Proxies, Proxy, allowed_hosts, proxied
from sandbox.egress.addresses import objection
from sandbox.egress.policy import without_credentials
from sandbox.indexes import BuildSettings, build_settings


def settings(**environ: str) -> BuildSettings:
    return build_settings({"PIP_CONFIG_FILE": "/dev/null", **environ}, Path("/nowhere"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pypi.org", Allowed("pypi.org")),
        ("PyPI.org.", Allowed("pypi.org")),
        ("pypi.example:8443", Allowed("pypi.example", 8443)),
        ("*.example.com", Allowed("*.example.com")),
        ("https://me:word@pypi.example/simple", Allowed("pypi.example")),
        ("http://pypi.example/simple", Allowed("pypi.example", 80, plain=True)),
        ("http://10.0.0.5:3141", Allowed("10.0.0.5", 3141, plain=True)),
        ("https://[fd00::5]:8443/", Allowed("fd00::5", 8443)),
        ("bücher.example", Allowed("xn--bcher-kva.example")),
    ],
)
def test_a_place_is_a_host_a_port_or_an_address(text: str, expected: Allowed) -> None:
    assert Allowed.parse(text) == expected


@pytest.mark.parametrize("text", ["", "*", "*.", "a b", "host:port", "ftp://host", "-", "host:99999", "a..b"])
def test_what_is_no_place_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InputError, match=r"no place that builds may reach.*FIXBUGS_REGISTRIES as pypi\.example\.com"):
        Allowed.parse(text)


def test_a_refused_place_is_shown_without_credentials() -> None:
    with pytest.raises(InputError, match=r"^'ftp://host/x' is no place"):
        Allowed.parse("ftp://me:word@host/x")
    assert without_credentials("me:word@host:80") == "host:80"


@pytest.mark.parametrize(
    ("allowed", "host", "port", "plain", "expected"),
    [
        ("pypi.org", "pypi.org", 443, False, True),
        ("pypi.org", "pypi.org", 80, True, False),
        ("pypi.org", "pypi.org", 22, False, False),
        ("pypi.org", "evil-pypi.org", 443, False, False),
        ("pypi.org", "pypi.org.evil.example", 443, False, False),
        ("*.example.com", "a.b.example.com", 443, False, True),
        ("*.example.com", "example.com", 443, False, False),
        ("*.example.com", "evilexample.com", 443, False, False),
        ("http://index.example", "index.example", 80, True, True),
        ("http://index.example", "index.example", 80, False, False),
    ],
)
def test_a_place_covers_itself_only(allowed: str, host: str, port: int, plain: bool, expected: bool) -> None:
    assert Allowed.parse(allowed).covers(host, port, plain) is expected


def test_the_hosts_of_the_operators_package_settings_are_allowed() -> None:
    found = allowed_hosts(
        settings(
            PIP_INDEX_URL="https://me:word@pip.example/simple",
            PIP_EXTRA_INDEX_URL="http://10.0.0.5:3141/root/pypi file:///opt/index",
            UV_INDEX="named=https://uv.example:8443/simple",
            UV_FIND_LINKS="https://links.example/a,/opt/wheels",
            npm_config_registry="https://npm.example/",
            GOPROXY="https://go.example|https://more.example,direct",
            CARGO_REGISTRIES_OURS_INDEX="sparse+https://cargo.example/index/",
            HTTPS_PROXY="http://proxy.example:3128",
        ),
        (),
    )
    assert set(found) == {
        Allowed("pip.example", own=True),
        Allowed("10.0.0.5", 3141, plain=True, own=True),
        Allowed("uv.example", 8443, own=True),
        Allowed("links.example", own=True),
        Allowed("npm.example", own=True),
        Allowed("go.example", own=True),
        Allowed("more.example", own=True),
        Allowed("cargo.example", own=True),
    }


def test_only_what_the_operator_named_himself_may_have_a_private_address() -> None:
    found = allowed_hosts(settings(), (*REGISTRIES, "ours.example", "*.ours.example"))
    assert [allowed.host for allowed in found if allowed.own] == ["ours.example"]
    policy = Policy.of(settings(PIP_INDEX_URL="https://pypi.org/simple"), REGISTRIES)
    assert policy.find("pypi.org", 443, plain=False) == Allowed("pypi.org", own=True)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "0.1.2.3"),
        *("169.254.169.254", "168.63.129.16", "224.0.0.1", "255.255.255.255", "198.18.0.1", "240.0.0.1"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "fc00::1", "ff02::1", "fec0::1"),
        *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "::10.0.0.1"),
        *("64:ff9b::10.0.0.1", "64:ff9b:1::1"),
    ],
)
def test_an_address_where_no_public_registry_is_gets_an_objection(address: str) -> None:
    assert objection(address, own=False)


@pytest.mark.parametrize("address", ["151.101.0.223", "2a04:4e42::223", "203.0.113.80", "64:ff9b::151.101.0.223"])
def test_a_public_address_gets_none(address: str) -> None:
    assert objection(address, own=False) == ""


def test_the_operators_own_index_may_be_private_but_no_clouds_metadata() -> None:
    assert objection("10.0.0.5", own=True) == objection("127.0.0.1", own=True) == objection("fd00::5", own=True) == ""
    assert objection("169.254.169.254", own=True) == "a link-local address, where clouds keep their metadata"
    assert objection("::ffff:169.254.169.254", own=True) != ""


def test_the_operators_proxies_are_read_as_other_programs_do() -> None:
    proxies = Proxies.of(
        {
            "HTTPS_PROXY": "http://upper.example",
            "https_proxy": "https://me:pass%20word@small.example",
            "HTTP_PROXY": "plain.example:8080",
            "NO_PROXY": "ours.example, .dots.example,10.0.0.0/8,ported.example:8443",
        }
    )
    secure, plain = Proxy("small.example", 443, True, "me:pass word"), Proxy("plain.example", 8080, False)
    assert (proxies.secure, proxies.plain) == (secure, plain)
    assert proxies.towards("pypi.org", 443, plain=False) == secure
    assert proxies.towards("pypi.org", 80, plain=True) == plain
    for host, port in [("ours.example", 443), ("a.ours.example", 1), ("a.dots.example", 443), ("10.1.2.3", 443)]:
        assert proxies.towards(host, port, plain=False) is None
    assert proxies.towards("ported.example", 8443, plain=False) is None
    for host in ("ported.example", "notours.example", "11.1.2.3"):
        assert proxies.towards(host, 443, plain=False) == secure


def test_no_proxy_at_all_and_one_for_everything() -> None:
    assert Proxies.of({}) == Proxies()
    everything = Proxies.of({"ALL_PROXY": "http://one.example:1", "no_proxy": "*"})
    assert everything.secure == everything.plain == Proxy("one.example", 1, False)
    assert everything.towards("pypi.org", 443, plain=False) is None


def test_a_proxy_that_cannot_be_used_is_said_without_its_password() -> None:
    with pytest.raises(InputError, match=r"^The proxy 'socks5://proxy\.example' cannot be used for builds"):
        Proxies.of({"HTTPS_PROXY": "socks5://me:word@proxy.example"})


def test_a_build_gets_our_proxy_in_the_place_of_the_operators() -> None:
    given = proxied(
        {
            "PIP_INDEX_URL": "https://pip.example",
            "https_proxy": "http://me:word@proxy.example",
            "NO_PROXY": "pip.example",
            "ALL_PROXY": "http://proxy.example",
            "PIP_PROXY": "http://proxy.example",
            "NPM_CONFIG_HTTPS_PROXY": "http://proxy.example",
        }
    )
    assert "proxy.example" not in " ".join(given.values())
    assert "NO_PROXY" not in given
    assert given["PIP_INDEX_URL"] == "https://pip.example"
    assert given["https_proxy"] == given["HTTPS_PROXY"] == given["npm_config_https_proxy"] == "http://127.0.0.1:3128"
    assert "-Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=3128" in given["JAVA_TOOL_OPTIONS"]


def test_the_operators_certificates_vouch_for_his_proxy() -> None:
    assert Policy.of(settings(SSL_CERT_FILE="/etc/ours.pem"), ()).ca_file == "/etc/ours.pem"
