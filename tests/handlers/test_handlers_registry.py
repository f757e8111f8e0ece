"""What every handler keeps to, whatever its event: purity, the events of app.yml, and payloads of every shape."""

from __future__ import annotations

import ast
import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

import handlers
from bot.core.commands import Command
from handlers import ALWAYS_SENT, HANDLERS, Malformed, decide
from webhook_payloads import HEAD, RUN_ID, account, check, comment, event, examples, issue, pull

ROOT = Path(handlers.__file__).parent
PURE_IMPORTS = {
    "bot.core",
    "handlers",
    "markdown_it",
    "__future__",
    "collections",
    "dataclasses",
    "functools",
    "re",
} | {"typing"}
REPOSITORIES = [{"full_name": "ada/shop"}]

# One payload per event and action that leads to a command.
TELLING = [
    ("issues", event("labeled", issue=issue(), label={"name": "fixbugs"})),
    ("issues", event("unlabeled", issue=issue(), label={"name": "fixbugs"})),
    ("issues", event("opened", issue=issue("/fixbugs"))),
    ("issues", event("edited", issue=issue(), changes={"body": {"from": "Wrong."}})),
    ("issues", event("closed", issue=issue())),
    ("issues", event("deleted", issue=issue())),
    ("issues", event("transferred", issue=issue())),
    ("issue_comment", event("created", issue=issue(), comment=comment("/fixbugs stop"))),
    ("issue_comment", event("edited", issue=issue(), comment=comment("b"), changes={"body": {"from": "a"}})),
    ("issue_comment", event("deleted", issue=issue(), comment=comment("b"))),
    ("pull_request", event("labeled", pull_request=pull(), label={"name": "fixbugs"})),
    ("pull_request", event("unlabeled", pull_request=pull(), label={"name": "fixbugs"})),
    ("pull_request", event("opened", pull_request=pull("/fixbugs validate"))),
    ("pull_request", event("edited", pull_request=pull(), changes={"title": {"from": "a"}})),
    ("pull_request", event("closed", pull_request=pull())),
    (
        "pull_request_review",
        event("submitted", pull_request=pull(), review={"id": 3, "state": "changes_requested", "user": account()}),
    ),
    (
        "pull_request_review",
        event(
            "edited", pull_request=pull(), review={**comment("/fixbugs"), "state": "x"}, changes={"body": {"from": ""}}
        ),
    ),
    ("pull_request_review_comment", event("created", pull_request=pull(), comment=comment("No."))),
    (
        "pull_request_review_comment",
        event("edited", pull_request=pull(), comment=comment("/fixbugs"), changes={"body": {"from": ""}}),
    ),
    ("check_suite", event("completed", check_suite=check(head_branch="main"))),
    ("check_run", event("completed", check_run=check(name="tests", check_suite={"head_branch": "main"}))),
    ("check_run", event("rerequested", check_run=check(external_id=RUN_ID))),
    (
        "check_run",
        event("requested_action", check_run=check(external_id=RUN_ID), requested_action={"identifier": "stop"}),
    ),
    ("workflow_run", event("completed", workflow_run=check(head_branch="main"))),
    *(
        ("installation", {**event(action, repositories=REPOSITORIES), "installation": {"id": 7, "account": account()}})
        for action in ("created", "deleted", "suspend", "unsuspend", "new_permissions_accepted")
    ),
    *(
        (
            "installation_repositories",
            {**event(action, repositories_added=REPOSITORIES), "installation": {"id": 7, "account": account()}},
        )
        for action in ("added", "removed")
    ),
]


def _without_each_field(payload: Any) -> Iterator[Any]:
    """The payload once without each of its fields, at any depth, and once with another type in it."""
    for path in _paths(payload):
        for wrong in (None, [], {}, "", 0, -1, True, 1.5, [None], ["x"], {"x": 1}):
            changed = copy.deepcopy(payload)
            holder = changed
            for step in path[:-1]:
                holder = holder[step]
            if wrong is None:
                del holder[path[-1]]
            else:
                holder[path[-1]] = wrong
            yield changed


def _paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield (*at, step)
        yield from _paths(inner, (*at, step))


