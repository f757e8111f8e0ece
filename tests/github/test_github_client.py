"""The client: tokens, patience, redirects, pages, sizes."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import jwt
import pytest

from bot.core.errors import Absent, Conflict, Forbidden, InputError, Permanent, Transient, Unauthorized
from bot.core.forge import Place
from bot.github.access import Access
from bot.github.client import GithubApp, path
from bot.github.wire import Fields
from github_answers import API, NOW, PLACE, Answers, answer, told

ISSUE = "/repos/acme/shop/issues/12"
READ = "read acme/shop#12"


def get(answers: Answers, where: Place | None = PLACE, at: str = ISSUE) -> object:
    return asyncio.run(answers.app().get(where, at, what=READ))


async def texts(pages: object) -> list[str]:
    return [item.text("name") async for item in pages]  # type: ignore[attr-defined] # an asynchronous iterator


def page(*names: str, last: int = 0, following: str = "") -> httpx.Response:
    links = [f'<{API}/list?per_page=100&page={last}>; rel="last"'] if last else []
    links += [f'<{following}>; rel="next"'] if following else []
    return answer([{"name": name} for name in names], link=", ".join(links))


# ------------------------------------------------------------------ tokens


def test_asks_for_a_token_for_one_repository_with_the_least_permissions() -> None:
    answers = Answers([answer({})])

    asyncio.run(answers.app().get(PLACE, ISSUE, what=READ, access=Access.CLONE))

    assert answers.minted[0].url.path == "/app/installations/7/access_tokens"
    assert json.loads(answers.minted[0].content) == {"repositories": ["shop"], "permissions": {"contents": "read"}}
    assert answers.asked[0].headers["authorization"] == "token ghs_secret1"


def test_mints_one_token_for_many_threads_that_ask_at_once() -> None:
    answers = Answers([answer({})])
    app = answers.app()
    gate = threading.Barrier(10)

    def ask(_: int) -> None:
        gate.wait(10)
        asyncio.run(app.get(PLACE, ISSUE, what=READ))

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(ask, range(10)))

    assert len(answers.asked) == 10
    assert len(answers.minted) == 1


def test_keeps_tokens_apart_by_repository_installation_and_purpose() -> None:
    answers = Answers([answer({})])
    app = answers.app()

    async def ask() -> None:
        for _ in range(2):
            await app.get(PLACE, ISSUE, what=READ)
            await app.get(PLACE, ISSUE, what=READ, access=Access.TALK)
            await app.get(Place(7, "acme/other"), ISSUE, what=READ)
            await app.get(Place(8, "acme/shop"), ISSUE, what=READ)

    asyncio.run(ask())

    assert len(answers.minted) == 4


def test_takes_a_new_token_before_the_old_one_ends() -> None:
    answers = Answers([answer({})], token_life_s=3600)
    app = answers.app()

    async def ask() -> None:
        await app.get(PLACE, ISSUE, what=READ)
        answers.now += 3600 - 301
        await app.get(PLACE, ISSUE, what=READ)
        assert len(answers.minted) == 1
        answers.now += 2
        await app.get(PLACE, ISSUE, what=READ)

    asyncio.run(ask())

    assert len(answers.minted) == 2


def test_goes_on_with_a_fresh_token_when_one_ended_early() -> None:
    answers = Answers([told(401, "Bad credentials"), answer({"number": 12})])

    assert get(answers) == {"number": 12}
    assert [request.headers["authorization"] for request in answers.asked] == ["token ghs_secret1", "token ghs_secret2"]


def test_says_when_the_app_is_no_longer_installed() -> None:
    answers = Answers([answer({})], token_answers=[told(404, "Not Found")])

    with pytest.raises(Forbidden, match=r"Is the App \(still\) installed for acme\? Its installation was 7\."):
        get(answers)


def test_says_when_the_repository_was_taken_from_the_installation() -> None:
    refusal = told(422, "There is at least one repository that does not exist or is not accessible")
    answers = Answers([answer({})], token_answers=[refusal])

    with pytest.raises(Forbidden, match="acme/shop is not \\(or no longer\\) among the repositories"):
        get(answers)


def test_says_when_the_installation_is_suspended_as_a_token_is_asked_for() -> None:
    answers = Answers([answer({})], token_answers=[told(403, "This installation has been suspended")])

    with pytest.raises(Forbidden, match="its owner can unsuspend it"):
        get(answers)


def test_a_failed_minting_leaves_the_way_free_for_the_next() -> None:
    answers = Answers([answer({"number": 12})], token_answers=[told(403, "This installation has been suspended")])
    app = answers.app()

    async def ask() -> object:
        with pytest.raises(Forbidden):
            await app.get(PLACE, ISSUE, what=READ)
        return await asyncio.wait_for(app.get(PLACE, ISSUE, what=READ), 2)

    assert asyncio.run(ask()) == {"number": 12}


def test_signs_as_the_app_with_times_that_a_slightly_wrong_clock_does_not_spoil() -> None:
    answers = Answers([answer([])])

    get(answers, None, "/app/installations")

    token = answers.asked[0].headers["authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, options={"verify_signature": False, "verify_exp": False})
    assert claims["iss"] == "42"
    assert claims["exp"] - claims["iat"] == 600


def test_goes_by_githubs_clock_when_ours_is_wrong() -> None:
    early = told(401, "'Issued at' claim ('iat') must be in the past", date="Mon, 05 Jan 2026 11:00:00 GMT")
    answers = Answers([early, answer([1])])
    app = answers.app()

    assert asyncio.run(app.get(None, "/app/installations", what="list installations")) == [1]

    claims = [
        jwt.decode(
            request.headers["authorization"].removeprefix("Bearer "),
            options={"verify_signature": False, "verify_exp": False, "verify_iat": False},
        )
        for request in answers.asked
    ]
    assert claims[0]["iat"] - claims[1]["iat"] == pytest.approx(3600, abs=5)


def test_says_that_the_clock_is_wrong_when_going_by_githubs_does_not_help() -> None:
    refusal = told(
        401, "'Expiration time' claim ('exp') is too far in the future", date="Mon, 05 Jan 2026 11:50:00 GMT"
    )

    with pytest.raises(Unauthorized, match="clock is 600 s ahead of GitHub's: set it right"):
        get(Answers([refusal]), None, "/app/installations")


def test_says_that_a_private_key_is_no_key() -> None:
    app = GithubApp(42, "not a key", API, transport=Answers([answer({})]))

    with pytest.raises(InputError, match="whole PEM file"):
        asyncio.run(app.get(None, "/app/installations", what="list installations"))


# ---------------------------------------------------------------- patience


def test_a_look_succeeds_after_two_failures() -> None:
    answers = Answers([told(503, "Unavailable"), httpx.ReadTimeout("slow"), answer({"number": 12})])

    assert get(answers) == {"number": 12}
    assert len(answers.pauses) == 2
    assert 0.25 <= answers.pauses[0] <= 0.75
    assert 0.5 <= answers.pauses[1] <= 1.5


def test_asks_nothing_more_while_githubs_limit_lasts_and_goes_on_after_it() -> None:
    answers = Answers([told(403, "You have exceeded a secondary rate limit", retry_after="60"), answer({"number": 12})])
    app = answers.app()

    async def ask() -> object:
        with pytest.raises(Transient):
            await app.get(PLACE, ISSUE, what=READ)
        answers.now += 20
        with pytest.raises(Transient) as waiting:
            await app.get(PLACE, ISSUE, what=READ)
        assert waiting.value.retry_after_s == pytest.approx(40)
        assert len(answers.asked) == 1
        answers.now += 41
        return await app.get(PLACE, ISSUE, what=READ)

    assert asyncio.run(ask()) == {"number": 12}


def test_one_installations_limit_does_not_stop_another() -> None:
    answers = Answers([told(429, "Too many requests", retry_after="60"), answer({"number": 12})])
    app = answers.app()

    async def ask() -> object:
        with pytest.raises(Transient):
            await app.get(PLACE, ISSUE, what=READ)
        return await app.get(Place(8, "other/shop"), "/repos/other/shop/issues/12", what=READ)

    assert asyncio.run(ask()) == {"number": 12}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "soon"}, 60),
        ({"retry_after": "0"}, 1),
        ({"retry_after": "999999"}, 3600),
        ({"retry_after": "Mon, 05 Jan 2026 12:02:00 GMT", "date": "Mon, 05 Jan 2026 12:00:00 GMT"}, 120),
        ({"x_ratelimit_remaining": "0", "x_ratelimit_reset": str(int(NOW) + 30)}, 30),
        ({"x_ratelimit_remaining": "0", "x_ratelimit_reset": "1"}, 1),
        ({}, 60),
    ],
)
def test_reads_how_long_to_wait_from_any_header(headers: dict[str, str], seconds: float) -> None:
    with pytest.raises(Transient) as limited:
        get(Answers([told(403, "API rate limit exceeded", **headers)]))

    assert limited.value.retry_after_s == seconds


def test_one_app_serves_many_event_loops_one_after_another_and_at_once() -> None:
    app = (answers := Answers([answer({"number": 12})])).app()

    def ask(_: int) -> object:
        return asyncio.run(app.get(PLACE, ISSUE, what=READ))

    assert [ask(0), ask(1)] == [{"number": 12}] * 2
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(8))) == [{"number": 12}] * 8
    assert len(answers.asked) == 10
    assert app._exchange._connections._open == {}  # nothing is left open


# --------------------------------------------------------------- redirects


def test_follows_a_renamed_repository_with_the_token() -> None:
    moved = answer({}, 301, location=f"{API}/repositories/99/issues/12")
    answers = Answers([moved, answer({"number": 12})])

    assert get(answers) == {"number": 12}
    assert str(answers.asked[1].url) == f"{API}/repositories/99/issues/12"
    assert answers.asked[1].headers["authorization"] == "token ghs_secret1"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_sends_a_change_on_as_it_is(status: int) -> None:
    answers = Answers(
        [answer({}, status, location=f"{API}/repositories/99/issues/12/comments"), answer({"id": 1}, 201)]
    )

    asyncio.run(answers.app().send("POST", PLACE, f"{ISSUE}/comments", {"body": "Hi"}, what="comment"))

    assert answers.asked[1].method == "POST"
    assert answers.bodies()[1] == {"body": "Hi"}


def test_goes_to_githubs_storage_without_the_token() -> None:
    answers = Answers([answer({}, 302, location="https://storage.test/log?sig=x"), httpx.Response(200, text="the log")])

    found = asyncio.run(
        answers.app().raw(PLACE, "/repos/acme/shop/actions/jobs/1/logs", what="read a log", max_bytes=100)
    )

    assert found == (b"the log", False)
    assert "authorization" not in answers.asked[1].headers


def test_sends_no_change_to_another_host() -> None:
    answers = Answers([answer({}, 307, location="https://evil.test/x")])

    with pytest.raises(Permanent, match="sent us elsewhere"):
        asyncio.run(answers.app().send("POST", PLACE, f"{ISSUE}/comments", {"body": "Hi"}, what="comment"))
    assert len(answers.asked) == 1


def test_gives_up_on_redirects_in_a_circle() -> None:
    with pytest.raises(Permanent, match="in a circle"):
        get(Answers([answer({}, 301, location=f"{API}{ISSUE}")]))


def test_asks_no_other_host_with_a_token() -> None:
    answers = Answers([page("a", following="https://evil.test/list?page=2")])

    with pytest.raises(Permanent, match=r"evil\.test is not GitHub's API"):
        asyncio.run(texts(answers.app().pages(PLACE, "/list", what="list")))


def test_a_signed_address_is_in_no_message_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="bot")
    caplog.set_level(logging.INFO)
    signed = answer({}, 302, location="https://storage.test/log?sig=SIGNED")

    with pytest.raises(Forbidden) as refused:
        get(Answers([signed, httpx.Response(403, text="<Error>expired</Error>")]))

    assert "SIGNED" not in str(refused.value) + caplog.text
    assert "ghs_" not in caplog.text


# ------------------------------------------------------------ pages and sizes


def test_reads_all_pages_in_order() -> None:
    answers = Answers([page("a", "b", following=f"{API}/list?page=2"), page("c")])

    assert asyncio.run(texts(answers.app().pages(PLACE, "/list", what="list"))) == ["a", "b", "c"]
    assert answers.asked[0].url.params["per_page"] == "100"


def test_reads_no_more_pages_than_asked_for() -> None:
    answers = Answers([page("a", "b", following=f"{API}/list?page=2")])

    assert asyncio.run(texts(answers.app().pages(PLACE, "/list", what="list", limit=3))) == ["a", "b", "a"]
    assert len(answers.asked) == 2


def test_reads_a_list_from_its_end() -> None:
    answers = Answers([page("a", "b", last=3), page("e"), page("c", "d")])

    assert asyncio.run(texts(answers.app().newest(PLACE, "/list", what="list"))) == ["e", "d", "c", "b", "a"]
    assert [request.url.params.get("page") for request in answers.asked] == [None, "3", "2"]


def test_reads_a_short_list_from_its_end_with_one_request() -> None:
    answers = Answers([page("a", "b")])

    assert asyncio.run(texts(answers.app().newest(PLACE, "/list", what="list"))) == ["b", "a"]
    assert len(answers.asked) == 1


def test_reads_no_more_bytes_than_wanted_and_says_so() -> None:
    answers = Answers([httpx.Response(200, content=b"x" * 1000)])

    assert asyncio.run(answers.app().raw(PLACE, "/log", what="read a log", max_bytes=10)) == (b"x" * 10, True)


def test_refuses_an_enormous_answer() -> None:
    answers = Answers([httpx.Response(200, content=b'"' + b"x" * (33 << 20) + b'"')])

    with pytest.raises(Permanent, match="more than 32 MB"):
        get(answers)


# ----------------------------------------------------------------- the rest


def test_asks_graphql_where_github_enterprise_has_it() -> None:
    enterprise = Answers([answer({"data": {"ok": True}})])
    app = enterprise.app("https://ghe.test/api/v3")

    asyncio.run(app.graphql(PLACE, "query", {}, what="ask"))

    assert str(enterprise.asked[0].url) == "https://ghe.test/api/graphql"


@pytest.mark.parametrize(
    ("kind", "error"), [("NOT_FOUND", Absent), ("RATE_LIMITED", Transient), ("FORBIDDEN", Conflict)]
)
def test_graphql_errors_are_errors_although_the_status_is_200(kind: str, error: type[Exception]) -> None:
    refused = answer({"data": None, "errors": [{"type": kind, "message": "No way"}]})

    with pytest.raises(error, match="No way"):
        asyncio.run(Answers([refused]).app().graphql(PLACE, "mutation", {}, what="mark it ready"))


@pytest.mark.parametrize("name", ["shop", "acme/", "/shop", "acme/shop/x", "../shop", "acme/.."])
def test_builds_no_path_for_what_is_no_repository(name: str) -> None:
    with pytest.raises(Permanent, match="is not the name of a repository"):
        path(Place(7, name), "issues")


def test_quotes_every_part_of_a_path() -> None:
    assert path(PLACE, "collaborators", "a/../b?x#y", "permission") == (
        "/repos/acme/shop/collaborators/a%2F..%2Fb%3Fx%23y/permission"
    )


def test_an_answers_field_of_the_wrong_type_is_named() -> None:
    data = Fields({"a": {"b": "text"}, "n": True}, "issue acme/shop#12")

    assert data.text("a.b") == "text"
    for read in (lambda: data.number("a.b"), lambda: data.number("n"), lambda: data.text("a.c.d")):
        with pytest.raises(Permanent, match="issue acme/shop#12 has no usable"):
            read()


def test_a_token_shows_no_secret() -> None:
    answers = Answers([answer({})])

    token = asyncio.run(answers.app().token(PLACE, Access.READ))

    assert token.secret.endswith("secret1")
    assert "ghs_" not in repr(token)
