"""The test world itself: what e2e tests stand on must be true."""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from world import openapi
from world.github import GithubWorld, missing, until
from world.seeding import line

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "all there")
needs_description = pytest.mark.skipif(bool(openapi.missing()), reason=openapi.missing() or "all there")


class Listener:
    """Takes webhooks in, and answers `status`."""

    def __init__(self) -> None:
        self.taken: list[tuple[dict[str, str], bytes]] = []
        self.status = 202
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listener.taken.append((dict(self.headers), body))
                self.send_response(listener.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        self._http = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/webhook"
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def events(self) -> list[tuple[str, str]]:
        return [(headers["X-GitHub-Event"], json.loads(body).get("action", "")) for headers, body in self.taken]

    def last(self, event: str) -> Any:
        return json.loads([body for headers, body in self.taken if headers["X-GitHub-Event"] == event][-1])


@pytest.fixture
def listener() -> Iterator[Listener]:
    running = Listener()
    yield running
    running.close()


@pytest.fixture
def world(tmp_path: Path, listener: Listener) -> Iterator[GithubWorld]:
    source = tmp_path / "source"
    source.mkdir()
    line(source, "init", "-q", "-b", "main")
    (source / "a.py").write_text("1\n")
    line(source, "add", "-A")
    line(source, "-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-qm", "Begin")
    with GithubWorld(source, webhook_url=listener.url) as running:
        yield running


def test_webhooks_are_signed_and_name_the_installation(world: GithubWorld, listener: Listener) -> None:
    number = world.open_issue("Title", "Body", labels=["fixbugs"])
    world.settle()

    assert ("issues", "labeled") in listener.events()
    headers, body = listener.taken[-1]
    digest = hmac.new(world.webhook_secret.encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-Hub-Signature-256"] == f"sha256={digest}"
    payload = json.loads(body)
    assert payload["installation"]["id"] == world.installation_id
    assert payload["label"]["name"] == "fixbugs"
    assert payload["issue"]["number"] == number
    assert len({headers["X-GitHub-Delivery"] for headers, _ in listener.taken}) == len(listener.taken)


def test_a_delivery_can_be_sent_again_as_it_was(world: GithubWorld, listener: Listener) -> None:
    listener.status = 503
    world.open_issue("Title", "Body")
    world.settle()
    (sent,) = world.deliveries()
    assert sent["status_code"] == 503

    listener.status = 202
    assert world.redeliver(sent["guid"]) == 202
    assert listener.taken[0][1] == listener.taken[1][1]
    assert listener.taken[0][0]["X-GitHub-Delivery"] == listener.taken[1][0]["X-GitHub-Delivery"]


def test_a_failed_check_is_told_with_its_suite_and_pull_requests(
    world: GithubWorld, listener: Listener, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    (source / "a.py").write_text("2\n")
    line(source, "-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-qam", "Break")
    sha = world.push(source, "topic")
    number = world.open_pull("topic", "Topic")
    check = world.fail_check(sha, "E   assert 1 == 2\n", branch="topic")
    world.settle()
    until(lambda: ("check_suite", "completed") in listener.events(), "the suite is told", 5)

    suite = listener.last("check_suite")["check_suite"]
    assert (suite["head_sha"], suite["head_branch"], suite["conclusion"]) == (sha, "topic", "failure")
    assert suite["app"]["slug"] == "github-actions"
    assert [pull["number"] for pull in suite["pull_requests"]] == [number]
    assert listener.last("check_run")["check_run"]["id"] == check


def test_a_push_moves_its_pull_request_on(world: GithubWorld, listener: Listener, tmp_path: Path) -> None:
    source = tmp_path / "source"
    for text in ("2\n", "3\n"):
        (source / "a.py").write_text(text)
        line(source, "-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-qam", text)
        sha = world.push(source, "topic")
        if text == "2\n":
            number = world.open_pull("topic", "Topic")
    world.settle()

    assert world.pulls()[0]["head"]["sha"] == sha
    until(lambda: ("pull_request", "synchronize") in listener.events(), "synchronize is told", 5)
    assert listener.last("pull_request")["number"] == number


def test_a_comment_on_a_pull_request_says_that_it_is_one(
    world: GithubWorld, listener: Listener, tmp_path: Path
) -> None:
    world.push(tmp_path / "source", "topic")
    number = world.open_pull("topic", "Topic")
    world.comment(number, "/fixbugs")
    world.settle()

    assert "pull_request" in listener.last("issue_comment")["issue"]


def test_a_label_on_a_pull_request_is_an_event_of_the_pull_request(
    world: GithubWorld, listener: Listener, tmp_path: Path
) -> None:
    world.push(tmp_path / "source", "topic")
    number = world.open_pull("topic", "Topic")
    world.label(number, "fixbugs")
    world.settle()

    payload = listener.last("pull_request")
    assert (payload["action"], payload["number"], payload["label"]["name"]) == ("labeled", number, "fixbugs")


def test_a_pull_request_may_come_from_a_fork(world: GithubWorld, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "a.py").write_text("2\n")
    line(source, "-c", "user.name=B", "-c", "user.email=b@b.c", "commit", "-qam", "Change")
    fork = world.fork(by="bob")
    sha = world.push(source, "topic", by="bob", repository=fork)
    number = world.open_pull("bob:topic", "From afar", by="bob", editable=True)

    pull = world.ask("GET", f"/pulls/{number}")
    assert (pull["head"]["repo"]["full_name"], pull["head"]["sha"]) == ("bob/shop", sha)
    assert pull["maintainer_can_modify"] is True
    assert [file["filename"] for file in world.ask("GET", f"/pulls/{number}/files")] == ["a.py"]
    assert line(world.mirror(), "rev-parse", f"refs/pull/{number}/head") == sha


def test_an_outsider_may_neither_read_nor_push(world: GithubWorld, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="403"):
        world.open_issue("Let me in", "", by="mallory")
    with pytest.raises(subprocess.CalledProcessError):
        world.push(tmp_path / "source", "topic", by="mallory")


def test_an_ordered_fault_strikes_as_often_as_was_ordered(world: GithubWorld) -> None:
    world.fault("GET", "/issues", 502, times=1, headers={"Retry-After": "3"})
    asked = {"url": f"{world.api_url}/repos/acme/shop/issues", "headers": {"Authorization": "token ghp_ada"}}

    first, second = httpx.get(**asked), httpx.get(**asked)  # type: ignore[arg-type] # mixed values

    assert (first.status_code, first.headers["retry-after"], second.status_code) == (502, "3", 200)


def test_an_answer_can_be_lost_after_the_change_was_made(world: GithubWorld) -> None:
    world.fault("POST", "/issues$", 502, after=True)

    with pytest.raises(AssertionError, match="502"):
        world.open_issue("Made all the same", "")

    assert world.issue(1)["title"] == "Made all the same"


def test_attachments_can_be_downloaded(world: GithubWorld) -> None:
    answer = httpx.get(world.attach(b"\x89PNG", "image/png"))

    assert (answer.content, answer.headers["content-type"]) == (b"\x89PNG", "image/png")


def test_a_webhook_of_our_own_making_is_signed(world: GithubWorld, listener: Listener) -> None:
    assert world.send("installation", {"action": "created"}, guid="g").status_code == 202
    assert listener.taken[0][0]["X-GitHub-Delivery"] == "g"


@needs_description
@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"method": "POST", "path": "/repos/a/b/issue"}, "there is no such path"),
        ({"method": "PUT", "path": "/repos/a/b/issues"}, "no such method"),
        (
            {"method": "GET", "path": "/repos/a/b/issues", "query": {"states": "all"}},
            "the parameter states is not known",
        ),
        ({"method": "GET", "path": "/repos/a/b/issues", "query": {"state": "every"}}, "'every' is not one of"),
        ({"method": "GET", "path": "/repos/a/b/issues", "query": {"per_page": "many"}}, "is not of type 'integer'"),
        ({"method": "POST", "path": "/repos/a/b/issues/1/comments", "body": {}}, "'body' is a required property"),
        ({"method": "POST", "path": "/repos/a/b/issues/1/comments"}, "a body is required"),
        (
            {"method": "POST", "path": "/repos/a/b/pulls", "body": {"head": "x", "base": "y", "drafts": True}},
            "'drafts' was unexpected",
        ),
        (
            {"method": "POST", "path": "/repos/a/b/git/trees", "body": {"tree": [{"path": "a", "mode": "644"}]}},
            "'644' is not one of",
        ),
        (
            {"method": "POST", "path": "/repos/a/b/check-runs", "body": {"name": "n", "head_sha": "s", "output": {}}},
            "'title' is a required property",
        ),
        ({"method": "GET", "path": "/repos/a/b", "body": {"x": 1}}, "it takes no body"),
        ({"method": "POST", "path": "/graphql", "body": {"querry": "x"}}, "'query' is a required property"),
    ],
)
def test_the_description_finds_what_github_would_not_understand(request_: dict[str, Any], words: str) -> None:
    assert any(words in violation for violation in openapi.violations([request_])), openapi.violations([request_])


@needs_description
@pytest.mark.parametrize(
    "request_",
    [
        {"method": "GET", "path": "/repos/a/b/contents/.github/fixbugs.yml", "query": {"ref": "main"}},
        {"method": "GET", "path": "/repos/a/b/git/ref/heads/fixbugs/x"},
        {"method": "PATCH", "path": "/repos/a/b/git/refs/heads/fixbugs/x", "body": {"sha": "s", "force": False}},
        {"method": "POST", "path": "/graphql", "body": {"query": "q", "variables": {"id": "1"}}},
        {
            "method": "POST",
            "path": "/repos/a/b/git/trees",
            "body": {"base_tree": "t", "tree": [{"path": "a", "mode": "100644", "type": "blob", "sha": None}]},
        },
    ],
)
def test_the_description_finds_nothing_in_what_github_understands(request_: dict[str, Any]) -> None:
    assert openapi.violations([request_]) == []
