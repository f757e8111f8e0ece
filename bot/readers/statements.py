"""What sentences state about behaviour: "f(1) returns 2 but should be 3", "expected X, got Y", "should raise E".

Conservative on purpose: a wrong expectation costs more than none. A question states nothing, and neither does a
sentence that can be read in two ways. Which snippet an untied claim belongs to is decided in `claims`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bot.readers.values import Sentence, Value, ValueKind, is_usable

_F = (  # words between a verb and its value
    r"(?:[\s:,=>(\u2192-]|\b(?:the|an?|it|to|me|us|value|list|string|result|output|number|float|int|integer|tuple|dict"
    r"|set|exactly|just|simply|only|still|instead|equal|returned|printed|also|have|been|value of|something like|correct"
    r"|right)\b)*"
)
_J = (  # words between two halves of a sentence
    r"[\s,;:()-]*(?:\b(?:but|and|yet|while|instead|however|it|I|we|you|the|this|actual|actually|result|value|output"
    r"|function|call|currently|now|really|what|code|program|method)\b[\s,:-]*)*"
)
_SAYS = (
    r"(?:returns?|returned|returning|gives?|gave|giving|prints?|printed|outputs?|yields?|yielded|produces?|produced|"
    r"evaluates? to|results? in|resulted in|shows?|showed|equals?|computes?|computed|becomes|got|gets?|getting"
    r"|received|see|saw|found|reports?)"
)
_IS = r"(?:is|was|are|were)"
_BE = (
    r"(?:be|been|return|returned|give|given|print|printed|output|yield|yielded|produce|produced|equal|evaluate to|"
    r"result in|show|become|come out as|compute|get|see|receive|have)"
)
_RAISES = r"(?:raises?|raised|raising|throws?|threw|throwing)"
_CRASHES = (
    r"(?:crash(?:es|ed)?|fails?|failed|dies|died|blows up|breaks|errors(?: out)?|explodes)\s+(?:with|by raising|due to)"
)
_INSTEAD = r"[\s,(]*(?:instead of|rather than)\b"


# Groups of the patterns below: e expected value, a actual value, r wanted and x unwanted exception, c the call.
_E, _A = r"\ue000(?P<e>\d+)\ue001", r"\ue000(?P<a>\d+)\ue001"
_E_ANY = r"[\ue000\ue004](?P<e>\d+)[\ue001\ue005]"
_R, _X = r"\ue002(?P<r>\d+)\ue003", r"\ue002(?P<x>\d+)\ue003"
_CALL = r"\ue004(?P<c>\d+)\ue005"
_ADVERBS = r"(?:(?:really|instead|always|just|simply|actually|still|also|have|probably)\s+)*"
_SUBJECT = rf"(?:(?:it|this|that|the \w+|the \w+ \w+)\s+|{_CALL}\s+)?"
_MUST_NOT = r"(?:should(?: not|n't| never)|must not|mustn't)"
_EXPECTING = r"(?<!as )(?<!not )(?<!n't )\bexpect(?:ed|ing|s)?\b"
_EXPECTED_NOUN = r"(?:\s+(?:results?|outputs?|value|answer|behaviou?r|return value))?(?:\s+(?:is|was|here|would be))?"


def _compile(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


_FULL = _compile(
    rf"{_EXPECTING}{_EXPECTED_NOUN}{_F}{_E}{_J}(?:{_SAYS}|{_IS}|actual(?:ly)?)\b{_F}{_A}",
    rf"(?<!should )(?<!to )\b(?:{_SAYS}|{_IS}|actual(?:ly)?)\b{_F}{_A}{_INSTEAD}{_F}(?:expected\s*)?{_F}{_E}",
    rf"\b(?:{_SAYS}|{_IS})\b{_F}{_A}{_J}(?:expected|expecting)\b{_F}{_E}",
    rf"\binstead of\b{_F}(?:(?:returning|getting|printing|giving|expected)\b{_F})?{_E}{_J}(?:{_SAYS}|{_IS})\b{_F}{_A}",
    rf"\bshould\s+(?:\w+\s+)?{_BE}\b{_F}{_E}(?:{_INSTEAD}|,?\s+(?:and |but )?not\b){_F}{_A}",
    rf"{_RAISES}\b{_F}{_X}{_INSTEAD}{_F}(?:(?:returning|giving|printing|yielding|being)\b{_F})?{_E}",
    rf"(?:{_RAISES}|{_CRASHES}|{_SAYS})\b{_F}{_X}{_INSTEAD}{_F}(?:{_RAISES}\b{_F})?{_R}",
    rf"(?:{_SAYS}|{_IS})\b{_F}{_A}{_INSTEAD}{_F}(?:(?:raising|throwing|getting)\b{_F})?{_R}",
    rf"\binstead of\b{_F}(?:{_RAISES}|getting)\b{_F}{_R}{_J}(?:{_SAYS}|{_IS})\b{_F}{_A}",
    rf"{_EXPECTING}{_F}(?:{_RAISES}\b{_F})?{_R}{_J}(?:{_SAYS})\b{_F}(?:{_A}|{_X})",
)  # fmt: skip
_WANTED = _compile(
    rf"(?<!not )(?<!if it )\bshould(?:'ve| have)?\s+{_ADVERBS}{_BE}\b{_F}{_E_ANY}",
    rf"{_EXPECTING}\s+(?:that\s+)?{_SUBJECT}(?:to|would|will)\s+{_BE}\b{_F}{_E_ANY}",
    rf"{_EXPECTING}{_EXPECTED_NOUN}{_F}{_E}",
    rf"\b(?:correct|right|expected)\s+(?:answer|result|value|output)\s+(?:is|would be|should be)\b{_F}{_E}",
    rf"\bused to\s+{_BE}\b{_F}{_E}",
)  # fmt: skip
_WANTED_ERRORS = _compile(
    rf"\bshould(?: have)?\s+{_ADVERBS}(?:raise|raised|throw|thrown|fail with|result in|be|give)\b{_F}{_R}",
    rf"{_EXPECTING}\s*{_SUBJECT}(?:to\s+)?(?:(?:raise|throw|get|see|be|give)\b)?{_F}{_R}",
)  # fmt: skip
_UNWANTED_ERRORS = _compile(
    rf"\b{_MUST_NOT}\s+(?:be\s+)?(?:raise|throw|crash with|fail with|give|produce)\b{_F}{_X}",
    rf"\b{_CRASHES}\b{_F}{_X}",
)  # fmt: skip
_NO_CRASH = re.compile(
    rf"\b{_MUST_NOT}\s+(?:raise|throw|crash|fail|error|blow up)\b|"
    r"\bwithout (?:raising|an? (?:error|exception)|crashing)\b",
    re.IGNORECASE,
)
_RAISED = re.compile(rf"(?<!should )(?<!to )\b(?:raises|raised|throws|threw)\b{_F}{_X}", re.IGNORECASE)
_SAID = re.compile(
    rf"(?<!should )(?<!to )(?<!of )(?<!than )"
    rf"\b(?:{_SAYS}|{_IS}|actual(?:ly)?(?: (?:result|output|value|behaviou?r))?)\b{_F}{_A}",
    re.IGNORECASE,
)
_CONTENT = re.compile(
    r"\b(?:correctly|as expected|works|fine|properly|documented|successfully|as intended)\b", re.IGNORECASE
)
_ALTERNATIVE = re.compile(r"\s*(?:or|and|to|/|,|through|-)\s*\ue000")
_NEGATED = re.compile(r"(?:\bnot|n't|\bnever)\s+(?:\w+\s+)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Claim:
    """What one sentence states. Empty fields are not stated; an empty `expression` is tied by whoever asked."""

    expression: str = ""
    expected: str = ""
    actual: str = ""
    raises: str = ""
    not_raises: str = ""
    no_crash: bool = False  # nothing may be raised, whatever it was
    line_start: int = 0
    line_end: int = 0

    @property
    def wants(self) -> bool:
        """Whether it says what should happen, not only what does."""
        return bool(self.expected or self.raises or self.not_raises or self.no_crash)


def read_statements(sentences: Sequence[Sentence]) -> Iterator[Claim]:
    """The claims of one block's sentences. A sentence that names no call is about the only call named before it."""
    named: list[str] = []
    for sentence in sentences:
        for claim in _claims(sentence):
            tied = claim
            if not claim.expression and len(set(named)) == 1:
                tied = replace(claim, expression=named[0])
            yield tied
        named += [v.text for v in _calls(sentence)]


