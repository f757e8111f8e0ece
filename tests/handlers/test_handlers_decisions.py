"""What each event asks for: one believable payload in, one command (or nothing) out."""

from __future__ import annotations

import pytest

from bot.core.commands import (
    Ask,
    Button,
    ChecksFailed,
    Command,
    Discussed,
    InstallationChanged,
    Instructed,
    Labelled,
    Pressed,
    Reviewed,
    ThreadClosed,
    Unlabelled,
)
from bot.core.forge import Actor
from handlers import Malformed, decide
from webhook_payloads import HEAD, PLACE, RUN_ID, Payload, account, check, comment, event, issue, pull

GRACE = Actor("grace")
LABEL = {"name": "fixbugs"}


def changed(field: str, before: str) -> Payload:
    return {field: {"from": before}}


def review(state: str, body: str | None, author: str = "grace") -> Payload:
    return {"id": 61, "state": state, "body": body, "user": account(author)}


@pytest.mark.parametrize(
    ("name", "payload", "expected"),
    [
        ("issues", event("labeled", issue=issue(), label=LABEL), Labelled(PLACE, 12, False, GRACE, "fixbugs")),
        ("issues", event("unlabeled", issue=issue(), label=LABEL), Unlabelled(PLACE, 12, False, GRACE, "fixbugs")),
        ("issues", event("closed", issue=issue()), ThreadClosed(PLACE, 12, False, GRACE)),
        ("issues", event("deleted", issue=issue()), ThreadClosed(PLACE, 12, False, GRACE)),
        ("issues", event("opened", issue=issue()), None),
        ("issues", event("opened", issue=issue(None)), None),
        ("issues", event("opened", issue=issue("/fixbugs explain")), Instructed(PLACE, 12, False, GRACE, Ask.EXPLAIN)),
        (
            "issues",
            event("edited", issue=issue(), changes=changed("body", "Wrong.")),
            Discussed(PLACE, 12, False, GRACE),
        ),
        (
            "issues",
            event("edited", issue=issue(), changes=changed("title", "Help")),
            Discussed(PLACE, 12, False, GRACE),
        ),
        ("issues", event("edited", issue=issue(), changes={}), None),
        (
            "issues",
            event("edited", issue=issue("/fixbugs"), changes=changed("body", "Wrong.")),
            Instructed(PLACE, 12, False, GRACE, Ask.FIX),
        ),
        (
            "issues",
            event("edited", issue=issue("/fixbugs"), changes=changed("title", "Help")),
            Discussed(PLACE, 12, False, GRACE),
        ),
        ("issues", event("opened", by="helper[bot]", issue=issue("/fixbugs", author="helper[bot]")), None),
        (
            "pull_request",
            event("labeled", pull_request=pull(), label=LABEL),
            Labelled(PLACE, 4, True, GRACE, "fixbugs"),
        ),
        (
            "pull_request",
            event("closed", pull_request=pull(merged=True)),
            ThreadClosed(PLACE, 4, True, GRACE, merged=True, head_ref="rounding", head_repository="ada/shop"),
        ),
        (
            "pull_request",
            event("closed", pull_request=pull(head={"ref": "rounding", "repo": None})),
            ThreadClosed(PLACE, 4, True, GRACE, head_ref="rounding"),
        ),
        (
            "pull_request",
            event("opened", pull_request=pull("/fixbugs validate")),
            Instructed(PLACE, 4, True, GRACE, Ask.VALIDATE),
        ),
        ("pull_request", event("synchronize", pull_request=pull()), None),
    ],
)
def test_issues_and_pull_requests(name: str, payload: Payload, expected: Command | None) -> None:
    assert decide(name, payload) == expected


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (
            event("created", issue=issue(), comment=comment("/fixbugs fix\nthe sum")),
            Instructed(PLACE, 12, False, GRACE, Ask.FIX, "the sum", comment_id=501),
        ),
        (
            event("created", issue=issue(pull_request={"url": "…"}), comment=comment("/fixbugs")),
            Instructed(PLACE, 12, True, GRACE, Ask.FIX, comment_id=501),
        ),
        (
            event("created", issue=issue(), comment=comment("/fixbugs stpo")),
            Instructed(PLACE, 12, False, GRACE, Ask.HELP, comment_id=501, unknown="stpo"),
        ),
        (
            event("created", issue=issue(), comment=comment("It fails on Mondays.")),
            Discussed(PLACE, 12, False, GRACE, comment_id=501),
        ),
        (
            event("edited", issue=issue(), comment=comment("/fixbugs"), changes=changed("body", "Hm.")),
            Instructed(PLACE, 12, False, GRACE, Ask.FIX, comment_id=501),
        ),
        (
            event("edited", issue=issue(), comment=comment("/fixbugs\n\nPS"), changes=changed("body", "/fixbugs")),
            Discussed(PLACE, 12, False, GRACE, comment_id=501),
        ),
        (
            event("deleted", issue=issue(), comment=comment("/fixbugs")),
            Discussed(PLACE, 12, False, GRACE, comment_id=501, removed=True),
        ),
        (event("created", by="fixbugs[bot]", issue=issue(), comment=comment("/fixbugs", author="fixbugs[bot]")), None),
        (event("edited", issue=issue(), comment=comment("/fixbugs", author="fixbugs[bot]"), changes={}), None),
        (
            event("created", issue=issue(), comment={**comment("/fixbugs"), "user": None}),
            Instructed(PLACE, 12, False, GRACE, Ask.FIX, comment_id=501),
        ),
    ],
)
def test_comments(payload: Payload, expected: Command | None) -> None:
    assert decide("issue_comment", payload) == expected


