"""Deliveries that tell of nothing new: our own writes come back as hooks, and many saves change nothing that is synchronised.

Such a delivery is recognised by what it says, without a request. It is left out and nothing else: no change that waits is taken
away by it, so whatever a delivery claims, it can hide no other one. What it says may be late; that is no danger as long as the
base with which it is compared does not move meanwhile:

- WooCommerce sends the account as it was when it sent. If that is what both sides last agreed on, the account needs no run, and
  an edit afterwards sends a hook of its own. A run that is at work may have read an edit that is undone by now, and its base
  moves after the delivery was compared: so while a run is open nothing is recognised, nor while customers are sifted, since the
  run begins with what was read then.
- Business Central sends no values but the moment of the change. If that is the stamp under which the customer was last seen, and
  nothing of the pair waits (store/standing.py), nothing has been changed since. Later changes have later stamps.

What cannot be recognised is noted, read and sifted like everything else.
"""

from __future__ import annotations

from collections.abc import Iterable

from connector.core import webstore_customer
from connector.core.customer import Side
from connector.core.stamps import stamp_of
from connector.errors import SetupError
from connector.extract.sifting import hashes_now
from connector.rules import rules_of
from connector.run.seen_lately import SeenLately
from connector.setup import Setup
from connector.store import Work
from connector.webhooks.reading import Item

__all__ = ["Echoes"]


class Echoes:
    """Recognises echoes for one webstore.

    Args:
        lately: under which terms this process has looked at customers last; without that nothing is recognised.
    """

    def __init__(self, setup: Setup, lately: SeenLately) -> None:
        self._setup = setup
        self._lately = lately

    def among(self, work: Work, items: Iterable[Item]) -> set[Item]:
        """Those of some items that tell of nothing new."""
        told = [item for item in items if item.record is not None or item.touched]
        if not told or work.runs.going_on()["running"] or work.webhooks.being_looked_at():
            return set()
        accounts = {int(item.record["id"]): item for item in told if item.record is not None}
        cards = {item.key.removeprefix("bc:"): item for item in told if item.touched}
        rows = [*work.mapping.rows_by_webstore_id(accounts).values(), *work.mapping.rows_by_bc_id(cards).values()]
        pairs = {(row.bc_id, row.webstore_id) for row in rows if row.webstore_id is not None}
        stored = work.bases.read([bc_id for bc_id, _ in pairs])
        bases = {(row.bc_id, row.webstore_id): row for row in stored.itertuples()}
        waits = set(work.changes.read([bc_id for bc_id, _ in pairs])["bc_id"])
        hashes = self._hashes([item.record for item in accounts.values() if item.record is not None])
        found: set[Item] = set()
        for pair in pairs & bases.keys():
            base, (bc_id, webstore_id) = bases[pair], pair
            account, card = accounts.get(webstore_id), cards.get(bc_id)
            if account is not None and hashes.get(webstore_id) == base.webstore_hash:
                found.add(account)
            stamp = None if card is None else stamp_of(card.touched)
            if card is not None and stamp is not None and bc_id not in waits and base.business_central_hash:
                found |= {card} if stamp == base.business_central_stamp else set()
        return found

    def _hashes(self, records: list[dict[str, object]]) -> dict[int, str]:
        """Fingerprints of accounts, as those of bases; none when it is long ago that customers were looked at, or if the rules
        are others now."""
        try:
            terms = self._lately.terms(rules_of(self._setup).digest)
        except SetupError:  # the rules are being edited: the run that is started will say so
            return {}
        if terms is None or not records:
            return {}
        table = webstore_customer.columns(records, terms.rules)
        return hashes_now(Side.WEBSTORE, table, terms)
