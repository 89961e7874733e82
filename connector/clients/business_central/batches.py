"""Writes to Business Central: what is sent, and what the answers say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from connector.clients.answers import Answer
from connector.clients.business_central.api import BusinessCentralApi, Part, Reply
from connector.clients.business_central.customers_page import Tag
from connector.clients.business_central.landed import address_written, landed, outcome_of
from connector.clients.business_central.lookup import by_id
from connector.clients.business_central.odata import SYSTEM, refusal
from connector.clients.business_central.write_steps import Step, address_of, address_part, steps_of
from connector.clients.chunks import lost
from connector.clients.results import Create, Outcome, Record, Update
from connector.core.business_central_order import overwritten
from connector.errors import (
    CustomerSyncError,
    DataError,
    OutcomeUnknown,
    RemoteRefused,
    RemoteTrouble,
    SetupError,
)

__all__ = ["create_customer", "send_chunk", "update_customer"]

_BUSY_SECONDS = 1.0


def create_customer(api: BusinessCentralApi, payload: Mapping[str, Any]) -> Record:
    """See BusinessCentralClient.create."""
    return _alone(api, Create(payload))


def update_customer(api: BusinessCentralApi, bc_id: str, etag: str, payload: Mapping[str, Any]) -> Record:
    """See BusinessCentralClient.update."""
    return _alone(api, Update(bc_id, etag, payload))


def _alone(api: BusinessCentralApi, write: Create | Update) -> Record:
    parts = steps_of(api, write)
    if len(parts) == 1 and not parts[0].of_address and not address_of(api, write):
        part = parts[0].part
        headers = {"If-Match": part.etag} if part.etag else {}
        answer = api.send(part.method, api.customers(part.path), headers=headers, body=part.body, is_write=True)
        return landed(write, _reply(answer))
    [outcome] = send_chunk(api, [write])
    if outcome.record is None or outcome.error is not None:
        raise outcome.error or lost(SYSTEM, "Business Central said nothing of a write")
    return outcome.record


def send_chunk(api: BusinessCentralApi, writes: Sequence[Create | Update], *, is_last: bool = False) -> list[Outcome]:
    """One `$batch` request, and one more for each update that takes several, so that all of them happen or none; and one for the
    ship-to addresses of whoever was created. What must not be sent is left out, and its place holds the reason."""
    outcomes: dict[int, Outcome] = {}
    steps: dict[int, list[Step]] = {}
    for index, write in enumerate(writes):
        try:
            steps[index] = steps_of(api, write)
        except (DataError, RemoteRefused) as error:
            outcomes[index] = Outcome(None, error)
    at_once = [index for index, found in steps.items() if len(found) == 1]
    replies = _replies(api, [steps[index][0].part for index in at_once]) if at_once else []
    answered: dict[int, list[Reply | None]] = {i: [reply] for i, reply in zip(at_once, replies, strict=True)}
    for index in sorted(steps.keys() - set(at_once)):
        try:
            answered[index] = (
                _together(api, writes[index], [step.part for step in steps[index]]) if steps[index] else []
            )
        except (RemoteTrouble, RemoteRefused, SetupError) as error:
            if not answered:  # nothing was sent before
                raise
            outcomes[index] = Outcome(None, error)
    cards = _cards(api, [writes[i] for i in answered if all(step.of_address for step in steps[i])])
    for index, found in answered.items():
        outcomes[index] = outcome_of(api, writes[index], steps[index], found, cards)
    outcomes |= _addresses_of_the_created(api, writes, outcomes)
    if not is_last:
        outcomes |= _put_right(api, writes, outcomes)
    return [outcomes[index] for index in range(len(writes))]


def _cards(api: BusinessCentralApi, writes: Sequence[Create | Update]) -> dict[str, Record]:
    """The customers of whom the ship-to address alone was written, as they are now; none, if they cannot be read."""
    ids = [write.bc_id for write in writes if isinstance(write, Update)]
    try:
        return by_id(api, ids, past_caches=True) if ids else {}
    except (RemoteTrouble, RemoteRefused, SetupError):
        return {}


def _addresses_of_the_created(
    api: BusinessCentralApi, writes: Sequence[Create | Update], outcomes: Mapping[int, Outcome]
) -> dict[int, Outcome]:
    """Give those who were created their ship-to addresses, all in one request.

    Whose address is refused, or of whose nothing is known, is there nevertheless: its record does not show the address, so that
    nothing of it is taken for agreed, and the next run looks.
    """
    made = {i: dict(outcomes[i].record or {}) for i, w in enumerate(writes) if isinstance(w, Create) and outcomes[i].ok}
    if not api.page.ship_to:
        return {}
    found = {index: Outcome(api.page.joined(record, None), None) for index, record in made.items()}
    wanted = {index: body for index in made if (body := address_of(api, writes[index]))}
    parts = [address_part(api, str(made[index]["id"]), "", "", body) for index, body in wanted.items()]
    try:
        replies = _replies(api, parts) if parts else []
    except (RemoteTrouble, RemoteRefused, SetupError):
        replies = [None] * len(parts)
    for index, reply in zip(wanted, replies, strict=True):
        write = Update(str(made[index]["id"]), "", {})
        try:
            found[index] = Outcome(api.page.joined(made[index], address_written(write, reply)), None)
        except RemoteTrouble:
            found[index] = Outcome(made[index], None)
        except CustomerSyncError as error:
            found[index] = Outcome(made[index], error)
    return found


def _put_right(
    api: BusinessCentralApi, writes: Sequence[Create | Update], outcomes: Mapping[int, Outcome]
) -> dict[int, Outcome]:
    """Send once more what other values of the same body have overwritten; gives the outcomes that are better now.

    Whatever comes of it, the writes have happened, and what stands there is what the first answers say, or what was sent.
    """
    lost: dict[int, Update] = {}
    for index, write in enumerate(writes):
        record = outcomes[index].record or {}
        missing = overwritten(write.payload, record) if record else {}
        if missing:
            lost[index] = Update(str(record["id"]), str(record.get("@odata.etag") or ""), missing)
    if not lost:
        return {}
    try:
        again = send_chunk(api, list(lost.values()), is_last=True)
    except (RemoteTrouble, RemoteRefused, SetupError):
        return {}
    better: dict[int, Outcome] = {}
    for index, outcome in zip(lost, again, strict=True):
        before = outcomes[index]
        if outcome.ok and outcome.record is not None and before.record is not None:
            better[index] = replace(before, record=api.page.refreshed(before.record, outcome.record))
    return better


def _together(api: BusinessCentralApi, write: Create | Update, parts: Sequence[Part]) -> list[Reply | None]:
    """Several requests of one update, all or none; gives their replies, or the one that says what became of the whole.

    Requests to a customer behind the first one go by what that left, whatever its tag is: they are carried out only behind it,
    and it was under the tag that the customer was read with.
    """
    assert isinstance(write, Update)  # noqa: S101 - a create is one request
    replies = api.batch(parts, is_write=True, together=True)
    first = replies[0]
    if first is None or first.status >= 400:
        return [first]
    refused = next((reply for reply in replies if reply is None or reply.status >= 400), None)
    if all(reply is not None and reply.status < 400 for reply in replies):
        return replies
    if refused is None or refused.status == 408 or refused.status >= 500:
        return [refused]
    # all was taken back, says the documentation; a server that does not know of it has left the first ones done
    try:
        now = by_id(api, [write.bc_id], past_caches=True).get(write.bc_id.lower(), {})
    except CustomerSyncError:
        return [None]
    untouched = Tag.of(str(now.get("@odata.etag"))).card == Tag.of(write.etag).card
    return [refused if untouched else None]


def _replies(api: BusinessCentralApi, parts: Sequence[Part]) -> list[Reply | None]:
    """Replies to all parts; those that were refused because the server is busy were not worked on, and are sent again."""
    replies = api.batch(parts, is_write=True)
    for _ in range(api.transport.retries):
        busy = [index for index, reply in enumerate(replies) if reply is not None and reply.status == 429]
        if not busy:
            break
        api.transport.pacing.push_back(_BUSY_SECONDS)
        try:
            again = api.batch([parts[index] for index in busy], is_write=True)
        except OutcomeUnknown:
            again = [None] * len(busy)
        except RemoteTrouble:
            break  # the other items keep their outcomes, these were refused
        for index, reply in zip(busy, again, strict=True):
            replies[index] = reply
    return replies


def _reply(answer: Answer) -> Reply:
    if answer.status >= 400 and not answer.is_json:
        raise refusal(answer.status, answer.body, answer.text)
    return Reply(answer.status, answer.body)