def _claims(sentence: Sentence) -> Iterator[Claim]:
    if sentence.encoded.rstrip(" )*_").endswith("?"):
        return
    found = [*_stated(sentence), *_only_happens(sentence)]
    by_expression: dict[str, list[Claim]] = {}
    for claim in found:
        by_expression.setdefault(claim.expression, []).append(claim)
    for expression, claims in by_expression.items():
        united = _united(claims)
        if united is not None:
            yield replace(united, expression=expression, line_start=sentence.line_start, line_end=sentence.line_end)


def _stated(sentence: Sentence) -> Iterator[Claim]:
    """What should happen, each pattern's match as a claim of its own; overlapping ones say the same or conflict."""
    text = sentence.encoded
    for pattern in (*_FULL, *_WANTED, *_WANTED_ERRORS, *_UNWANTED_ERRORS):
        for match in pattern.finditer(text):
            if _ALTERNATIVE.match(text, match.end()) or _NEGATED.search(text, 0, match.start()):
                continue
            claim = _claim(sentence, match)
            if claim is not None:
                yield claim
    for match in _NO_CRASH.finditer(text):
        yield Claim(expression=_about(sentence, match, set()), no_crash=True)


def _only_happens(sentence: Sentence) -> Iterator[Claim]:
    """What does happen. An exception that is reported as news is one that should not be raised."""
    text = sentence.encoded
    if _CONTENT.search(text):
        return
    for match in (*_SAID.finditer(text), *_RAISED.finditer(text)):
        used = {int(v) for v in match.groupdict().values() if v}
        values = _named(sentence, match)
        value = values.get("a") or values.get("x")
        if value is None or not (value.kind is ValueKind.ERROR or is_usable(value)):
            continue
        error = value.text.rpartition(".")[2] if value.kind is ValueKind.ERROR else ""
        actual = "" if error else value.text
        yield Claim(_about(sentence, match, used), actual=actual, not_raises=error)


