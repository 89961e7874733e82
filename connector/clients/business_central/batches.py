"""Writes to Business Central: what is sent, and what the answers say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from connector.clients.answers import Answer
from connector.clients.business_central.api import BusinessCentralApi, Part, Reply
from connector.clients.business_central.lookup import by_id
from connector.clients.business_central.odata import SYSTEM, is_guid, refusal
from connector.clients.chunks import lost
from connector.clients.results import Create, Outcome, Record, Update
from connector.core.business_central_order import in_order, overwritten
from connector.errors import (
    CustomerSyncError,
    DataError,
    OutcomeUnknown,
    RemoteRefused,
    RemoteThrottled,
    RemoteTrouble,
    SetupError,
)

__all__ = ["create_customer", "send_chunk", "update_customer"]

# Business Central refuses a body that holds one of them
_READ_ONLY = frozenset({"id", "taxAreaDisplayName", "balanceDue", "lastModifiedDateTime"})

_BUSY_SECONDS = 1.0


def create_customer(api: BusinessCentralApi, payload: Mapping[str, Any]) -> Record:
    """See BusinessCentralClient.create."""
    part = _part(Create(payload))
    answer = api.send("POST", api.address(part.path), body=part.body, is_write=True)
    return _landed(api, Create(payload), _reply(answer))


def update_customer(api: BusinessCentralApi, bc_id: str, etag: str, payload: Mapping[str, Any]) -> Record:
    """See BusinessCentralClient.update."""
    part = _part(Update(bc_id, etag, payload))
    answer = api.send("PATCH", api.address(part.path), headers={"If-Match": etag}, body=part.body, is_write=True)
    return _landed(api, Update(bc_id, etag, payload), _reply(answer))


def send_chunk(api: BusinessCentralApi, writes: Sequence[Create | Update], *, is_last: bool = False) -> list[Outcome]:
    """One `$batch` request, and one more for each update that needs something cleared before. What must not be sent is left
    out, and its place holds the reason."""
    outcomes: dict[int, Outcome] = {}
    parts: dict[int, Part] = {}
    for index, write in enumerate(writes):
        try:
            parts[index] = _part(write)
        except (DataError, RemoteRefused) as error:
            outcomes[index] = Outcome(None, error)
    at_once = [index for index in parts if not _clears(writes[index])]
    replies = _replies(api, [parts[index] for index in at_once]) if at_once else []
    for index, reply in zip(at_once, replies, strict=True):
        outcomes[index] = _outcome(api, writes[index], reply)
    for index in sorted(parts.keys() - set(at_once)):
        try:
            outcomes[index] = _outcome(api, writes[index], _cleared_and_written(api, writes[index], parts[index]))
        except (RemoteTrouble, SetupError) as error:
            if outcomes.keys().isdisjoint(parts):  # nothing was sent before
                raise
            outcomes[index] = Outcome(None, error)
    if not is_last:
        outcomes |= _put_right(api, parts, outcomes)
    return [outcomes[index] for index in range(len(writes))]


def _put_right(
    api: BusinessCentralApi, parts: Mapping[int, Part], outcomes: Mapping[int, Outcome]
) -> dict[int, Outcome]:
    """Send once more what other values of the same body have overwritten; gives the outcomes that are better now.

    Whatever comes of it, the writes have happened, and what stands there is what the first answers say, or what was sent.
    """
    lost: dict[int, Update] = {}
    for index, part in parts.items():
        record = outcomes[index].record or {}
        missing = overwritten(part.body or {}, record)
        if missing:
            lost[index] = Update(str(record["id"]), str(record.get("@odata.etag") or ""), missing)
    if not lost:
        return {}
    try:
        again = send_chunk(api, list(lost.values()), is_last=True)
    except RemoteTrouble:
        return {}
    return {index: outcome for index, outcome in zip(lost, again, strict=True) if outcome.ok}


def _clears(write: Create | Update) -> bool:
    return isinstance(write, Update) and bool(write.cleared)


def _cleared_and_written(api: BusinessCentralApi, write: Create | Update, part: Part) -> Reply | None:
    """Make texts blank and write, both or neither; gives the reply that says what became of the whole.

    The second request goes by what the first left, whatever its tag is: it is carried out only behind the first one, which
    was under the tag that the customer was read with.
    """
    assert isinstance(write, Update)  # noqa: S101 - only updates clear
    first = Part("PATCH", part.path, dict.fromkeys(write.cleared, ""), part.etag)
    cleared, written = api.batch([first, replace(part, etag="*")], is_write=True, together=True)
    if cleared is None or cleared.status >= 400:
        return cleared
    if written is None or written.status < 400 or written.status == 408 or written.status >= 500:
        return written
    # all was taken back, says the documentation; a server that does not know of it has left the texts blank
    try:
        now = by_id(api, [write.bc_id], past_caches=True).get(write.bc_id.lower(), {})
    except CustomerSyncError:
        return None
    return written if now.get("@odata.etag") == write.etag else None


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


def _part(write: Create | Update) -> Part:
    """The request of a write.

    Raises:
        DataError: a value that Business Central does not take.
        RemoteRefused: an update without a tag, which would overwrite what somebody else has written.
    """
    customer = write.bc_id if isinstance(write, Update) else ""
    body = in_order(
        {
            name: value
            for name, value in write.payload.items()
            if name not in _READ_ONLY and not name.startswith("@odata.")
        }
    )
    nulls = [name for name, value in body.items() if value is None]
    if nulls:
        raise DataError(f"{nulls[0]} has no value.", field=nulls[0], system=SYSTEM, customer=customer)
    if isinstance(write, Create):
        if not str(body.get("displayName") or "").strip():
            raise DataError("A customer needs a name.", field="displayName", system=SYSTEM)
        if not str(body.get("blocked", "x")).strip():
            del body["blocked"]  # blank is written _x0020_ there, and is what a new customer has anyway
        return Part("POST", "customers", body)
    if not is_guid(write.bc_id):
        raise DataError("A customer's id is no id of Business Central.", field="id", system=SYSTEM, customer=customer)
    if write.etag in {"", "*"} or not write.etag.isprintable() or not write.etag.isascii():
        raise RemoteRefused(
            f"{write.bc_id} was read without its tag, so a change could overwrite somebody else's.",
            code="no-etag",
            system=SYSTEM,
            customer=customer,
        )
    return Part("PATCH", f"customers({write.bc_id})", body, write.etag)


def _reply(answer: Answer) -> Reply:
    if answer.status >= 400 and not answer.is_json:
        raise refusal(answer.status, answer.body, answer.text)
    return Reply(answer.status, answer.body)


def _outcome(api: BusinessCentralApi, write: Create | Update, reply: Reply | None) -> Outcome:
    try:
        return Outcome(_landed(api, write, reply), None)
    except CustomerSyncError as error:
        return Outcome(None, error)


def _landed(api: BusinessCentralApi, write: Create | Update, reply: Reply | None) -> Record:
    """The record after a write.

    Raises:
        OutcomeUnknown: nothing is said, the server failed on the way, or the answer is of another customer.
        RemoteRefused: and its kinds: nothing was written.
    """
    customer = write.bc_id if isinstance(write, Update) else ""
    who = f"an update of {customer}" if customer else "a create"
    if reply is None:
        raise lost(SYSTEM, f"Business Central said nothing of {who}", customer)
    if reply.status == 429:
        raise RemoteThrottled(f"Business Central is busy and refused {who}.", system=SYSTEM)
    if reply.status == 408 or reply.status >= 500:
        raise lost(SYSTEM, f"Business Central failed on {who} ({reply.status})", customer)
    if reply.status >= 400:
        raise refusal(reply.status, reply.body, customer=customer)
    record = reply.body
    if not isinstance(record, dict) or not is_guid(str(record.get("id"))):
        raise lost(SYSTEM, f"Business Central answered {who} without the customer", customer)
    if customer and str(record["id"]).lower() != customer.lower():
        raise lost(SYSTEM, f"Business Central answered {who} with another customer", customer)
    return record
