"""Writes to Business Central: what is sent, and what the answers say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.clients.answers import Answer
from connector.clients.business_central.api import BusinessCentralApi, Part, Reply
from connector.clients.business_central.customers_page import Tag
from connector.clients.business_central.lookup import by_id
from connector.clients.business_central.odata import SYSTEM, is_guid, refusal
from connector.clients.chunks import lost
from connector.clients.results import Create, Outcome, Record, Update
from connector.core.business_central_order import in_order, is_blank, overwritten
from connector.errors import (
    CustomerChanged,
    CustomerNotFound,
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
_OF_THE_ADDRESS = frozenset({"id", "code", "customerId", "lastModifiedDateTime"})

_BUSY_SECONDS = 1.0


def create_customer(api: BusinessCentralApi, payload: Mapping[str, Any]) -> Record:
    """See BusinessCentralClient.create."""
    return _alone(api, Create(payload))


def update_customer(api: BusinessCentralApi, bc_id: str, etag: str, payload: Mapping[str, Any]) -> Record:
    """See BusinessCentralClient.update."""
    return _alone(api, Update(bc_id, etag, payload))


def _alone(api: BusinessCentralApi, write: Create | Update) -> Record:
    parts = _parts(api, write)
    if len(parts) == 1 and not parts[0].of_address and not _address_of(api, write):
        part = parts[0].part
        headers = {"If-Match": part.etag} if part.etag else {}
        answer = api.send(part.method, api.customers(part.path), headers=headers, body=part.body, is_write=True)
        return _landed(write, _reply(answer))
    [outcome] = send_chunk(api, [write])
    if outcome.record is None or outcome.error is not None:
        raise outcome.error or lost(SYSTEM, "Business Central said nothing of a write")
    return outcome.record


@dataclass(frozen=True)
class _Step:
    """One request of a write; `of_address`: it writes the ship-to address."""

    part: Part
    of_address: bool = False


def send_chunk(api: BusinessCentralApi, writes: Sequence[Create | Update], *, is_last: bool = False) -> list[Outcome]:
    """One `$batch` request, and one more for each update that takes several, so that all of them happen or none; and one for the
    ship-to addresses of whoever was created. What must not be sent is left out, and its place holds the reason."""
    outcomes: dict[int, Outcome] = {}
    steps: dict[int, list[_Step]] = {}
    for index, write in enumerate(writes):
        try:
            steps[index] = _parts(api, write)
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
        except (RemoteTrouble, SetupError) as error:
            if not answered:  # nothing was sent before
                raise
            outcomes[index] = Outcome(None, error)
    cards = _cards(api, [writes[i] for i in answered if all(step.of_address for step in steps[i])])
    for index, found in answered.items():
        outcomes[index] = _outcome(api, writes[index], steps[index], found, cards)
    outcomes |= _addresses_of_the_created(api, writes, outcomes)
    if not is_last:
        outcomes |= _put_right(api, writes, outcomes)
    return [outcomes[index] for index in range(len(writes))]


def _cards(api: BusinessCentralApi, writes: Sequence[Create | Update]) -> dict[str, Record]:
    """The customers of whom the ship-to address alone was written, as they are now; none, if they cannot be read."""
    ids = [write.bc_id for write in writes if isinstance(write, Update)]
    try:
        return by_id(api, ids, past_caches=True) if ids else {}
    except CustomerSyncError:
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
    wanted = {index: body for index in made if (body := _address_of(api, writes[index]))}
    parts = [_address_part(api, str(made[index]["id"]), "", "", body) for index, body in wanted.items()]
    try:
        replies = _replies(api, parts) if parts else []
    except CustomerSyncError:
        replies = [None] * len(parts)
    for index, reply in zip(wanted, replies, strict=True):
        write = Update(str(made[index]["id"]), "", {})
        try:
            found[index] = Outcome(api.page.joined(made[index], _address(write, reply)), None)
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
    except RemoteTrouble:
        return {}
    return {index: outcome for index, outcome in zip(lost, again, strict=True) if outcome.ok}


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
    return [refused if now.get("@odata.etag") == write.etag else None]


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


def _parts(api: BusinessCentralApi, write: Create | Update) -> list[_Step]:
    """The requests of a write, in their order; none where it would change nothing.

    Raises:
        DataError: a value that Business Central does not take.
        RemoteRefused: an update without a tag, which would overwrite what somebody else has written.
    """
    customer = write.bc_id if isinstance(write, Update) else ""
    nulls = [name for name, value in write.payload.items() if value is None]
    if nulls:
        raise DataError(f"{nulls[0]} has no value.", field=nulls[0], system=SYSTEM, customer=customer)
    card, _ = api.page.apart(write.payload)
    body = in_order(
        {name: value for name, value in card.items() if name not in _READ_ONLY and not name.startswith("@odata.")}
    )
    if isinstance(write, Create):
        if not str(body.get("displayName") or "").strip():
            raise DataError("A customer needs a name.", field="displayName", system=SYSTEM)
        if not str(body.get("blocked", "x")).strip():
            del body["blocked"]  # blank is written _x0020_ there, and is what a new customer has anyway
        return [_Step(Part("POST", api.page.plain_path(), body))]
    if not is_guid(write.bc_id):
        raise DataError("A customer's id is no id of Business Central.", field="id", system=SYSTEM, customer=customer)
    tag = Tag.of(write.etag)
    if tag.card in {"", "*"} or not write.etag.isprintable() or not write.etag.isascii():
        raise RemoteRefused(
            f"{write.bc_id} was read without its tag, so a change could overwrite somebody else's.",
            code="no-etag",
            system=SYSTEM,
            customer=customer,
        )
    path = api.page.plain_path(write.bc_id)
    bodies = [dict.fromkeys(write.cleared, "")] if write.cleared else []
    bodies += [body] if body or not _address_of(api, write) else []
    steps = [_Step(Part("PATCH", path, each, "*" if number else tag.card)) for number, each in enumerate(bodies)]
    address = _address_of(api, write)
    if address and (tag.ship_to_id or not all(map(is_blank, address.values()))):
        steps.append(_Step(_address_part(api, write.bc_id, tag.ship_to_id, tag.ship_to, address), of_address=True))
    return steps


def _address_of(api: BusinessCentralApi, write: Create | Update) -> dict[str, Any]:
    """What a write sets of the ship-to address; of a customer to be created only what is not blank."""
    address = {name: value for name, value in api.page.apart(write.payload)[1].items() if name not in _OF_THE_ADDRESS}
    if isinstance(write, Create):
        address = {name: value for name, value in address.items() if not is_blank(value)}
    return in_order(address)


def _address_part(api: BusinessCentralApi, bc_id: str, address_id: str, etag: str, body: Mapping[str, Any]) -> Part:
    if address_id:
        return Part("PATCH", api.page.ship_to_path(bc_id, address_id), body, etag)
    return Part("POST", api.page.ship_to_path(bc_id), {"code": api.page.code, **body})


def _reply(answer: Answer) -> Reply:
    if answer.status >= 400 and not answer.is_json:
        raise refusal(answer.status, answer.body, answer.text)
    return Reply(answer.status, answer.body)


def _outcome(
    api: BusinessCentralApi,
    write: Create | Update,
    steps: Sequence[_Step],
    replies: Sequence[Reply | None],
    cards: Mapping[str, Record],
) -> Outcome:
    customer = write.bc_id if isinstance(write, Update) else ""
    try:
        if len(replies) == 1 and len(steps) > 1:  # one that says what became of the whole
            reply = replies[0]
            of_address = reply is not None and reply.status in {404, 409} and steps[-1].of_address
            return Outcome(_address(write, reply) if of_address else _landed(write, reply), None)
        last = [reply for step, reply in zip(steps, replies, strict=True) if not step.of_address][-1:]
        address = [_address(write, r) for step, r in zip(steps, replies, strict=True) if step.of_address]
        card = _landed(write, last[0]) if last else cards.get(customer.lower())
        if card is None:
            raise lost(
                SYSTEM, f"A ship-to address of {customer} was written, and the customer could not be read", customer
            )
        return Outcome(api.page.joined(card, address[0]) if address else card, None)
    except CustomerSyncError as error:
        return Outcome(None, error)


def _address(write: Create | Update, reply: Reply | None) -> Record:
    """The ship-to address after a write. One that has gone or come meanwhile is a change of the customer by somebody.

    Raises:
        OutcomeUnknown, RemoteRefused: as `_landed`.
    """
    customer = write.bc_id if isinstance(write, Update) else ""
    try:
        record = _answered(write, reply, f"the ship-to address of {customer}")
    except RemoteRefused as refused:
        if isinstance(refused, CustomerNotFound) or refused.code == "Internal_EntityWithSameKeyExists":
            raise CustomerChanged(
                f"The ship-to address of {customer} was changed by somebody after it was read.",
                code=refused.code,
                system=SYSTEM,
                customer=customer,
            ) from None
        raise
    if not isinstance(record, dict) or not is_guid(str(record.get("id"))):
        raise lost(SYSTEM, f"Business Central answered an update of {customer} without its ship-to address", customer)
    return record


def _landed(write: Create | Update, reply: Reply | None) -> Record:
    """The record after a write.

    Raises:
        OutcomeUnknown: nothing is said, the server failed on the way, or the answer is of another customer.
        RemoteRefused: and its kinds: nothing was written.
    """
    customer = write.bc_id if isinstance(write, Update) else ""
    who = f"an update of {customer}" if customer else "a create"
    record = _answered(write, reply, who)
    if not isinstance(record, dict) or not is_guid(str(record.get("id"))):
        raise lost(SYSTEM, f"Business Central answered {who} without the customer", customer)
    if customer and str(record["id"]).lower() != customer.lower():
        raise lost(SYSTEM, f"Business Central answered {who} with another customer", customer)
    return record


def _answered(write: Create | Update, reply: Reply | None, who: str) -> Any:
    customer = write.bc_id if isinstance(write, Update) else ""
    if reply is None:
        raise lost(SYSTEM, f"Business Central said nothing of {who}", customer)
    if reply.status == 429:
        raise RemoteThrottled(f"Business Central is busy and refused {who}.", system=SYSTEM)
    if reply.status == 408 or reply.status >= 500:
        raise lost(SYSTEM, f"Business Central failed on {who} ({reply.status})", customer)
    if reply.status >= 400:
        raise refusal(reply.status, reply.body, customer=customer)
    return reply.body
