"""What to ask when a report says too little: precise questions, each about something that is missing. Pure."""

from __future__ import annotations

from bot.core.artifacts import Analysis, Dossier


def questions_for(dossier: Dossier, analysis: Analysis) -> tuple[str, ...]:
    """One question per missing piece, the most useful first; never empty."""
    questions: list[str] = []
    expected = any(e.expected or e.raises or e.not_raises for e in analysis.expectations)
    if not analysis.snippets:
        questions.append("Which code shows it? A few lines that can be run as they are, imports included, are enough.")
    if analysis.snippets and not expected:
        questions.append(f"What should {_subject(analysis)} give instead? State the exact value, or the exception.")
    elif not expected:
        questions.append("What did you expect to happen, as an exact value or exception?")
    if not analysis.tracebacks and not any(e.actual for e in analysis.expectations):
        questions.append("What happens instead? Paste the full traceback or the exact output.")
    if not analysis.test_ids and not dossier.failing_tests:
        questions.append("Does a test of this repository fail because of it? Then its name is enough.")
    if not analysis.versions:
        questions.append("Which version or commit do you use?")
    return tuple(questions)


def _subject(analysis: Analysis) -> str:
    last = [line.strip() for line in analysis.snippets[-1].code.splitlines() if line.strip()]
    return f"`{last[-1][:80]}`" if last else "the snippet"
