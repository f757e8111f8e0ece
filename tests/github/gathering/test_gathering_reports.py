"""Everything said and logged about a bug becomes one report; what cannot be had is said and stops nothing."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest
from gathering_hub import API, COMMENTS, DIFF, HEAD, JOB, REPO, STORAGE, Hub, asked_for, check, comment, pull, pull_hub

from bot.core.errors import Absent, Forbidden, InputError, Transient, Unauthorized
from bot.core.forge import Actor
from bot.core.run import Document, Goal, Run, TriggerKind, Verdict
from fake_forge import WEB, issue


def texts(documents: tuple[Document, ...]) -> list[tuple[str, str]]:
    return [(document.name, document.content.decode()) for document in documents]


def names(documents: tuple[Document, ...]) -> list[str]:
    return [document.name for document in documents]


# ------------------------------------------------------------------ issues


def test_a_run_of_the_command_line_keeps_its_own_report() -> None:
    run = replace(asked_for(), origin=None)
    assert Hub().gather(run).report is run.report


def test_an_issue_comes_with_its_title_address_comments_and_labels() -> None:
    hub = Hub()
    hub.forge.threads = {12: replace(issue(), labels=("fixbugs", "bug", "cart"))}
    hub.lists[COMMENTS] = [comment(1, "It gives 2."), comment(2, "Same here.", login="eve")]
    gathered = hub.gather(asked_for())

    assert gathered.report.issue == Document("issue #12", b"# Total is wrong\n\nIt should be 5.", f"{WEB}/issues/12")
    assert texts(gathered.report.comments) == [
        ("comment 1 by @bob", "It gives 2."),
        ("comment 2 by @eve", "Same here."),
    ]
    assert gathered.report.comments[0].address == f"{WEB}/issues/12#issuecomment-1"
    assert [fact.claim for fact in gathered.facts] == ["It is labelled bug, cart."]
    assert gathered.notices == ()


def test_our_own_comments_and_chatter_of_bots_are_left_out_but_a_bots_traceback_stays() -> None:
    hub = Hub()
    hub.lists[COMMENTS] = [
        comment(1, "Looking into it.", login="fixbugs[bot]", kind="Bot"),
        comment(2, "Coverage: 91 %", login="cover[bot]", kind="Bot"),
        comment(3, "Traceback (most recent call last):\nTypeError: x", login="crash[bot]", kind="Bot"),
    ]
    assert names(hub.gather(asked_for()).report.comments) == ["comment 3 by @crash[bot]"]


def test_comments_that_hold_nothing_to_see_or_only_a_command_are_left_out() -> None:
    hub = Hub()
    hub.lists[COMMENTS] = [
        comment(1, "<!-- template -->"),
        comment(2, "/fixbugs fix"),
        comment(3, ""),
        comment(4, "/fixbugs fix\nOnly with coupons."),
    ]
    assert texts(hub.gather(asked_for()).report.comments) == [("comment 4 by @bob", "\nOnly with coupons.")]


def test_of_many_comments_the_newest_are_read_and_that_is_said() -> None:
    hub = Hub()
    hub.lists[COMMENTS] = [comment(n, f"Said {n}.") for n in range(1, 321)]
    gathered = hub.gather(asked_for())

    assert len(gathered.report.comments) == 300
    assert gathered.report.comments[0].name == "comment 21 by @bob"
    assert gathered.report.comments[-1].name == "comment 320 by @bob"
    assert gathered.notices == ("Not all comments of #12 were read: only the newest 300.",)


def test_guidance_is_a_text_of_its_own_and_its_comment_is_not_read_twice() -> None:
    hub = Hub()
    hub.forge.comments = {7: (12, "/fixbugs fix only coupons")}
    hub.lists[COMMENTS] = [comment(7, "/fixbugs fix only coupons\nand more"), comment(8, "Thanks.")]
    run = asked_for(guidance="only coupons\nand more", comment_id=7, kind=TriggerKind.COMMENT)
    report = hub.gather(run).report

    assert report.guidance == Document("guidance by @ada", b"only coupons\nand more", f"{WEB}/issues/12")
    assert names(report.comments) == ["comment 8 by @bob"]


def test_linked_threads_are_read_one_step_deep_and_no_more_than_five() -> None:
    hub = Hub()
    hub.forge.threads = {12: issue(body="Like #3 and #99. Fixes #4. See #5, #6, #7 and #8.")}
    hub.forge.threads |= {n: issue(n, title=f"T{n}", body=f"Body {n}, see #50.") for n in (3, 4, 5, 6, 7, 8, 50)}
    gathered = hub.gather(asked_for())

    assert texts(gathered.report.comments)[:2] == [
        ("linked issue #4 by @ada", "# T4\n\nBody 4, see #50."),
        ("linked issue #3 by @ada", "# T3\n\nBody 3, see #50."),
    ]
    assert names(gathered.report.comments)[2:] == ["linked issue #5 by @ada", "linked issue #6 by @ada"]
    assert gathered.notices == ("Only 5 of 7 linked threads were read.",)


@pytest.mark.parametrize("absent", ["thread", "repository"])
def test_an_issue_that_is_gone_ends_with_a_clear_word(absent: str) -> None:
    hub = Hub()
    hub.forge.faults = {absent: [Absent("404")]}
    with pytest.raises(InputError) as caught:
        hub.gather(asked_for())
    assert str(caught.value) == (
        "acme/shop#12 is gone, or the App may not see it any more: it was deleted or moved, or the App was taken off "
        "the repository. Ask again where it is now."
    )


def test_an_issue_that_was_moved_says_where_it_is() -> None:
    hub = Hub()
    hub.forge.threads = {12: replace(issue(), web_url="https://github.example/acme/other/issues/3")}
    with pytest.raises(InputError, match=r"^acme/shop#12 was moved to https://github.example/acme/other/issues/3\."):
        hub.gather(asked_for())


@pytest.mark.parametrize(
    ("comments", "said"),
    [
        ({}, "The comment that asked for this was deleted. Ask again with /fixbugs."),
        (
            {7: (12, "never mind")},
            "The comment that asked for this holds no command any more. Ask again with /fixbugs.",
        ),
    ],
)
def test_who_takes_the_asking_comment_back_takes_the_request_back(
    comments: dict[int, tuple[int, str]], said: str
) -> None:
    hub = Hub()
    hub.forge.comments = comments
    with pytest.raises(InputError) as caught:
        hub.gather(asked_for(comment_id=7, kind=TriggerKind.COMMENT))
    assert str(caught.value) == said


def test_comments_that_fail_for_now_make_the_stage_try_again() -> None:
    hub = Hub()
    hub.answers[COMMENTS] = httpx.Response(502)
    with pytest.raises(Transient):
        hub.gather(asked_for())


def test_comments_that_may_not_be_read_are_said_and_stop_nothing() -> None:
    hub = Hub()
    hub.answers[COMMENTS] = httpx.Response(403, json={"message": "Resource not accessible by integration"})
    gathered = hub.gather(asked_for())

    assert gathered.report.issue is not None
    assert len(gathered.notices) == 1
    assert gathered.notices[0].startswith("The comments of #12 could not be read: GitHub refused to read the comments")


# ----------------------------------------------------------- pull requests


def test_a_pull_request_comes_with_its_failing_checks_log_and_diff() -> None:
    gathered = pull_hub(body="Sums them.").gather(asked_for(is_pull=True))
    report = gathered.report

    assert report.issue == Document("pull request #12", b"# Sum all prices\n\nSums them.", f"{WEB}/pull/12")
    assert texts(report.logs) == [
        (
            "log of check test (3.11)",
            "Run pytest\npytest\n\nFAILED tests/test_cart.py::test_total_of_two - assert 2 == 3\n"
            "Process completed with exit code 1.\n",
        )
    ]
    assert texts(report.attachments) == [("diff of pull request #12", "--- a/cart.py\n+++ b/cart.py\n")]
    assert [fact.claim for fact in gathered.facts] == ["The check test (3.11) of github-actions failed at cccccccccc."]
    assert (gathered.notices, gathered.ref) == ((), "")


def test_the_token_never_leaves_for_the_host_that_keeps_the_logs() -> None:
    hub = pull_hub()
    hub.gather(asked_for(is_pull=True))

    sent = {request.url.host: "authorization" in request.headers for request in hub.asked}
    assert sent == {"api.github.example": True, "logs.storage.example": False}


def test_the_pull_requests_head_is_worked_on_when_the_run_names_no_commit() -> None:
    run = replace(asked_for(is_pull=True), ref="")
    assert pull_hub().gather(run).ref == HEAD


def test_reviews_and_comments_on_lines_are_read_with_their_place() -> None:
    hub = pull_hub()
    hub.lists[f"{REPO}/pulls/12/reviews"] = [comment(5, "Please sum all.", state="CHANGES_REQUESTED")]
    hub.lists[f"{REPO}/pulls/12/comments"] = [
        comment(6, "Why not the first?", path="cart.py", line=2),
        comment(7, "Old place.", path="cart.py", line=None, original_line=9),
    ]
    assert texts(hub.gather(asked_for(is_pull=True)).report.comments) == [
        ("review 5 by @bob", "Please sum all."),
        ("review comment 6 by @bob on cart.py:2", "Why not the first?"),
        ("review comment 7 by @bob on cart.py:9", "Old place."),
    ]


def test_what_a_check_says_of_itself_is_read_but_not_that_it_ended() -> None:
    hub = pull_hub()
    says = check("lint", job_id=None, title="2 problems", summary="See below.")
    says = replace(says, annotations=("cart.py:2: unused name", ".github:1: Process completed with exit code 1."))
    silent = replace(check("build", job_id=None), annotations=(".github:1: Process completed with exit code 1.",))
    hub.forge.failed = {HEAD: (says, silent)}

    assert texts(hub.gather(asked_for(is_pull=True)).report.comments) == [
        ("output of check lint", "2 problems\n\nSee below.\n\n````text\ncart.py:2: unused name\n````")
    ]


def test_a_pull_request_of_ours_says_nothing_new_about_itself() -> None:
    hub = pull_hub()
    hub.forge.threads = {12: pull(body="Our own words.", author="fixbugs[bot]")}
    report = hub.gather(asked_for(is_pull=True, guidance="also for none")).report

    assert report.issue is not None
    assert report.issue.content == b"# Sum all prices\n\n"


def test_a_pull_request_that_nothing_is_wrong_with_asks_for_information() -> None:
    hub = pull_hub(body="Adds a sum. Closes #3.")
    hub.forge.failed = {}
    gathered = hub.gather(asked_for(is_pull=True))

    assert gathered.give_up is not None
    assert gathered.give_up.verdict is Verdict.NEEDS_INFORMATION
    assert gathered.give_up.detail == (
        "No check fails at cccccccccc, and no guidance was given, so there is nothing to go by."
    )
    assert gathered.give_up.questions == (
        "What goes wrong, and what should happen instead? Say it after the command: `/fixbugs fix …`.",
        "Are checks still running? Ask again once they end.",
    )


@pytest.mark.parametrize(
    "run",
    [
        asked_for(is_pull=True, guidance="total([]) should be 0"),
        asked_for(is_pull=True, goal=Goal.VALIDATE),
    ],
)
def test_guidance_or_a_judgement_needs_no_failing_check(run: Run) -> None:
    hub = pull_hub()
    hub.forge.failed = {}
    assert hub.gather(run).give_up is None


def test_a_bug_described_in_a_comment_needs_no_failing_check() -> None:
    hub = pull_hub()
    hub.forge.failed = {}
    hub.lists[COMMENTS] = [comment(1, "With one price I expected 1 but got 0.")]
    assert hub.gather(asked_for(is_pull=True)).give_up is None


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(406, json={"message": "too large"}), "GitHub shows no diff that is this large."),
        (httpx.Response(500), "GitHub failed to read the diff of acme/shop#12: 500 Internal Server Error. It is tried"),
        (httpx.ReadTimeout("slow"), "GitHub did not answer in time when we wanted to read the diff of acme/shop#12."),
    ],
)
def test_a_diff_that_cannot_be_had_is_a_notice(answer: httpx.Response | Exception, said: str) -> None:
    hub = pull_hub()
    hub.answers[DIFF] = answer
    gathered = hub.gather(asked_for(is_pull=True))

    assert names(gathered.report.logs) == ["log of check test (3.11)"]
    assert gathered.notices[0].startswith(f"The diff of #12 could not be read: {said}")


def test_failed_checks_that_cannot_be_listed_are_no_small_matter() -> None:
    hub = pull_hub()
    hub.forge.faults = {"failed_checks": [Forbidden("no")]}
    with pytest.raises(Forbidden):
        hub.gather(asked_for(is_pull=True))


# ------------------------------------------------------------- failed checks


def test_a_failed_check_without_a_thread_has_a_title_and_its_log() -> None:
    gathered = pull_hub().gather(asked_for(number=None, branch="main"))

    assert gathered.report.issue is not None
    assert gathered.report.issue.content == b"# test (3.11) fails at cccccccccc on main\n"
    assert gathered.report.issue.address == f"https://github.example/acme/shop/commit/{HEAD}"
    assert names(gathered.report.logs) == ["log of check test (3.11)"]


def test_a_check_that_passes_by_now_asks_for_information() -> None:
    hub = pull_hub()
    hub.forge.failed = {}
    gathered = hub.gather(asked_for(number=None))

    assert gathered.give_up is not None
    assert gathered.give_up.detail == "No check fails at cccccccccc any more."


def test_an_expired_log_is_a_notice() -> None:
    hub = pull_hub()
    hub.answers[JOB] = httpx.Response(410)
    gathered = hub.gather(asked_for(is_pull=True))

    assert gathered.report.logs == ()
    assert gathered.notices == (
        "The log of test (3.11) could not be read: the log of check test (3.11) has expired or was deleted. Run the "
        "check again to have a new one.",
    )


def test_logs_that_fail_for_now_make_the_stage_try_again_when_nothing_else_tells() -> None:
    hub = pull_hub()
    hub.answers[f"{STORAGE}/31"] = httpx.Response(503)
    with pytest.raises(Transient):
        hub.gather(asked_for(is_pull=True))
    assert hub.gather(asked_for(is_pull=True, guidance="sum them")).report.logs == ()


def test_only_so_many_logs_are_read() -> None:
    hub = pull_hub()
    hub.forge.failed = {HEAD: tuple(check(f"test {n}", job_id=n) for n in range(9))}
    for n in range(9):
        hub.answers[f"{REPO}/actions/jobs/{n}/logs"] = httpx.Response(200, text=f"log {n}")
    gathered = hub.gather(asked_for(is_pull=True))

    assert names(gathered.report.logs) == [f"log of check test {n}" for n in range(6)]
    assert gathered.notices == ("Only 6 of 9 logs of failed checks were read.",)


def test_a_revoked_key_is_told_as_such() -> None:
    hub = pull_hub()
    hub.answers[DIFF] = httpx.Response(401, json={"message": "Bad credentials"})
    with pytest.raises(Unauthorized):
        hub.gather(asked_for(is_pull=True))


# ------------------------------------------------------------- attachments


def test_attached_logs_and_images_are_fetched_without_our_token() -> None:
    hub = Hub()
    log, shot = f"{WEB}/files/44/ci.log", "https://github.example/user-attachments/assets/0a1b"
    hub.forge.threads = {12: issue(body=f"See [ci.log]({log}) ![x]({shot})\n<!-- {WEB}/files/1/hidden.log -->")}
    hub.answers[log] = httpx.Response(200, text="1 failed")
    hub.answers[shot] = httpx.Response(200, content=b"\x89PNG\r\n", headers={"content-type": "image/png"})
    report = hub.gather(asked_for()).report

    assert report.logs == (Document("ci.log", b"1 failed", log),)
    assert report.attachments == (Document("0a1b", b"\x89PNG\r\n", shot),)
    fetched = [request for request in hub.asked if request.url.host == "github.example"]
    assert [request.url.path for request in fetched] == ["/acme/shop/files/44/ci.log", "/user-attachments/assets/0a1b"]
    assert not any("authorization" in request.headers for request in fetched)


def test_an_image_of_a_private_repository_is_found_where_the_thread_is_rendered() -> None:
    hub = Hub()
    asset = "0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f"
    shot = f"https://github.example/user-attachments/assets/{asset}"
    signed = f"https://private-user-images.githubusercontent.com/1/2-{asset}.png"
    hub.forge.threads = {12: issue(body=f"![x]({shot})")}
    hub.answers[shot] = httpx.Response(404)
    html = f'<img src=\\"{signed}?jwt=a.b.c\\">'
    hub.answers[f"{REPO}/issues/12"] = httpx.Response(200, text=f'{{"body_html": "{html}"}}')
    hub.answers[f"{signed}?jwt=a.b.c"] = httpx.Response(200, content=b"\x89PNG")
    gathered = hub.gather(asked_for())

    assert gathered.report.attachments == (Document(asset, b"\x89PNG", shot),)
    assert gathered.notices == ()


def test_attachments_of_one_name_are_told_apart_and_too_many_are_left_out() -> None:
    hub = Hub()
    addresses = [f"{WEB}/files/{n}/notes.txt" for n in range(1, 24)]
    hub.forge.threads = {12: issue(body="\n".join(addresses))}
    for address in addresses:
        hub.answers[address] = httpx.Response(200, text="x")
    gathered = hub.gather(asked_for())

    assert names(gathered.report.attachments)[:2] == ["notes.txt", "notes.txt (2)"]
    assert len(gathered.report.attachments) == 20
    assert gathered.notices == ("Only 20 of 23 attachments were read.",)


def test_pull_requests_of_ours_are_not_followed() -> None:
    hub = Hub()
    hub.forge.threads = {12: issue(body="See #3."), 3: replace(issue(3), author=Actor("fixbugs[bot]", True))}
    assert hub.gather(asked_for()).report.comments == ()


def test_nothing_but_what_is_needed_is_asked() -> None:
    hub = Hub()
    hub.gather(asked_for())
    assert [request.url.path for request in hub.asked] == [COMMENTS]
    assert str(hub.asked[0].url).startswith(API)
