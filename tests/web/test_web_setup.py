"""The set-up page: who may use it, what it sends to the forge, and what becomes of the credentials that come back."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from web_world import ASKING, KEY, SECRET, World, settings_for

from bot.settings import credentials_from
from bot.web.conversion import CreatedApp
from bot.web.credentials_file import store_credentials
from bot.web.manifest import unreachable_reason
from bot.web.setup import install_address
from bot.web.setup_gate import SetupGate, setup_link

CREATED = {
    "id": 77,
    "slug": "fixbugs-ada",
    "html_url": "https://github.com/apps/fixbugs-ada",
    "client_id": "Iv1.x",
    "client_secret": "not needed",
    "webhook_secret": SECRET,
    "pem": KEY,
}

CHOSEN: dict[str, Any] = {"setup_token": "chosen"}


class Github(httpx.BaseTransport):
    """Stands in for the forge's API: answers the conversion of a code, and notes what it was asked."""

    def __init__(self, answer: Callable[[], httpx.Response] | None = None) -> None:
        self.asked: list[tuple[str, str]] = []
        self._answer = answer or (lambda: httpx.Response(201, json=CREATED))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((request.method, str(request.url)))
        return self._answer()


def fresh(folder: Path, github: Github | None = None, **more: Any) -> World:
    """A server without an App."""
    return World(settings_for(folder, created=False, **more), github=github or Github())


def token(at: World) -> str:
    found = SetupGate(at.settings).token()
    assert found
    return found


def form(text: str) -> tuple[str, dict[str, Any]]:
    """Where the button posts to, and the manifest."""
    action = re.search(r'<form method="post" action="([^"]*)"', text)
    value = re.search(r'name="manifest" value="([^"]*)"', text)
    assert action
    assert value
    return html.unescape(action[1]), json.loads(html.unescape(value[1]))


def state(at: World) -> str:
    return parse_qs(urlsplit(form(at.client.get(f"/setup?token={token(at)}").text)[0]).query)["state"][0]


def come_back(at: World, code: str = "abc123") -> Any:
    return at.client.get(f"/setup/created?code={code}&state={state(at)}")


def test_the_button_posts_the_manifest_with_the_servers_own_addresses(tmp_path: Path) -> None:
    at = fresh(tmp_path, public_url="https://bugs.example.org")

    response = at.client.get(f"/setup?token={token(at)}", base_url="https://bugs.example.org")
    action, manifest = form(response.text)

    assert response.status_code == 200
    assert action.startswith("https://github.com/settings/apps/new?state=")
    assert (manifest["url"], manifest["hook_attributes"], manifest["redirect_url"], manifest["public"]) == (
        "https://bugs.example.org",
        {"url": "https://bugs.example.org/webhook", "active": True},
        "https://bugs.example.org/setup/created",
        False,
    )
    assert manifest["default_permissions"] == {
        "metadata": "read",
        "contents": "write",
        "issues": "write",
        "pull_requests": "write",
        "checks": "write",
        "actions": "read",
    }


def test_behind_a_proxy_the_browser_comes_back_by_the_public_address(tmp_path: Path) -> None:
    at = fresh(tmp_path, public_url="https://bugs.example.org")

    text = at.client.get(f"/setup?token={token(at)}", base_url="http://bugs.example.org").text

    assert form(text)[1]["redirect_url"] == "https://bugs.example.org/setup/created"


def test_an_organisation_and_another_address_can_be_chosen(tmp_path: Path) -> None:
    at = fresh(tmp_path)

    query = f"token={token(at)}&organization=acme&address=https://tunnel.example/"
    action, manifest = form(at.client.get(f"/setup?{query}", base_url="http://localhost:8000").text)

    assert action.startswith("https://github.com/organizations/acme/settings/apps/new?state=")
    assert manifest["hook_attributes"]["url"] == "https://tunnel.example/webhook"
    assert manifest["redirect_url"] == "http://localhost:8000/setup/created"