def test_who_edits_somebody_elses_comment_is_who_asks() -> None:
    payload = event(
        "edited", by="ada", issue=issue(), comment=comment("/fixbugs", author="eve"), changes=changed("body", "x")
    )

    decided = decide("issue_comment", payload)

    assert isinstance(decided, Instructed)
    assert decided.actor == Actor("ada")


def test_a_secret_in_the_guidance_is_taken_out() -> None:
    token = "ghp_" + "Ab1" * 12
    decided = decide("issue_comment", event("created", issue=issue(), comment=comment(f"/fixbugs use {token}")))

    assert isinstance(decided, Instructed)
    assert token not in decided.guidance
    assert decided.guidance.startswith("use [redacted")


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (review("changes_requested", "Not the tax."), Reviewed(PLACE, 4, GRACE, "Not the tax.", review_id=61)),
        (review("CHANGES_REQUESTED", None), Reviewed(PLACE, 4, GRACE, "", review_id=61)),
        (review("approved", "Good."), None),
        (review("commented", "Hm."), None),
        (review("commented", "/fixbugs retry"), Instructed(PLACE, 4, True, GRACE, Ask.RETRY)),
        (review("changes_requested", "No.", author="other[bot]"), None),
    ],
)
def test_reviews(payload: Payload, expected: Command | None) -> None:
    assert decide("pull_request_review", event("submitted", pull_request=pull(), review=payload)) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            comment("Off by one", path="shop/cart.py", line=7, pull_request_review_id=61),
            Reviewed(PLACE, 4, GRACE, "Off by one", review_id=61, comment_id=501, path="shop/cart.py", line=7),
        ),
        (
            comment("Off by one", path="shop/cart.py", line=None, original_line=5),
            Reviewed(PLACE, 4, GRACE, "Off by one", comment_id=501, path="shop/cart.py", line=5),
        ),
        (
            comment("/fixbugs explain this", path="shop/cart.py", line=7),
            Instructed(PLACE, 4, True, GRACE, Ask.EXPLAIN, "this", comment_id=501, in_review=True),
        ),
        (comment("Off by one", author="other[bot]"), None),
    ],
)
def test_comments_on_lines_of_a_diff(said: Payload, expected: Command | None) -> None:
    assert decide("pull_request_review_comment", event("created", pull_request=pull(), comment=said)) == expected


def failed(source: str, branch: str = "", pulls: tuple[int, ...] = (4,), slug: str = "github-actions") -> ChecksFailed:
    return ChecksFailed(PLACE, HEAD, branch, pulls, slug, source)


@pytest.mark.parametrize(
    ("name", "result", "expected"),
    [
        ("check_suite", check(head_branch="main"), failed("check_suite", "main")),
        ("check_suite", check(head_branch=None, pull_requests=[]), failed("check_suite", pulls=())),
        ("check_suite", check(conclusion="timed_out"), failed("check_suite")),
        ("check_suite", check(conclusion="success"), None),
        ("check_suite", check(conclusion="cancelled"), None),
        ("check_suite", check(conclusion=None), None),
        ("check_suite", check(app={"slug": "fixbugs"}), failed("check_suite", slug="fixbugs")),
        ("check_run", check(name="tests", check_suite={"head_branch": "dev"}), failed("check_run", "dev")),
        ("check_run", check(name="FixBugs", external_id=RUN_ID), None),
        ("check_run", check(name="FixBugs", external_id=""), failed("check_run")),
        ("workflow_run", check(head_branch="dev"), failed("workflow_run", "dev")),
        (
            "workflow_run",
            check(head_branch="main", head_repository={"full_name": "eve/shop"}, pull_requests=[]),
            failed("workflow_run", pulls=()),
        ),
    ],
)
def test_checks_that_failed(name: str, result: Payload, expected: Command | None) -> None:
    assert decide(name, {**event("completed"), name: result}) == expected


