"""A GitHub of our own for tests: the emulator and a git server on loopback ports, with an App installed, people, and
one repository copied from a local one. What people do there is a method; what the bot did there can be looked at."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from world.git_server import GitServer
from world.seeding import Copier, client_of, line

HERE = Path(__file__).parent
MODULES = HERE.parent / "node" / "node_modules"
APP_ID = 4242
INSTALLATION = 777
PEOPLE = ("root", "acme", "ada", "bob", "mallory")  # root sees to the world; acme owns; ada and bob may write
PERMISSIONS = {
    "actions": "read",
    "checks": "write",
    "contents": "write",
    "issues": "write",
    "metadata": "read",
    "pull_requests": "write",
}
EVENTS = (
    "check_run",
    "check_suite",
    "installation",
    "installation_repositories",
    "issue_comment",
    "issues",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "workflow_run",
)

Json = Any  # what the emulator says: tests look into it as they like


def missing() -> str:
    """Why the world cannot be started here; "" when it can. For `pytest.mark.skipif`."""
    if not shutil.which("node"):
        return "node is not installed"
    if not (MODULES / "emulate").is_dir():
        return "tests/node/node_modules is missing: run `npm ci` in tests/node"
    return ""


@cache
def private_key() -> str:
    """A new RSA key in PEM, one for the whole test run."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kind, form = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(kind, form, serialization.NoEncryption()).decode()