@pytest.mark.parametrize(
    "query", ["organization=../x", "organization=a%20b", "address=ftp://x", "address=nonsense", "address=http://a@b"]
)
def test_what_is_no_organisation_or_address_is_refused(tmp_path: Path, query: str) -> None:
    at = fresh(tmp_path)

    response = at.client.get(f"/setup?token={token(at)}&{query}")

    assert response.status_code == 400
    assert "That cannot be used" in response.text


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("https://bugs.example.org", ""),
        ("http://bugs.example.org", "Deliveries over http can be read on their way; use https."),
        ("http://localhost:8000", "localhost cannot be reached from GitHub."),
        ("http://127.0.0.1:8000", "127.0.0.1 cannot be reached from GitHub."),
        ("https://10.0.0.5", "10.0.0.5 cannot be reached from GitHub."),
        ("https://[::1]:8000", "::1 cannot be reached from GitHub."),
        ("https://buildbox", "buildbox cannot be reached from GitHub."),
    ],
)
def test_an_address_that_github_cannot_reach_is_told(address: str, reason: str) -> None:
    assert unreachable_reason(address) == reason


@pytest.mark.parametrize("query", ["", "?token=", "?token=wrong", "?token=%C3%A9"])
def test_without_the_token_there_is_no_page(tmp_path: Path, query: str) -> None:
    response = fresh(tmp_path).client.get(f"/setup{query}")

    assert response.status_code == 403
    assert "The set-up page needs its link" in response.text
    assert "manifest" not in response.text


def test_the_token_is_in_a_file_for_its_owner_only_and_the_same_for_every_process(tmp_path: Path) -> None:
    first, second = fresh(tmp_path), fresh(tmp_path)

    assert token(first) == token(second)
    assert stat.S_IMODE((tmp_path / "setup-token").stat().st_mode) == 0o600


