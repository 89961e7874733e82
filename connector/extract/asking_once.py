"""Customers by id, each asked for once: who was read a moment ago, to see whether a run is needed, is what the run begins with.

The plan that is made of such a record is as good as one of a record that was read anew: it may be overtaken, and the look before
a write, or the tag that it carries, finds that.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from connector.core import batch_sizes, webstore_customer
from connector.core.customer import Side
from connector.core.stamps import stamp_of
from connector.run.run import Run
from connector.store.columns import now

__all__ = ["accounts_by_id", "cards_by_id", "cards_by_id_or_changed", "cards_known", "note_cards"]


def accounts_by_id(run: Run, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Accounts of any role that are there, as an extract shows them."""
    asked = set(ids)
    found: dict[int, dict[str, Any]] = run.lately.records(Side.WEBSTORE, asked, _form(run))
    rest = asked - found.keys()
    if rest:
        fields = webstore_customer.api_fields(run.rules.fields)
        read = run.webstore.customers_by_id(rest, fields=fields)
        run.lately.note_records(Side.WEBSTORE, read.items(), _form(run))
        found |= read
    return found


def cards_by_id(run: Run, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Business Central customers that are there, by id in lower case."""
    asked = {key.lower() for key in ids}
    found = cards_known(run, asked)
    rest = asked - found.keys()
    if rest:
        read = run.business_central.customers_by_id(sorted(rest))
        note_cards(run, read.values())
        found |= {key.lower(): record for key, record in read.items()}
    return found


def cards_by_id_or_changed(run: Run, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The same; the request that is made for them also asks who was changed since this process saw a change last. Business
    Central's hooks come half a minute late: who is found by this need not wait for his."""
    asked = {key.lower() for key in ids}
    found, since = cards_known(run, asked), run.lately.changes_seen_until(_form(run))
    rest = asked - found.keys()
    if not rest or not since:
        return cards_by_id(run, asked)
    read = run.business_central.customers_by_id_or_changed(sorted(rest), since, batch_sizes.COMPANY)
    note_cards(run, read.values())
    return found | read


def cards_known(run: Run, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Those of `cards_by_id` for whom no request is needed."""
    return run.lately.records(Side.BUSINESS_CENTRAL, (key.lower() for key in ids), _form(run))


def note_cards(run: Run, records: Iterable[dict[str, Any]]) -> None:
    """Business Central customers that were read just now, with at least the properties of an extract."""
    cards = {str(record["id"]).lower(): record for record in records}
    run.lately.note_records(Side.BUSINESS_CENTRAL, cards.items(), _form(run))
    # a clock that was wrong once must not hide what is changed until then
    latest, present = max((str(card.get("lastModifiedDateTime") or "") for card in cards.values()), default=""), now()
    if stamp_of(latest) is not None and datetime.fromisoformat(latest) < present:
        run.lately.note_changes(latest, _form(run))


def _form(run: Run) -> tuple[Any, ...]:
    # other rules map other properties: what was not asked for must never look like cleared
    return run.rules.digest, run.setup.webstore, run.setup.business_central