def test_pull_requests_of_a_fork_that_hold_the_same_commit_are_not_ours_to_fix() -> None:
    pulls = [{"number": 9, "base": {"repo": {"id": 1}}}, {"number": 4, "base": {"repo": {"id": 99}}}, {"number": 4}]

    decided = decide("check_suite", event("completed", check_suite=check(pull_requests=pulls)))

    assert decided == failed("check_suite", pulls=(4,))


@pytest.mark.parametrize(
    ("action", "more", "expected"),
    [
        ("rerequested", {}, Pressed(PLACE, GRACE, RUN_ID, Button.RETRY)),
        ("requested_action", {"requested_action": {"identifier": "stop"}}, Pressed(PLACE, GRACE, RUN_ID, Button.STOP)),
        (
            "requested_action",
            {"requested_action": {"identifier": "retry"}},
            Pressed(PLACE, GRACE, RUN_ID, Button.RETRY),
        ),
        ("requested_action", {"requested_action": {"identifier": "other"}}, None),
        ("created", {}, None),
    ],
)
def test_buttons_on_a_check_run(action: str, more: Payload, expected: Command | None) -> None:
    ours = check(name="FixBugs", external_id=RUN_ID)

    assert decide("check_run", event(action, check_run=ours, **more)) == expected


def test_a_check_run_that_names_no_run_of_ours_has_no_buttons() -> None:
    assert decide("check_run", event("rerequested", check_run=check(external_id="build-7"))) is None


@pytest.mark.parametrize(
    ("name", "action", "lists", "added", "removed"),
    [
        ("installation", "created", {"repositories": [{"full_name": "ada/shop"}]}, ("ada/shop",), ()),
        ("installation", "deleted", {"repositories": [{"full_name": "ada/shop"}]}, (), ("ada/shop",)),
        ("installation", "suspend", {}, (), ()),
        ("installation", "unsuspend", {}, (), ()),
        ("installation", "new_permissions_accepted", {}, (), ()),
        ("installation_repositories", "added", {"repositories_added": [{"full_name": "a/b"}]}, ("a/b",), ()),
        ("installation_repositories", "removed", {"repositories_removed": [{"full_name": "a/b"}]}, (), ("a/b",)),
    ],
)
def test_installations(
    name: str, action: str, lists: Payload, added: tuple[str, ...], removed: tuple[str, ...]
) -> None:
    payload = {"action": action, "installation": {"id": 7, "account": {"login": "ada"}}, **lists}

    assert decide(name, payload) == InstallationChanged(7, "ada", action, added=added, removed=removed)


def test_an_enterprises_installation_goes_by_its_slug() -> None:
    payload = {"action": "suspend", "installation": {"id": 7, "account": {"slug": "acme"}}}

    assert decide("installation", payload) == InstallationChanged(7, "acme", "suspend")


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({"action": "closed", "issue": issue()}, "The payload's 'installation' is not an object."),
        (
            event("closed", issue=issue(number="12")),
            "The payload's 'issue.number' is not a whole number above zero.",
        ),
        (
            {**event("closed", issue=issue()), "repository": {"full_name": "../etc/passwd"}},
            "The payload's 'repository.full_name' is not a name like owner/repository.",
        ),
        (["closed"], "The payload is not a JSON object."),
    ],
)
def test_a_malformed_payload_says_which_field_and_what_belongs_there(payload: object, message: str) -> None:
    with pytest.raises(Malformed) as caught:
        decide("issues", payload)

    assert str(caught.value) == message


@pytest.mark.parametrize("name", ["..", "a/..", "a/.", "../a", ".a/b", "a/b/c", "a", "a/", "a/b?c", "a b/c", "a/b\n"])
def test_a_repository_name_that_could_lead_elsewhere_in_an_address_is_malformed(name: str) -> None:
    with pytest.raises(Malformed):
        decide("issues", {**event("closed", issue=issue()), "repository": {"full_name": name}})
