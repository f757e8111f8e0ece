"""Secrets leave a text; what only looks like one, and every line, stays."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.core.redact import redacted

GITHUB = "ghp_" + "a1B2" * 9
PIECES = (
    GITHUB, "github_pat_" + "a1B2" * 9, "AKIA", "ABCDEFGHIJKLMNOP", "://", "u1ser2x3:", "p4ss5w6rd", "@", "host", "/",
    "token", "PASSWORD", "secret_key", "api_key", "=", ":", ": ", '"', "'", "`", "[", "]", "x1y2z3w4", "abcdefgh1",
    "Authorization: ", "Bearer ", "sk-", "abcdefghijklmnopqrstuvwx", "eyJhbGciOiJI", ".", "-", "_", "\n", " ", "\\n",
    "-----BEGIN PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----", "-----END PRIVATE KEY-----",
    "MIIEvQIBADANBgkqhki", "MIIEvQIBADANBgkqhki" * 3, "AIza" + "a1b2c" * 7, "npm_" + "a1b2" * 9, "--token ", "\u2028",
)  # fmt: skip
TANGLES = st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text(max_size=200)


@settings(max_examples=1500, deadline=None)
@given(TANGLES)
@example(f"-----BEGIN PRIVATE KEY-----AKIAAuthorization: {GITHUB}-----BEGIN PRIVATE KEY----------END PRIVATE KEY-----")
def test_redacting_twice_is_redacting_once(text: str) -> None:
    once, _ = redacted(text)
    assert redacted(once) == (once, ())


@settings(max_examples=500, deadline=None)
@given(TANGLES)
def test_no_line_is_added_or_taken_away(text: str) -> None:
    assert len(redacted(text)[0].splitlines()) == len(text.splitlines())
    assert redacted(text)[0].count("\n") == text.count("\n")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"token {GITHUB} leaked", "token [redacted: GitHub token] leaked"),
        ("ghs_" + "a1B2" * 9, "[redacted: GitHub token]"),
        ("github_pat_11ABCDEFG0" + "a1B2_" * 12, "[redacted: GitHub token]"),
        ("id AKIAABCDEFGHIJKLMNOP,", "id [redacted: AWS access key],"),
        (
            "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            "aws_secret_access_key = [redacted: AWS secret key]",
        ),
        ("key=AIza" + "aB3d_" * 7, "key=[redacted: Google API key]"),
        ("xoxb-" + "1234567890-abcdef", "[redacted: Slack token]"),
        ("sk_live_" + "a1B2c3D4e5F6g7H8", "[redacted: Stripe key]"),
        ("sk-ant-api03-" + "a1B2c3D4-_" * 5, "[redacted: API key]"),
        ("sk-proj-" + "abcdefghijk1mnopqrst", "[redacted: API key]"),
        ("npm_" + "a1B2" * 9, "[redacted: npm token]"),
        ("pypi-AgEI" + "cHlwaS5vcmc" * 6, "[redacted: PyPI token]"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl", "[redacted: JSON web token]"),
        ("Authorization: Basic YWRhOmxvdmU=", "Authorization: Basic [redacted: authorization header]"),
        ("'authorization': 'token abcdefghijk'", "'authorization': 'token [redacted: authorization header]'"),
        ("git clone https://me:hunter2@host/x.git", "git clone https://[redacted: URL password]@host/x.git"),
        ("postgres://app:pw@db/shop", "postgres://[redacted: URL password]@db/shop"),
        ('config["password"] = "Tr0ub4dor&3"', 'config["password"] = "[redacted: secret value]"'),
        ("export MY_API_TOKEN=aB3dE5gH12345", "export MY_API_TOKEN=[redacted: secret value]"),
        ("api_key: 9f86d081884c7d65", "api_key: [redacted: secret value]"),
        ("?access_token=x1y2z3w4q5&page=2", "?access_token=[redacted: secret value]&page=2"),
        ("tool --password P4ss-w0rd7 run", "tool --password [redacted: secret value] run"),
    ],
)
def test_a_secret_is_replaced_by_its_kind(text: str, shown: str) -> None:
    assert redacted(text)[0] == shown


@pytest.mark.parametrize(
    "text",
    [
        "at commit 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
        "run 550e8400-e29b-41d4-a716-446655440000 failed",
        "--hash=sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
        '"integrity": "sha512-v2kDEe57lecTulaDIuNTPy3Ry4gLGJ6Z1O3vE1krgXZNrsQ+LFTGHVxVjcXPs17LhbZVGedAJv8XZ1tvj5Fvg=="',
        'password = "hunter2"',
        "password='correct horse battery staple'",
        'client.login("ada", password="s3cret")',
        "token = tokenize(source)",
        "PASSWORD = getpass()",
        "MAX_TOKEN=count_tokens(text)",
        "token: Token = self.tokens[position]",
        "secret = os.environ['X1Y2Z3W4']",
        "def sign(self, private_key: ed25519.Ed25519PrivateKey, other: PKCS7PrivateKeyTypes) -> None:",
        "private_key: PKCS7PrivateKeyTypes",
        "max_tokens: 4096",
        "skeleton-key, x['sk-1'] and .sk-fading-circle-element-12",
        "https://x-access-token:***@github.com/acme/shop",
        "git@github.com:acme/shop.git and ssh://git@host:22/x",
        "http://localhost:8000/users/@ada",
        "the authorization middleware-configuration is wrong",
        "authorization: required",
        "E   AssertionError: token 'utf8_decoder' != 'ascii'",
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redacted(text) == (text, ())


def test_there_is_one_note_for_each_kind() -> None:
    text = f"{GITHUB} {GITHUB} https://a:b@c/"
    assert redacted(text)[1] == ("2 GitHub tokens were removed", "1 URL password was removed")


def test_secrets_inside_one_another_are_one() -> None:
    assert redacted(f'password="x1y2z3-{GITHUB}"') == (
        'password="[redacted: secret value]"',
        ("1 secret value was removed",),
    )


def test_a_private_key_goes_line_by_line_whatever_stands_before_each_line() -> None:
    begin, end = "10:01 -----BEGIN RSA PRIVATE KEY-----\n", "10:04 -----END RSA PRIVATE KEY-----\n"
    text = f"{begin}10:02 MIIEvQIBADANBgkqhkiG9w0\n10:03 BAQEFAASCBKcwggSjAgEAAo=\n{end}"
    black = "[redacted: private key]"
    assert redacted(text) == (f"{begin}10:02 {black}\n10:03 {black}\n{end}", ("1 private key was removed",))


def test_a_private_key_in_one_line_of_json_goes() -> None:
    body = r"\nMIIEvQIBADANBgkqhkiG9w0BAQ\nAASCBKcwggSjAgEAAo\n"
    text = '{"key": "-----BEGIN PRIVATE KEY-----' + body + '-----END PRIVATE KEY-----"}'
    assert "MIIEv" not in redacted(text)[0]
    assert "AASCB" not in redacted(text)[0]


def test_a_private_key_that_was_cut_off_goes_and_what_follows_stays() -> None:
    body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
    text = f"-----BEGIN PRIVATE KEY-----\n{body}\n{body}\ntests/test_cart.py::test_total_of_two FAILED\n"
    black = "[redacted: private key]"
    assert redacted(text)[0] == (
        f"-----BEGIN PRIVATE KEY-----\n{black}\n{black}\ntests/test_cart.py::test_total_of_two FAILED\n"
    )


@pytest.mark.parametrize(
    "unit",
    ["eyJ-", "eyJa.", "sk-", "token=", "token:'", "password", "://", "://a:", "-----BEGIN PRIVATE KEY-----", "ghp_a",
     "Authorization: ", "a1b2c3=", "AKIA", "token='a1", "hooks.slack.com/services/", "SG.aaaaaaaaaaaaaaaaaaaa"],
)  # fmt: skip
def test_no_text_makes_it_slow(unit: str) -> None:
    text = unit * (2_000_000 // len(unit))
    began = time.process_time()
    redacted(text)
    assert time.process_time() - began < 6.0  # 2 MB; quadratic would take hours