def _claim(sentence: Sentence, match: re.Match[str]) -> Claim | None:
    values = _named(sentence, match)
    expected, actual, call = values.get("e"), values.get("a"), values.get("c")
    if expected and not is_usable(expected):
        return None
    if actual and not is_usable(actual):
        actual = None
    used = {int(v) for name, v in match.groupdict().items() if v and name != "c"}
    about = call.text if call else _about(sentence, match, used)
    if expected and expected.text == about:
        return None
    return Claim(
        about,
        expected=expected.text if expected else "",
        actual=actual.text if actual else "",
        raises=_bare(values.get("r")),
        not_raises=_bare(values.get("x")),
    )


def _united(claims: Sequence[Claim]) -> Claim | None:
    """All claims about one expression as one; None when they disagree about what is wanted."""
    expected = {claim.expected for claim in claims if claim.expected}
    raises = {claim.raises for claim in claims if claim.raises}
    actual = {claim.actual for claim in claims if claim.actual} - expected
    not_raises = {claim.not_raises for claim in claims if claim.not_raises} - raises
    if len(expected) + len(raises) > 1:
        return None
    return Claim(
        expected=next(iter(expected), ""),
        actual=next(iter(actual)) if len(actual) == 1 else "",
        raises=next(iter(raises), ""),
        not_raises=next(iter(not_raises)) if len(not_raises) == 1 else "",
        no_crash=any(claim.no_crash for claim in claims),
    )


def _about(sentence: Sentence, match: re.Match[str], used: set[int]) -> str:
    """The call that a match is about: the nearest one before it, else the only one of the sentence, else none."""
    before = [
        int(mark)
        for mark in re.findall(r"\ue004(\d+)\ue005", sentence.encoded[: match.start()])
        if int(mark) not in used
    ]
    if before:
        return sentence.values[before[-1]].text
    others = {v.text for position, v in enumerate(sentence.values) if v in _calls(sentence) and position not in used}
    return others.pop() if len(others) == 1 else ""


def _calls(sentence: Sentence) -> list[Value]:
    marks = re.findall(r"\ue004(\d+)\ue005", sentence.encoded)
    return [sentence.values[int(mark)] for mark in marks]


def _named(sentence: Sentence, match: re.Match[str]) -> dict[str, Value]:
    return {name: sentence.values[int(mark)] for name, mark in match.groupdict().items() if mark}


def _bare(value: Value | None) -> str:
    return value.text.rpartition(".")[2] if value else ""