@dataclass
class GithubWorld:
    """Use it as a context manager. `source` is a local git repository whose `main` becomes the default branch of
    `repository`; None leaves that empty. `webhook_url` is where webhooks go; "" sends none."""

    source: Path | None = None
    webhook_url: str = ""
    repository: str = "acme/shop"
    private: bool = True
    default_branch: str = "main"
    other_repositories: Sequence[str] = ()  # of the same owner, installed too, with a README only
    app_id: int = APP_ID
    installation_id: int = INSTALLATION
    slug: str = "fixbugs"
    webhook_secret: str = field(default="s3cret of the world", repr=False)
    private_key: str = field(default_factory=private_key, repr=False)
    api_url: str = ""
    git_url: str = ""

    def __enter__(self) -> GithubWorld:
        self._folder = Path(tempfile.mkdtemp(prefix="github-world-"))
        port = free_port()
        self.api_url = f"http://127.0.0.1:{port}"
        seed = self._folder / "seed.json"
        seed.write_text(json.dumps(self._seed()))
        environ = {**os.environ, "EMULATE_DIR": str(MODULES / "emulate")}
        command = ["node", str(HERE / "emulator" / "launcher.mjs"), str(seed), str(port)]
        self._log = (self._folder / "emulator.log").open("wb")
        self._process = subprocess.Popen(command, env=environ, stdout=self._log, stderr=self._log)
        self._clients = {login: client_of(self.api_url, {"Authorization": f"token {token(login)}"}) for login in PEOPLE}
        try:
            until(self._up, "the emulator starts", 60)
            self._git = GitServer(self.api_url, token("root"), self._folder / "git")
            self.git_url = self._git.url
            self._settle()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        if hasattr(self, "_git"):
            self._git.close()
        for client in self._clients.values():
            client.close()
        self._process.kill()
        self._process.wait(10)
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def web_url(self) -> str:
        """The base of clone addresses: `{web_url}/acme/shop.git`."""
        return self.git_url

    # ------------------------------------------------------- what people do

    def ask(self, method: str, path: str, body: object = None, *, by: str = "ada") -> Json:
        """Any request of a person's, below the repository: `ask("POST", "/issues", {...})`."""
        answer = self._clients[by].request(method, f"/repos/{self.repository}{path}", json=body)
        assert answer.is_success, f"{method} {path} by {by}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    def open_issue(self, title: str, body: str, *, labels: Sequence[str] = (), by: str = "ada") -> int:
        number = self.ask("POST", "/issues", {"title": title, "body": body}, by=by)["number"]
        if labels:
            self.label(number, *labels, by=by)
        return int(number)

    def label(self, number: int, *names: str, by: str = "ada") -> None:
        self.ask("POST", f"/issues/{number}/labels", {"labels": list(names)}, by=by)

    def unlabel(self, number: int, name: str, *, by: str = "ada") -> None:
        self.ask("DELETE", f"/issues/{number}/labels/{name}", by=by)

    def comment(self, number: int, body: str, *, by: str = "ada") -> int:
        return int(self.ask("POST", f"/issues/{number}/comments", {"body": body}, by=by)["id"])

    def close(self, number: int, *, by: str = "ada") -> None:
        kind = "pulls" if any(pull["number"] == number for pull in self.pulls()) else "issues"
        self.ask("PATCH", f"/{kind}/{number}", {"state": "closed"}, by=by)

    def open_pull(
        self, branch: str, title: str, body: str = "", *, base: str = "", by: str = "ada", editable: bool = False
    ) -> int:
        """`branch` may be a fork's ("bob:topic"); `editable`: those who may write to the parent may push to it."""
        asked = {"title": title, "body": body, "head": branch, "base": base or self.default_branch}
        return int(self.ask("POST", "/pulls", {**asked, "maintainer_can_modify": editable}, by=by)["number"])

    def fork(self, *, by: str = "bob") -> str:
        """A fork of the repository, of this person's own; returns its name, for `push`."""
        name = str(self.ask("POST", "/forks", {}, by=by)["full_name"])
        answer = self._clients[by].put(f"/repos/{name}/collaborators/root", json={"permission": "admin"})
        assert answer.is_success, answer.text
        return name

    def review(self, number: int, body: str, *, event: str = "REQUEST_CHANGES", by: str = "ada") -> int:
        return int(self.ask("POST", f"/pulls/{number}/reviews", {"body": body, "event": event}, by=by)["id"])

    def push(self, folder: Path, branch: str, *, by: str = "ada", repository: str = "") -> str:
        """Pushes HEAD of a local repository to this branch over git; returns its hash."""
        url = f"{self.git_url}/{repository or self.repository}.git".replace("://", f"://x:{token(by)}@")
        line(folder, "push", "-q", "--force", url, f"HEAD:refs/heads/{branch}")
        return line(folder, "rev-parse", "HEAD")

    def fail_check(
        self,
        sha: str,
        log: str = "",
        *,
        branch: str = "",
        name: str = "test",
        title: str = "",
        summary: str = "",
        annotations: Sequence[Json] = (),
        conclusion: str = "failure",
    ) -> int:
        """An Actions job on this commit fails and leaves this log; returns its check run's (and job's) id."""
        begun = {"repo": self.repository, "sha": sha, "branch": branch or self.default_branch, "name": name}
        made = self._order("actions", {**begun, "conclusion": conclusion})
        check_id = int(made["check_id"])
        if log:
            self._post(f"/_test/logs/jobs/{check_id}", log.encode())
        output = {"title": title or name, "summary": summary, "annotations": list(annotations)}
        ended = {"repo": self.repository, "run_id": made["run_id"], "conclusion": conclusion, "output": output}
        self._order(f"actions/{check_id}/end", ended)
        return check_id

    def set_run_logs(self, run_id: int, archive: bytes) -> None:
        """The zip of a workflow run's logs."""
        self._post(f"/_test/logs/runs/{run_id}", archive)

    def attach(self, content: bytes, content_type: str = "image/png") -> str:
        """A file as people drop into a comment; returns its address."""
        path = f"/user-attachments/assets/{uuid.uuid4()}"
        self._git.attachments[path] = (content_type, content)
        return self.git_url + path

    # ---------------------------------------------------------- what goes wrong

    def fault(
        self,
        method: str,
        path: str,
        status: int,
        *,
        times: int = 1,
        message: str = "ordered by a test",
        headers: dict[str, str] | None = None,
        after: bool = False,
        delay_ms: int = 0,
        of_app: bool = False,
    ) -> None:
        """The next requests like that get this answer; `path` is a regular expression. `after`: the change is made and
        only its answer is lost. Status 0 with a delay only makes it slow. `of_app` spares people's requests."""
        given = {"method": method, "path": path, "status": status, "times": times, "message": message, "of_app": of_app}
        self._order("fault", {**given, "headers": headers or {}, "after": after, "delay_ms": delay_ms})

    def order(self, **wishes: object) -> None:
        """token_life_s, no_drafts, suspended / resumed (an installation's id), gone_logs ("jobs/1"), manifest_code."""
        self._order("order", wishes)

    def archive(self) -> None:
        self.ask("PATCH", "", {"archived": True}, by="acme")

    # ------------------------------------------------------------- what is there

    def issue(self, number: int) -> Json:
        return self.ask("GET", f"/issues/{number}", by="root")

    def comments(self, number: int, *, by_bot: bool = False) -> list[Json]:
        found = self.ask("GET", f"/issues/{number}/comments?per_page=100", by="root")
        return [one for one in found if not by_bot or one["user"]["login"] == f"{self.slug}[bot]"]

    def pulls(self, *, by_bot: bool = False) -> list[Json]:
        found = self.ask("GET", "/pulls?state=all&per_page=100", by="root")
        return [one for one in found if not by_bot or one["user"]["login"] == f"{self.slug}[bot]"]

    def reactions(self) -> list[Json]:
        """kind (thread, comment, review_comment), target, content, user."""
        return list(self._state()["reactions"])

    def checks(self, sha: str) -> list[Json]:
        return list(self.ask("GET", f"/commits/{sha}/check-runs?filter=all", by="root")["check_runs"])

    def head(self, branch: str = "") -> str:
        path = f"/git/ref/heads/{branch or self.default_branch}"
        return str(self.ask("GET", path, by="root")["object"]["sha"])

    def commit(self, sha: str) -> Json:
        return self.ask("GET", f"/git/commits/{sha}", by="root")

    def mirror(self) -> Path:
        """A bare git repository with all that is there now."""
        mirror = self._git.mirror(self.repository)
        mirror.take_in()
        return mirror.folder

    def requests(self) -> list[Json]:
        """What Apps asked so far: method, path, query, body, app_id, status."""
        return list(self._state()["requests"])

    def forget(self) -> None:
        """Forgets the requests so far and the faults that were ordered."""
        self._order("forget", {})

    # -------------------------------------------------------------- webhooks

    def deliveries(self) -> list[Json]:
        """What was sent, oldest first: id, guid, event, action, status_code, headers, body."""
        return list(self._state()["deliveries"])

    def redeliver(self, guid: str) -> int:
        """Sends a webhook again, as it was; returns the answer's status."""
        return int(self._order(f"redeliver/{guid}", {})["status"])

    def settle(self, within_s: float = 60.0) -> None:
        """Waits until no webhook is on its way."""
        until(lambda: self._state()["in_flight"] == 0, "webhooks arrive", within_s)

    def send(self, event: str, payload: Json, *, guid: str = "") -> httpx.Response:
        """Signs a webhook and sends it to `webhook_url`: for events that the emulator has not."""
        body = json.dumps(payload).encode()
        return httpx.post(self.webhook_url, content=body, headers=self.signed(event, body, guid), timeout=30)

    def signed(self, event: str, body: bytes, guid: str = "") -> dict[str, str]:
        """The headers of a webhook with this body."""
        digest = hmac.new(self.webhook_secret.encode(), body, hashlib.sha256).hexdigest()
        return {
            "Content-Type": "application/json",
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": guid or str(uuid.uuid4()),
            "X-Hub-Signature-256": f"sha256={digest}",
        }

    # --------------------------------------------------------------- making it

    def _seed(self) -> Json:
        owner = self.repository.partition("/")[0]
        full = [self.repository, *self.other_repositories]
        names = [name.partition("/")[2] for name in full]
        installation = {
            "installation_id": self.installation_id,
            "account": owner,
            "repository_selection": "selected",
            "repositories": names,
        }
        ours = {
            "app_id": self.app_id,
            "slug": self.slug,
            "name": "FixBugs",
            "private_key": self.private_key,
            "permissions": PERMISSIONS,
            "events": list(EVENTS),
            "webhook_url": self.webhook_url or None,
            "webhook_secret": self.webhook_secret,
            "installations": [installation],
        }
        actions = {
            "app_id": 15368,
            "slug": "github-actions",
            "name": "GitHub Actions",
            "private_key": self.private_key,
            "installations": [{"installation_id": 1, "account": owner, "repository_selection": "all"}],
        }
        repositories = [
            {
                "owner": owner,
                "name": name,
                "private": self.private,
                "default_branch": self.default_branch,
                "auto_init": index > 0,
            }
            for index, name in enumerate(names)
        ]
        people = [{"login": login, "name": login.title(), "email": f"{login}@example.com"} for login in PEOPLE]
        github = {"users": people, "repos": repositories, "apps": [ours, actions]}
        return {"tokens": {token(login): {"login": login} for login in PEOPLE}, "github": github}

    def _settle(self) -> None:
        """People's rights, labels, and the repository's history."""
        rights = {"root": "admin", "ada": "push", "bob": "push"}
        for full in (self.repository, *self.other_repositories):
            for login, permission in rights.items():
                body = {"permission": permission}
                answer = self._clients["acme"].put(f"/repos/{full}/collaborators/{login}", json=body)
                assert answer.is_success, answer.text
        for name in ("fixbugs", "bug"):
            self.ask("POST", "/labels", {"name": name, "color": "aa0000"}, by="acme")
        if self.source is not None:
            mirror = self._git.mirror(self.repository).folder
            tip = line(self.source, "rev-parse", "HEAD")
            line(mirror, "fetch", "-q", str(self.source), f"{tip}:refs/heads/{self.default_branch}")
            copier = Copier(self._clients["acme"], self.repository, self.source)
            copier.commits(tip)
            copier.ref(f"refs/heads/{self.default_branch}", tip)

    def _up(self) -> bool:
        if self._process.poll() is not None:
            raise AssertionError(self._said())
        try:
            return self._clients["root"].get("/_test/state").is_success
        except httpx.TransportError:
            return False

    def _said(self) -> str:
        """The end of what the emulator printed."""
        return (self._folder / "emulator.log").read_text()[-3000:]

    def _state(self) -> Json:
        return self._clients["root"].get("/_test/state").json()

    def _order(self, what: str, wishes: object) -> Json:
        return self._post(f"/_test/{what}", json.dumps(wishes).encode())

    def _post(self, path: str, content: bytes) -> Json:
        answer = self._clients["root"].post(path, content=content, headers={"Content-Type": "application/json"})
        assert answer.is_success, answer.text + self._said()
        return answer.json()


def token(login: str) -> str:
    """A person's token, for the API and for git."""
    return f"ghp_{login}"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def until(done: Callable[[], bool], what: str, within_s: float) -> None:
    end = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < end, f"waited {within_s} s in vain: {what}"
        time.sleep(0.03)
