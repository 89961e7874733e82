"""What the answers to a write say: the record as it is now, or why nothing was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connector.clients.business_central.api import BusinessCentralApi, Reply
from connector.clients.business_central.odata import SYSTEM, error_code, is_guid, refusal
from connector.clients.business_central.write_steps import Step
from connector.clients.chunks import lost
from connector.clients.results import Create, Outcome, Record, Update
from connector.errors import CustomerChanged, CustomerNotFound, CustomerSyncError, RemoteRefused, RemoteThrottled

__all__ = ["address_written", "landed", "outcome_of"]

# an address that has gone, or come, since the customer was read
_OF_ANOTHER_ADDRESS = frozenset({"Internal_RecordNotFound", "BadRequest_NotFound", "Internal_EntityWithSameKeyExists"})


def outcome_of(
    api: BusinessCentralApi,
    write: Create | Update,
    steps: Sequence[Step],
    replies: Sequence[Reply | None],
    cards: Mapping[str, Record],
) -> Outcome:
    customer = write.bc_id if isinstance(write, Update) else ""
    try:
        if len(replies) == 1 and len(steps) > 1:  # one that says what became of the whole
            reply = replies[0]
            of_address = steps[-1].of_address and reply is not None and error_code(reply.body) in _OF_ANOTHER_ADDRESS
            return Outcome(address_written(write, reply) if of_address else landed(write, reply), None)
        last = [reply for step, reply in zip(steps, replies, strict=True) if not step.of_address][-1:]
        address = [address_written(write, r) for step, r in zip(steps, replies, strict=True) if step.of_address]
        card = landed(write, last[0]) if last else cards.get(customer.lower())
        if card is None:
            raise lost(
                SYSTEM, f"A ship-to address of {customer} was written, and the customer could not be read", customer
            )
        return Outcome(api.page.joined(card, address[0]) if address else card, None)
    except CustomerSyncError as error:
        return Outcome(None, error)


def address_written(write: Create | Update, reply: Reply | None) -> Record:
    """The ship-to address after a write. One that has gone or come meanwhile is a change of the customer by somebody.

    Raises:
        OutcomeUnknown, RemoteRefused: as `_landed`.
    """
    customer = write.bc_id if isinstance(write, Update) else ""
    try:
        record = _answered(write, reply, f"the ship-to address of {customer}")
    except RemoteRefused as refused:
        if isinstance(refused, CustomerNotFound) or refused.code in _OF_ANOTHER_ADDRESS:
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


def landed(write: Create | Update, reply: Reply | None) -> Record:
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
