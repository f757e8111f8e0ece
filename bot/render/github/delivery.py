"""How a proved fix reached the repository, in words; and the patch itself where it could not be pushed."""

from __future__ import annotations

from bot.core.artifacts import Reproduction, Validation
from bot.core.outcomes import RunRecord
from bot.core.patch import Patch
from bot.render.github.markdown import code, commit_link, details, fence, link, prose, verbatim
from bot.render.github.markers import marker
from bot.render.github.view import Delivered, DeliveryKind, View
from bot.render.wording import clean

MOST_PATCH_BYTES = 40_000


def patches(record: RunRecord) -> tuple[Patch, ...]:
    """What the proof holds for: the failing test where it is new, then the fix; on the newest commit proved."""
    reproduction, validation = record.artifact(Reproduction), record.artifact(Validation)
    if validation is None:
        return ()
    if validation.rebased:
        test, fix = validation.rebased.test, validation.rebased.fix
    else:
        test, fix = (reproduction.test.patch if reproduction else None), validation.fix
    return (*((test,) if test else ()), fix)


def pull_link(delivered: Delivered | None) -> str:
    """ "[#34](…)", or "" when there is no pull request."""
    pull = delivered.pull if delivered else None
    return link(f"#{pull.number}", pull.web_url) if pull else ""


def delivery(record: RunRecord, view: View) -> str:
    """One or two sentences on where the fix is."""
    delivered = view.delivered
    if delivered is None:
        return "Proved; it is being brought to the repository."
    note, where = prose(delivered.note, 600), pull_link(delivered)
    said = {
        DeliveryKind.NEW_PULL: f"Pull request {where} holds {_commits(delivered, view)}.{_draft(delivered)}",
        DeliveryKind.PUSHED: f"Pushed to {code(delivered.branch, 120) or 'the branch'}: {_commits(delivered, view)}.",
        DeliveryKind.STACKED: f"Pull request {where} onto this one’s branch holds {_commits(delivered, view)}.",
        DeliveryKind.PATCH: "The fix could not be pushed, so here it is as a patch.",
        DeliveryKind.NONE: "The fix was not pushed.",
    }[delivered.kind]
    return f"{said} {note}".strip()


def without_fix(record: RunRecord, why: str) -> str:
    """The text of a pull request of ours whose fix was refused after it was opened: it promises nothing any more."""
    said = "**This pull request holds a failing test and not the fix, so it closes nothing.** Close it, or add the fix."
    return (
        f"{marker(record.run.id)}\n\n{said} {prose(why)}\n\nThe comment of run {code(record.run.id, 80)} has the patch."
    )


def _commits(delivered: Delivered, view: View) -> str:
    fix = "the fix" + (f" ({commit_link(view.web_url, delivered.fix_commit)})" if delivered.fix_commit else "")
    if not delivered.test_commit:
        return fix
    return f"the failing test ({commit_link(view.web_url, delivered.test_commit)}), then {fix}"


def _draft(delivered: Delivered) -> str:
    return " It is a draft: mark it ready when you agree." if delivered.pull and delivered.pull.draft else ""


def patch_block(record: RunRecord) -> str:
    """The whole change as a patch to copy, and how; says so where a comment cannot carry it."""
    whole = "".join(patch.diff for patch in patches(record))
    if not whole:
        return ""
    if len(whole.encode(errors="replace")) > MOST_PATCH_BYTES:
        return f"The patch has {len(whole):,} characters, more than a comment can carry."
    if clean(whole) != whole:
        told = "It holds characters that a comment cannot carry, so copying it from here does not give the whole patch."
        return f"{told}\n\n{details('The patch, to read', fence(whole, 'diff', MOST_PATCH_BYTES))}"
    how = "Save it as `fixbugs.patch`, then run `git apply fixbugs.patch`."
    heading = "The patch: the failing test and the fix" if len(patches(record)) > 1 else "The patch"
    return details(heading, f"{how}\n\n{verbatim(whole, 'diff')}", opened=True)
