"""`POST /webhook`: checks that a delivery comes from the forge, keeps what it asks for, and rings. It answers in
milliseconds; carrying out is the workers'."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass
from typing import NoReturn

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from bot.core.commands import Command
from bot.core.errors import FixbugsError, Permanent, Transient
from bot.ports import Delivery, Inbox
from bot.web.identity import Identity
from bot.web.reception import Reception
from bot.web.signature import genuine
from handlers import HANDLERS, Malformed, decide

log = logging.getLogger(__name__)
LARGEST_BODY_BYTES = 25 * 1024 * 1024  # GitHub sends no larger payload
EVENT_NAME = re.compile(r"[a-z_]{1,60}")
DELIVERY_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")


class Refused(Exception):
    """A delivery that is not taken in, with the status to answer and what to do about it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class Letter:
    """A delivery as it came: signed, with its headers right and its body read."""

    id: str
    event: str
    payload: object


def webhook(identity: Identity, inbox: Inbox, reception: Reception) -> Blueprint:
    blueprint = Blueprint("webhook", __name__)

    @blueprint.post("/webhook")
    def receive() -> Response:
        try:
            letter = _letter(identity)
            return _taken_in(letter, inbox, reception)
        except Refused as exc:
            log.info("delivery_refused id=%s status=%d", _header_for_log("X-GitHub-Delivery"), exc.status)
            return answer(exc.status, "refused", exc.message)

    return blueprint


def answer(status: int, outcome: str, message: str) -> Response:
    body = json.dumps({"status": outcome, "message": message}, ensure_ascii=False) + "\n"
    return Response(body, status, content_type="application/json")


def _letter(identity: Identity) -> Letter:
    """Raises Refused. Who cannot sign learns nothing beyond that."""
    body = _body()
    if not genuine(body, request.headers.get("X-Hub-Signature-256"), _secret(identity)):
        raise Refused(
            401,
            "The signature does not fit the body: X-Hub-Signature-256 must be sha256= and the body's HMAC with the "
            "App's webhook secret. Check that the secret here is the one in the App's settings.",
        )
    if request.mimetype != "application/json":
        raise Refused(415, 'The body is not JSON: set the webhook\'s content type to "application/json".')
    event, delivery_id = request.headers.get("X-GitHub-Event", ""), request.headers.get("X-GitHub-Delivery", "")
    if not EVENT_NAME.fullmatch(event):
        raise Refused(400, "The header X-GitHub-Event is missing or names no event.")
    if not DELIVERY_ID.fullmatch(delivery_id):
        raise Refused(400, "The header X-GitHub-Delivery is missing or holds no id.")
    return Letter(delivery_id, event, _parsed(body))


def _body() -> bytes:
    """Not kept by Flask: it is needed once."""
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge as exc:
        raise Refused(413, "The body is larger than 25 MB, which is more than GitHub sends.") from exc


def _secret(identity: Identity) -> str:
    try:
        credentials = identity.credentials()
    except FixbugsError as exc:
        log.error("credentials_unusable error=%s", exc)  # noqa: TRY400 # the cause is in the message
        raise Refused(503, "The App's credentials cannot be read here; the server's log says why.") from exc
    if credentials is None:
        raise Refused(503, "No App was created here yet: open /setup.")
    return credentials.webhook_secret


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError as exc:
        raise Refused(400, f"The body is not UTF-8, from byte {exc.start} on.") from exc
    except RecursionError as exc:
        raise Refused(400, "The body is not usable JSON: it is nested too deeply.") from exc
    except ValueError as exc:  # also a number with thousands of digits
        raise Refused(400, f"The body is not JSON: {exc}.") from exc


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a value of JSON")


def _taken_in(letter: Letter, inbox: Inbox, reception: Reception) -> Response:
    try:
        command = decide(letter.event, letter.payload)
    except Malformed as exc:
        raise Refused(400, f"{exc} ({letter.event} deliveries of a GitHub App have it.)") from exc
    if command is None:
        return _put_aside(letter, inbox)
    try:
        return _kept(letter, command, reception)
    except (Transient, Permanent) as exc:
        # GitHub notes the delivery as failed, and it is asked for again; one that was kept already is known then.
        log.warning("delivery_not_kept id=%s event=%s error=%s", letter.id, letter.event, exc)
        raise Refused(503, "The delivery cannot be kept now: the server's Redis does not answer.") from exc


def _put_aside(letter: Letter, inbox: Inbox) -> Response:
    """Remembering it spares asking for it again when deliveries are checked; so it may fail."""
    try:
        inbox.ignore(letter.id)
    except (Transient, Permanent) as exc:
        log.warning("delivery_not_remembered id=%s event=%s error=%s", letter.id, letter.event, exc)
    if letter.event not in HANDLERS:
        return answer(202, "ignored", f"Nothing is done about {letter.event} events.")
    return answer(202, "ignored", f"This {letter.event} event asks for nothing.")


def _kept(letter: Letter, command: Command, reception: Reception) -> Response:
    new = reception.take_in(Delivery(letter.id, letter.event, command))
    log.info("delivery_%s id=%s event=%s", "accepted" if new else "known", letter.id, letter.event)
    if not new:
        return answer(202, "known", "This delivery was taken in before.")
    return answer(202, "accepted", "It is being seen to.")


def _header_for_log(name: str) -> str:
    value = request.headers.get(name, "")
    return value if DELIVERY_ID.fullmatch(value) else "-"