def test_whoever_starts_the_server_is_told_the_link(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = fresh(tmp_path)

    assert capsys.readouterr().err == (
        f"There is no GitHub App yet. Create it on this server at /setup?token={token(at)}\n"
    )
    assert setup_link(at.settings, "http://localhost:8000/") == f"http://localhost:8000/setup?token={token(at)}"


def test_with_a_public_address_what_is_told_can_be_clicked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = fresh(tmp_path, public_url="https://fixbugs.example.org")

    assert capsys.readouterr().err == (
        f"There is no GitHub App yet. Create it at https://fixbugs.example.org/setup?token={token(at)}\n"
    )


def test_a_token_out_of_the_settings_counts_and_is_not_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = fresh(tmp_path, **CHOSEN)

    assert at.client.get("/setup?token=chosen").status_code == 200
    assert not (tmp_path / "setup-token").exists()
    assert capsys.readouterr().err == (
        "There is no GitHub App yet. Create it on this server at /setup?token=… as FIXBUGS_SETUP_TOKEN says.\n"
    )


def test_where_no_token_can_be_kept_the_page_stays_closed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    at = fresh(tmp_path / "file" / "folder")

    response = at.client.get("/setup?token=")

    assert response.status_code == 403
    assert "set FIXBUGS_SETUP_TOKEN" in response.text
    assert "set FIXBUGS_SETUP_TOKEN and restart" in capsys.readouterr().err


def test_the_code_becomes_credentials_that_only_their_owner_can_read(tmp_path: Path) -> None:
    github = Github()
    at = fresh(tmp_path, github)

    response = come_back(at)

    file = tmp_path / "credentials.json"
    assert response.status_code == 200
    assert github.asked == [("POST", "https://api.github.com/app-manifests/abc123/conversions")]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    stored = credentials_from(file)
    assert (stored.app_id, stored.webhook_secret, stored.private_key) == (77, SECRET, KEY)
    assert json.loads(file.read_text())["slug"] == "fixbugs-ada"
    assert 'href="https://github.com/apps/fixbugs-ada/installations/new"' in response.text
    assert SECRET not in html.unescape(response.text)
    assert "PRIVATE KEY" not in response.text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["credentials.json"]


def test_every_process_takes_deliveries_as_soon_as_the_app_is_created(tmp_path: Path) -> None:
    at, other = fresh(tmp_path), fresh(tmp_path)
    come_back(at)

    assert at.deliver(ASKING).status_code == 202
    assert other.deliver(ASKING).status_code == 202


def test_once_there_is_an_app_set_up_is_refused(tmp_path: Path) -> None:
    github = Github()
    at = fresh(tmp_path, github)
    link, query = f"/setup?token={token(at)}", f"code=abc123&state={state(at)}"
    come_back(at)

    for address in (link, f"/setup/created?{query}"):
        response = at.client.get(address)
        assert response.status_code == 409
        assert "An App was created already" in response.text
    assert len(github.asked) == 1


def test_a_file_that_cannot_be_used_is_not_replaced(tmp_path: Path) -> None:
    at = fresh(tmp_path)
    link = f"/setup?token={token(at)}"
    (tmp_path / "credentials.json").write_text("broken")

    assert at.client.get(link).status_code == 409
    assert (tmp_path / "credentials.json").read_text() == "broken"


@pytest.mark.parametrize("forged", ["", "x", "1.2.3", f"1700000000.{'a' * 32}.{'b' * 64}", "é"])
def test_a_way_back_that_did_not_begin_here_is_refused(tmp_path: Path, forged: str) -> None:
    github = Github()
    at = fresh(tmp_path, github)

    response = at.client.get("/setup/created", query_string={"code": "abc123", "state": forged})

    assert response.status_code == 403
    assert github.asked == []


@pytest.mark.parametrize(("later_s", "good"), [(0, True), (3600, True), (3601, False), (-1, False)])
def test_a_way_back_counts_for_an_hour(tmp_path: Path, later_s: float, good: bool) -> None:
    settings = settings_for(tmp_path, created=False, **CHOSEN)
    made = SetupGate(settings, now=lambda: 1000.0).state()

    assert SetupGate(settings, now=lambda: 1000.0 + later_s).sent(made or "") is good
    assert not SetupGate(settings_for(tmp_path, created=False), now=lambda: 1000.0).sent(made or "")


@pytest.mark.parametrize("code", ["", "../../user", "a/b", "a b", "é", "x" * 201])
def test_a_code_that_is_none_never_reaches_the_forge(tmp_path: Path, code: str) -> None:
    github = Github()
    at = fresh(tmp_path, github)

    response = at.client.get("/setup/created", query_string={"code": code, "state": state(at)})

    assert response.status_code == 400
    assert github.asked == []


def _times_out() -> httpx.Response:
    raise httpx.ConnectTimeout("timed out")


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (lambda: httpx.Response(404), 400, "GitHub knows no such code"),
        (lambda: httpx.Response(422), 400, "GitHub knows no such code"),
        (lambda: httpx.Response(502), 503, "load this page again in a minute"),
        (lambda: httpx.Response(429), 503, "load this page again in a minute"),
        (_times_out, 503, "GitHub does not answer at https://api.github.com"),
        (lambda: httpx.Response(302, headers={"Location": "https://evil.example"}), 400, "GitHub answered 302"),
        (lambda: httpx.Response(201, text="<html>"), 400, "no usable JSON"),
        (lambda: httpx.Response(201, json=[]), 400, "no usable JSON"),
        (lambda: httpx.Response(201, json={**CREATED, "id": "77"}), 400, "fields of another type"),
        (lambda: httpx.Response(201, json={**CREATED, "webhook_secret": None}), 400, "fields of another type"),
        (lambda: httpx.Response(201, json={**CREATED, "pem": ""}), 400, "no webhook secret or no private key"),
    ],
)
def test_what_the_forge_answers_otherwise_is_told_and_nothing_is_stored(
    tmp_path: Path, answer: Callable[[], httpx.Response], status: int, said: str
) -> None:
    at = fresh(tmp_path, Github(answer))

    response = come_back(at)

    assert response.status_code == status
    assert said in html.unescape(response.text)
    assert not (tmp_path / "credentials.json").exists()
    assert at.client.get(f"/setup?token={token(at)}").status_code == 200


