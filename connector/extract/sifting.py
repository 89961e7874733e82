"""Whom of those that may have changed a run must look at.

A hook says that somebody was saved, not that anything changed, nor by whom: the pipeline's own writes come back as hooks, too.
So the customers are read again and put beside their bases. Whoever is as both sides last agreed needs no run: that is an echo,
or a change of something that is not synchronised.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from connector.core import batch_sizes, webstore_customer
from connector.core.breakers import too_many_to_select
from connector.core.customer import Side
from connector.core.extracts import extract_of
from connector.core.terms import Terms
from connector.extract.asking_once import accounts_by_id, cards_by_id, cards_by_id_or_changed, cards_known
from connector.extract.extraction import IDS, read_company_countries, table_of
from connector.run.breakers import limits_of
from connector.run.run import Run
from connector.setup import PullWebstoreCustomers
from connector.store import EVERYTHING, Base

__all__ = ["Sifted", "hashes_now", "sift"]


@dataclass(frozen=True)
class Sifted:
    """What is to be run.

    Attributes:
        customers: identifiers for a selected run; None = a run over all customers.
        echoes: customers that are as both sides last agreed.
        others: customers that take no part: not mapped and not wanted, of another role, or gone without a counterpart.
    """

    customers: tuple[str, ...] | None
    echoes: int = 0
    others: int = 0


def sift(run: Run, keys: Iterable[str], most: int, *, fresh: bool = False) -> Sifted:
    """Look at changed customers.

    Args:
        run: for its clients, rules and store; it writes nothing.
        keys: as the store's webhooks keep them.
        most: more customers than these become a run over all, and so do as many as a breaker might stop there.
        fresh: no run has been started for them yet, and what was recognised in the deliveries is not among them
            (webhooks/echoes.py): most have changed, so their counterparts are read at once, and whoever else has changed in
            Business Central.

    Raises:
        RemoteTrouble, SetupError: they cannot be read.
    """
    wanted = set(keys)
    moments = sorted(key.removeprefix(EVERYTHING) for key in wanted if key.startswith(EVERYTHING))
    if moments and not moments[0]:
        return Sifted(None)
    webstore_ids = {int(key.removeprefix("woo:")) for key in wanted if key.startswith("woo:")}
    bc_ids = {key.removeprefix("bc:") for key in wanted if key.startswith("bc:")}
    if moments:
        bc_ids |= _changed_since(run, moments[0])
    if len(webstore_ids) + len(bc_ids) > most:
        return Sifted(None)
    with run.store.view(run.code) as view:
        mapping = view.mapping.current()
    found = _Sieve(run, mapping, fresh=fresh).sifted(webstore_ids, bc_ids)
    linked = int(mapping["webstore_id"].notna().sum())
    if found.customers is not None and too_many_to_select(limits_of(run), len(found.customers), linked):
        return Sifted(None, found.echoes, found.others)
    return found


def _changed_since(run: Run, moment: str) -> set[str]:
    found: set[str] = set()

    def keep(records: list[dict[str, Any]]) -> None:
        found.update(str(record["id"]).lower() for record in records)

    run.business_central.read_customers(keep, select=["id"], changed_since=moment)
    return found


def hashes_now(side: Side, table: pa.Table, terms: Terms) -> dict[Any, str]:
    """Fingerprints of what customers hold, by id, comparable with those of bases. Malformed records have none."""
    extract = extract_of(side, table, terms)
    return dict(zip(extract.raw[IDS[side]].to_pylist(), extract.hashes, strict=True))


class _Sieve:
    """One look at some customers."""

    def __init__(self, run: Run, mapping: pd.DataFrame, *, fresh: bool) -> None:
        self._run, self._fresh = run, fresh
        self._numbers: Mapping[str, str] = dict(zip(mapping["bc_id"], mapping["bc_number"], strict=True))
        linked = mapping[mapping["webstore_id"].notna()]
        self._webstore_of = dict(zip(linked["bc_id"], (int(key) for key in linked["webstore_id"]), strict=True))
        self._bc_of = {webstore_id: bc_id for bc_id, webstore_id in self._webstore_of.items()}
        self._bases: Mapping[tuple[str, int], Base] = {}

    def sifted(self, webstore_ids: set[int], bc_ids: set[str]) -> Sifted:
        """Read everybody, and leave out whoever needs no run. All that are chosen were seen: a run refuses unknown names."""
        run = self._run
        if bc_ids or webstore_ids:
            run.know_countries(read_company_countries(run))
        c = self._cards(webstore_ids, bc_ids)
        with run.store.view(run.code) as view:
            self._bases = view.bases.find({self._bc_of[key] for key in webstore_ids if key in self._bc_of} | c.keys())
        mapped = {key: record for key, record in c.items() if key in self._numbers}
        changed_c = mapped.keys() - self._as_agreed(Side.BUSINESS_CENTRAL, mapped)
        bc_ids = bc_ids | changed_c
        # their accounts are read with the others, for the run that follows
        partners = {self._webstore_of[key] for key in changed_c if key in self._webstore_of}
        w = accounts_by_id(run, webstore_ids | partners)
        agreed_w = self._as_agreed(Side.WEBSTORE, {key: w[key] for key in webstore_ids & w.keys()})
        there = self._counterparts(webstore_ids - w.keys(), bc_ids - c.keys())
        chosen: dict[str, None] = {}
        echoes = others = 0
        for webstore_id in sorted(webstore_ids):
            partner = self._bc_of.get(webstore_id)
            if webstore_id not in w:
                chosen |= {partner: None} if partner in there else {}
                others += partner not in there
            elif partner is None and not self._is_wanted(w[webstore_id]):
                others += 1
            elif webstore_id in agreed_w:
                echoes += 1
            else:
                chosen[f"woo:{webstore_id}"] = None
        for bc_id in sorted(bc_ids):
            account = self._webstore_of.get(bc_id)
            if bc_id not in c:
                chosen |= {f"woo:{account}": None} if account in there else {}
                others += account not in there
            elif bc_id not in self._numbers:
                others += 1
            elif bc_id in changed_c:
                chosen[bc_id] = None
            else:
                echoes += 1
        return Sifted(tuple(chosen), echoes, others)

    def _cards(self, webstore_ids: set[int], bc_ids: set[str]) -> dict[str, dict[str, Any]]:
        """The Business Central customers, and counterparts of accounts, for the run that follows, where that takes no request
        more."""
        partners = sorted(self._bc_of[key] for key in webstore_ids if key in self._bc_of)
        if self._fresh:
            return cards_by_id_or_changed(self._run, bc_ids.union(partners))
        room = -len(bc_ids - cards_known(self._run, bc_ids).keys()) % batch_sizes.COMPANY
        return cards_by_id(self._run, bc_ids.union(partners[:room]))

    def _as_agreed(self, side: Side, records: Mapping[Any, Mapping[str, Any]]) -> set[Any]:
        """Those whose record is what both sides last agreed on. A malformed record is not, and is run."""
        run = self._run
        table = table_of(run, side, records.values())
        if side is Side.WEBSTORE:
            run.know_metadata(webstore_customer.meta_shown(table))
        fresh = hashes_now(side, table, run.terms)
        if side is Side.WEBSTORE:
            return {key for key in records if self._agrees(self._bc_of.get(key), key, fresh.get(key), side)}
        return {
            key
            for key, record in records.items()
            if record.get("number") == self._numbers[key]
            and self._agrees(key, self._webstore_of.get(key), fresh.get(key), side)
        }

    def _agrees(self, bc_id: str | None, webstore_id: int | None, fresh: str | None, side: Side) -> bool:
        base = self._bases.get((bc_id or "", webstore_id or 0))
        if base is None or fresh is None:
            return False
        return fresh == (base.webstore_hash if side is Side.WEBSTORE else base.business_central_hash)

    def _is_wanted(self, record: Mapping[str, Any]) -> bool:
        """Whether an account without a counterpart would be created or linked: scheduled runs read that role alone."""
        takes = self._run.setup.webstore.takes
        pulls = self._run.setup.synchronization.pull_webstore_customers
        return pulls is PullWebstoreCustomers.ALL and takes(record.get("role"))

    def _counterparts(self, gone_webstore: set[int], gone_business_central: set[str]) -> set[str | int]:
        """The counterparts that are still there of customers that are gone."""
        run = self._run
        bc_ids = {self._bc_of[key] for key in gone_webstore if key in self._bc_of}
        accounts = {self._webstore_of[key] for key in gone_business_central if key in self._webstore_of}
        found: set[str | int] = set(cards_by_id(run, bc_ids))
        return found | set(accounts_by_id(run, accounts))
