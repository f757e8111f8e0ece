"""The ledger of facts."""

from dataclasses import replace

from bot.core.evidence import Evidence, EvidenceKind, Ledger, Provenance

FACT = Evidence(EvidenceKind.CLAIM, "It crashes.", Provenance("issue.md", 3), "crashes")


def test_each_fact_gets_an_id_with_the_ledgers_prefix() -> None:
    ledger = Ledger("A")

    assert ledger.add(FACT).id == "A1"
    assert ledger.add(replace(FACT, claim="It hangs.")).id == "A2"


def test_a_fact_that_two_producers_found_is_kept_once() -> None:
    ledger = Ledger("A")

    first = ledger.add(replace(FACT, producer="words"))
    second = ledger.add(replace(FACT, producer="frames"))

    assert second is first
    assert len(ledger.facts) == 1


def test_a_place_reads_as_file_and_lines() -> None:
    assert str(Provenance("a.log")) == "a.log"
    assert str(Provenance("a.log", 3)) == "a.log:3"
    assert str(Provenance("a.log", 3, 3)) == "a.log:3"
    assert str(Provenance("a.log", 3, 5)) == "a.log:3-5"