def test_a_code_is_still_good_after_the_forge_was_away(tmp_path: Path) -> None:
    answers = [httpx.Response(502), httpx.Response(201, json=CREATED)]
    at = fresh(tmp_path, Github(lambda: answers.pop(0)))
    made = state(at)

    tried = [at.client.get(f"/setup/created?code=abc&state={made}").status_code for _ in range(2)]

    assert tried == [503, 200]


def test_credentials_are_shown_once_for_a_secret_store(tmp_path: Path) -> None:
    at = fresh(tmp_path, setup_print=True)

    response = come_back(at)
    text = html.unescape(response.text)

    assert "FIXBUGS_GITHUB_APP_ID=77\n" in text
    assert f"FIXBUGS_GITHUB_WEBHOOK_SECRET={SECRET}\n" in text
    assert "FIXBUGS_GITHUB_PRIVATE_KEY=" + KEY.strip().replace("\n", "\\n") in text
    assert response.headers["Cache-Control"] == "no-store"
    assert list(tmp_path.iterdir()) == []
    assert at.client.get("/setup?token=x").status_code == 403


def test_credentials_that_cannot_be_stored_after_all_are_shown_instead_of_lost(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    at = fresh(folder, **CHOSEN)
    made = state(at)
    folder.rmdir()
    folder.write_text("not a folder any more")

    response = at.client.get(f"/setup/created?code=abc&state={made}")

    assert response.status_code == 200
    assert "stored nowhere" in response.text
    assert "FIXBUGS_GITHUB_APP_ID=77" in response.text


def test_of_two_who_store_at_once_one_does_and_nothing_is_mixed(tmp_path: Path) -> None:
    file = tmp_path / "credentials.json"
    outcomes: list[str] = []

    def store(number: int) -> None:
        app = CreatedApp(number, f"app-{number}", "https://github.com/apps/x", "", f"secret-{number}", KEY)
        try:
            store_credentials(app, file)
            outcomes.append(f"secret-{number}")
        except FileExistsError:
            outcomes.append("refused")

    threads = [threading.Thread(target=store, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes.count("refused") == 7
    assert credentials_from(file).webhook_secret in outcomes
    assert [path.name for path in tmp_path.iterdir()] == ["credentials.json"]


def test_the_install_page_is_on_our_own_forge() -> None:
    app = CreatedApp(1, "fb", "https://evil.example/apps/fb", "", "s", "k")

    assert install_address(app, "https://github.com") == "https://github.com/apps/fb/installations/new"


@pytest.mark.parametrize("address", ["/", "/setup", "/setup/created", "/nothing-here"])
def test_every_page_forbids_what_it_does_not_need(tmp_path: Path, address: str) -> None:
    response = fresh(tmp_path).client.get(address)

    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert '<html lang="en">' in response.text
    assert response.text.count("<h1>") == 1


def test_the_form_may_post_to_our_forge_only(tmp_path: Path) -> None:
    at = fresh(tmp_path, web_url="https://github.acme.example")

    policy = at.client.get(f"/setup?token={token(at)}").headers["Content-Security-Policy"]

    assert "form-action 'self' https://github.acme.example;" in policy


def test_the_first_page_says_whether_there_is_an_app(tmp_path: Path) -> None:
    at = fresh(tmp_path)
    before = at.client.get("/").text
    come_back(at)

    assert "It has no GitHub App yet." in before
    assert "<code>/fixbugs help</code>" in at.client.get("/").text


def test_the_policy_names_the_very_style_that_is_on_the_page(tmp_path: Path) -> None:
    response = fresh(tmp_path).client.get("/")
    style = re.search(r"<style>(.*)</style>", response.text, re.DOTALL)

    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}';" in response.headers["Content-Security-Policy"]
