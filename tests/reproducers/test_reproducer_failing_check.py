"""Which existing tests are proposed, and what their failing has to look like."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.core.artifacts import Analysis, Dossier
from bot.core.run import Commit
from bot.core.testing import Collection, FailureSignature
from bot.core.tree import Tree
from bot.ports import ReproduceQuestion
from bot.reproducers.failing_check import FailingCheck

IDS = ("tests/test_a.py::test_one", "tests/test_a.py::test_two", "tests/test_b.py::test_three")
KEY_ERROR = FailureSignature("KeyError", "'x'")


def question(
    named: tuple[str, ...] = (), logged: tuple[str, ...] = (), signature: FailureSignature = KEY_ERROR
) -> ReproduceQuestion:
    commit = Commit("0" * 40, "", "", datetime(2024, 1, 1, tzinfo=UTC))
    analysis = Analysis("A title", test_ids=logged, signature=signature)
    return ReproduceQuestion(Tree({}), Dossier(commit, (), named), analysis, Collection(IDS), "pytest")


def test_a_named_test_is_its_own_authority() -> None:
    (found,) = FailingCheck().propose(question(named=("tests/test_a.py",)))
    assert (found.test_ids, found.patch, found.signature) == (IDS[:2], None, FailureSignature())
    assert found.why == "tests/test_a.py::test_one, tests/test_a.py::test_two were named as failing."


def test_what_a_log_says_of_the_named_test_binds() -> None:
    (found,) = FailingCheck().propose(question(named=("test_one",), logged=("tests/test_a.py::test_one",)))
    assert found.signature == KEY_ERROR


def test_tests_in_a_log_are_proposed_with_what_the_log_says() -> None:
    (found,) = FailingCheck().propose(question(logged=("tests/test_b.py::test_three", "elsewhere.py::test_x")))
    assert (found.test_ids, found.signature) == ((IDS[2],), KEY_ERROR)
    assert found.why == "tests/test_b.py::test_three was shown failing in the report."


def test_an_assertion_s_message_does_not_bind() -> None:
    (found,) = FailingCheck().propose(
        question(logged=("test_one",), signature=FailureSignature("AssertionError", "assert 1 == 2", expected="2"))
    )
    assert found.signature == FailureSignature("AssertionError", "", expected="2")


def test_nothing_is_proposed_while_a_named_test_is_unknown() -> None:
    assert FailingCheck().propose(question(named=("test_one", "test_gone"), logged=("test_two",))) == ()


def test_a_report_without_tests_proposes_nothing() -> None:
    assert list(FailingCheck().propose(question())) == []
