"""Several webstore customers in one request: an outcome for each, by its position.

The batch endpoint answers 200 even when every item failed, validates nothing, and says of a failed create neither id nor
e-mail: only the position tells which one it was. `_fields` would empty its answers, so it is never sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from connector.clients.chunks import in_chunks, lost
from connector.clients.results import BatchOutcomes, Outcome, Record
from connector.clients.woocommerce.api import WebstoreApi
from connector.clients.woocommerce.refusals import SYSTEM, customer_label, email_mangled, id_of, refusal, safe_account
from connector.core import batch_sizes
from connector.errors import AnswerNotUnderstood, DataError, InternalError, RemoteRefused

__all__ = ["create_seconds", "send_batch"]

CREATE_SECONDS = 60


def create_seconds(api: WebstoreApi) -> float:
    """How long the answer to a create is waited for."""
    return max(CREATE_SECONDS, api.transport.timeout_seconds)


def send_batch(
    api: WebstoreApi, create: Sequence[Mapping[str, Any]], update: Sequence[Mapping[str, Any]], delete: Sequence[int]
) -> BatchOutcomes:
    """See WooCommerceClient.batch."""
    return BatchOutcomes(
        create=_checked(api, "create", create, batch_sizes.WEBSTORE_CREATES) if create else [],
        update=_checked(api, "update", update, batch_sizes.WEBSTORE) if update else [],
        delete=in_chunks(delete, batch_sizes.WEBSTORE, partial(_delete, api)) if delete else [],
    )


def _checked(api: WebstoreApi, verb: str, payloads: Sequence[Mapping[str, Any]], size: int) -> list[Outcome]:
    """Send what is safe to send; the places of the rest hold the reason."""
    outcomes: list[Outcome | None] = []
    bodies: list[Record] = []
    for payload in payloads:
        try:
            bodies.append(_item(verb, payload))
            outcomes.append(None)
        except DataError as error:
            outcomes.append(Outcome(None, error))
    sent = iter(in_chunks(bodies, size, partial(_send, api, verb)))
    return [next(sent) if outcome is None else outcome for outcome in outcomes]


def _send(api: WebstoreApi, verb: str, bodies: Sequence[Record]) -> list[Outcome]:
    """One batch request. A body that a firewall refuses is sent in halves, so that it stops nobody else's."""
    seconds = create_seconds(api) if verb == "create" else None
    try:
        answer = api.write("POST", "customers/batch", {verb: list(bodies)}, timeout_seconds=seconds)
    except (AnswerNotUnderstood, RemoteRefused) as error:
        status = error.status
        if not 400 <= status < 500 or status in {401, 404}:
            raise
        if len(bodies) > 1:
            return in_chunks(bodies, -(-len(bodies) // 2), partial(_send, api, verb))
        refused = RemoteRefused(error.message, status=status, code=f"http-{status}", hint=error.hint, system=SYSTEM)
        return [Outcome(None, refused)]
    items = answer.get(verb)
    if not isinstance(items, list) or len(items) != len(bodies):
        # by position nothing can be said any more
        return [Outcome(None, lost(SYSTEM, f"The webstore did not answer each {verb} of a batch")) for _ in bodies]
    return [_outcome(verb, body, item) for body, item in zip(bodies, items, strict=True)]


def _delete(api: WebstoreApi, ids: Sequence[int]) -> list[Outcome]:
    """Answers of deletes are fewer than the ids when an id is odd, so they are found by id."""
    answer = api.write("POST", "customers/batch", {"delete": [int(identifier) for identifier in ids]})
    items = answer.get("delete")
    by_id = {id_of(item): item for item in items if isinstance(item, dict)} if isinstance(items, list) else {}
    return [_outcome("delete", {"id": identifier}, by_id.get(identifier)) for identifier in ids]


def _item(verb: str, payload: Mapping[str, Any]) -> Record:
    if verb == "create":
        return safe_account(payload, creating=True)
    identifier = id_of(payload)
    if identifier is None:
        raise InternalError("An update of a batch has no id.")
    return {**safe_account(payload, creating=False, customer=customer_label(identifier)), "id": identifier}


def _outcome(verb: str, body: Mapping[str, Any], item: Any) -> Outcome:
    """What one entry of a batch's answer says of the item that was sent."""
    label = customer_label(body["id"]) if "id" in body else ""
    error = item.get("error") if isinstance(item, dict) else None
    if isinstance(error, dict):
        data = error.get("data")
        status = data.get("status") if isinstance(data, dict) else 0
        return Outcome(None, refusal(status if isinstance(status, int) else 0, error, customer=label, of_item=True))
    if not isinstance(item, dict) or id_of(item) is None or id_of(item) != body.get("id", id_of(item)):
        return Outcome(None, lost(SYSTEM, f"The webstore did not say what became of a {verb}", label))
    return Outcome(item, email_mangled(body, item))