def test_every_handler_stands_under_its_own_event() -> None:
    files = {path.stem for path in ROOT.glob("*.py") if "HANDLER = Handler(" in path.read_text(encoding="utf-8")}

    assert {name: handler.event for name, handler in HANDLERS.items()} == {name: name for name in files}


def test_the_manifest_subscribes_to_the_events_that_handlers_act_on() -> None:
    manifest = YAML(typ="safe").load(ROOT.parent / "app.yml")

    assert sorted(manifest["default_events"]) == sorted(set(HANDLERS) - ALWAYS_SENT)


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.py")), ids=lambda path: path.name)
def test_handlers_import_nothing_that_could_reach_outside(path: Path) -> None:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")

    assert {name for name in names if not any(f"{name}.".startswith(f"{pure}.") for pure in PURE_IMPORTS)} == set()


def test_every_action_of_every_handler_can_lead_to_a_command() -> None:
    told = {(name, payload["action"]) for name, payload in TELLING if decide(name, payload) is not None}

    assert told == {(name, action) for name, handler in HANDLERS.items() for action in handler.actions}


def test_every_type_of_command_is_decided_by_some_handler() -> None:
    assert {type(decide(name, payload)) for name, payload in TELLING} == set(get_args(Command))


@pytest.mark.parametrize(("name", "payload"), TELLING, ids=[f"{name} {payload['action']}" for name, payload in TELLING])
def test_a_payload_without_a_field_or_with_another_type_gives_a_command_or_says_which(name: str, payload: Any) -> None:
    for changed in _without_each_field(payload):
        try:
            decided = decide(name, changed)
        except Malformed as exc:
            assert exc.path in str(exc)
            continue
        assert decided is None or isinstance(decided, get_args(Command))


@pytest.mark.parametrize("payload", [None, [], "text", 3, True, {}, {"action": None}, {"action": 3}])
@pytest.mark.parametrize("name", sorted(HANDLERS))
def test_what_is_no_payload_at_all_is_malformed(name: str, payload: object) -> None:
    with pytest.raises(Malformed):
        decide(name, payload)


def test_unknown_events_and_actions_ask_for_nothing() -> None:
    assert decide("star", {"action": "created"}) is None
    assert decide("no such event", None) is None
    assert decide("issues", {"action": "pinned"}) is None


def test_githubs_example_payloads_give_a_command_or_nothing_once_an_installation_sends_them() -> None:
    counts: dict[str, int] = {}
    for name, payload in examples():
        decided = decide(name, {"installation": {"id": 7}, **payload})
        counts[name] = counts.get(name, 0) + (decided is not None)

    assert {name for name, count in counts.items() if count} >= set(HANDLERS) - {
        "check_suite",
        "workflow_run",
        "pull_request_review",
    }


def test_githubs_example_payloads_without_an_installation_are_malformed_or_ask_for_nothing() -> None:
    for name, payload in examples():
        try:
            decide(name, {key: value for key, value in payload.items() if key != "installation"})
        except Malformed as exc:
            assert exc.path == "installation"


def test_githubs_example_payloads_lacking_any_field_give_no_other_error() -> None:
    for name, payload in examples():
        for field in payload if name in HANDLERS else ():
            whole = {"installation": {"id": 7}, **payload}
            part = payload[field]
            lacking = [{key: value for key, value in whole.items() if key != field}]
            if isinstance(part, dict):
                lacking += [{**whole, field: {k: v for k, v in part.items() if k != inner}} for inner in part]
            for changed in lacking:
                try:
                    decide(name, changed)
                except Malformed:
                    continue


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from([HEAD, "/fixbugs", "completed"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(telling=st.sampled_from(TELLING), data=st.data())
def test_any_json_in_any_field_gives_a_command_or_malformed(telling: tuple[str, Any], data: st.DataObject) -> None:
    name, payload = telling
    changed = json.loads(json.dumps(payload))
    path = data.draw(st.sampled_from(list(_paths(changed))))
    holder = changed
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = data.draw(JSON_VALUES)

    try:
        decided = decide(name, changed)
    except Malformed:
        return
    assert decided is None or isinstance(decided, get_args(Command))
