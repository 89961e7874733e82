"""Reads everybody who decides whether a few unmapped customers are linked, created or asked about: by look-ups where these find
all of them, else a whole side, and only that side."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from connector.clients import Census
from connector.clients.woocommerce.refusals import is_account_email
from connector.core import business_central_customer, webstore_customer
from connector.core.customer import Side
from connector.core.expectations import WHOLE, Severity
from connector.core.extracts import extract_of
from connector.core.partitioning import Placement
from connector.core.rivals import (
    accounts_to_ask_for,
    can_be_asked,
    keys_of,
    only_by_email,
    sharing_with,
    texts_of,
)
from connector.errors import RemoteRefused
from connector.extract.extraction import (
    IDS,
    Extraction,
    extract_business_central,
    extract_webstore,
    places,
    read_company_countries,
    table_of,
)
from connector.extract.hidden_cards import OVERLAP_SECONDS, hidden_cards_of
from connector.extract.missing import kept_out
from connector.extract.partitions import Partitions
from connector.extract.whole_data import takes_all
from connector.run.run import Run

__all__ = ["land", "landed", "read_with_rivals"]

# the accounts whose rivals are asked for; more of them and everybody is read
_MOST_ACCOUNTS = 200

Records = Mapping[Any, dict[str, Any]]


def read_with_rivals(
    run: Run,
    partitions: Partitions,
    placement: Placement,
    chosen: tuple[Records, Records],
    waiting: Collection[str | int],
) -> tuple[Extraction, Extraction]:
    """Land the chosen customers, and everybody who has to do with those of them who wait for a counterpart.

    Args:
        chosen: records of the webstore and of Business Central, by id.
        waiting: ids of those who wait; the others are landed as they are.
    """
    run.know_countries(read_company_countries(run))
    return _Reading(run, partitions, placement, chosen, waiting).read()


@dataclass
class _Reading:
    run: Run
    partitions: Partitions
    placement: Placement
    chosen: tuple[Records, Records]
    waiting: Collection[str | int]

    def read(self) -> tuple[Extraction, Extraction]:
        ladder = self.run.terms.ladder
        accounts, cards = (self._canonical(side, records) for side, records in zip(Side, self.chosen, strict=True))
        # a card that waits can be of any account with its VAT number, phone number or name
        shop = None
        if _is_judged_whole(self.run, Side.WEBSTORE) or not only_by_email(cards, ladder):
            shop = self._whole(Side.WEBSTORE)
        asking = [accounts, cards]
        if shop is not None and cards.num_rows:
            asking.append(self._landed_sharing(Side.WEBSTORE, keys_of(cards, ladder)))
        company = self._company(asking)
        if shop is None:
            there = self._landed_sharing(Side.BUSINESS_CENTRAL, keys_of(accounts, ladder))
            emails = accounts_to_ask_for(accounts, there, ladder)
            shop = self._shop(emails, texts_of(cards).emails)
        return shop, company

    def _canonical(self, side: Side, records: Records) -> pa.Table:
        """Canonical values of those who wait."""
        mine = [record for key, record in records.items() if key in self.waiting]
        return extract_of(side, table_of(self.run, side, mine), self.run.terms).canonical

    def _shop(self, emails: Collection[str] | None, of_cards: Collection[str]) -> Extraction:
        """The accounts with some e-mails, or all."""
        asked = sorted({*(emails or ()), *of_cards})
        rule = self.run.rules.fields.by_name.get("email")
        plain = rule is not None and rule.webstore == "email" and all(map(is_account_email, asked))
        if emails is None or (asked and not plain):
            return self._whole(Side.WEBSTORE)
        found = {int(record["id"]): record for email in asked for record in self.run.webstore.customers_by_email(email)}
        more = {key: record for key, record in found.items() if key not in self.chosen[0]}
        # a full read shows no account of another role
        hidden = kept_out(self.run, [table_of(self.run, Side.WEBSTORE, more.values())]) if more else ()
        return self._land(
            Side.WEBSTORE, {key: record for key, record in {**self.chosen[0], **more}.items() if key not in hidden}
        )

    def _company(self, asking: Collection[pa.Table]) -> Extraction:
        """Business Central's customers who may share evidence with some customers, or all."""
        run = self.run
        known = hidden_cards_of(run)
        too_many = sum(table.num_rows for table in asking) > _MOST_ACCOUNTS
        if (
            known is None
            or too_many
            or _is_judged_whole(run, Side.BUSINESS_CENTRAL)
            or not can_be_asked(run.rules.fields)
        ):
            return self._whole(Side.BUSINESS_CENTRAL)
        texts = texts_of(*asking)
        try:
            found = run.business_central.customers_by_evidence(texts.emails, texts.names, texts.numbers)
        except RemoteRefused as refused:  # whoever cannot be asked is read: slower, and nobody is taken for absent
            run.warnings.append(f"Business Central was read whole, since it refused a look-up: {refused.message}")
            return self._whole(Side.BUSINESS_CENTRAL)

        def keep(records: list[dict[str, Any]]) -> None:
            found.update({str(record["id"]).lower(): record for record in records})

        run.business_central.read_customers(
            keep,
            select=business_central_customer.api_fields(run.rules.fields),
            changed_since=known.seen_until,
            overlap_seconds=OVERLAP_SECONDS,
        )
        unseen = [key for key in known.unaskable if key not in found]
        found |= {key.lower(): record for key, record in run.business_central.customers_by_id(unseen).items()}
        return self._land(Side.BUSINESS_CENTRAL, {**found, **self.chosen[1]})

    def _landed_sharing(self, side: Side, keys: Mapping[str, frozenset[str]]) -> pa.Table:
        """Canonical values of those who were landed and share evidence; no more is held than a partition and these."""
        found = []
        for number in range(self.partitions.count):
            extract = extract_of(side, self.partitions.read(str(side), number), self.run.terms)
            found.append(sharing_with(extract.canonical, keys))
        return pa.concat_tables(found)

    def _whole(self, side: Side) -> Extraction:
        """All customers of a side, and those that were chosen though the list does not show them (accounts of other roles)."""
        extract: Callable[..., Extraction] = extract_webstore if side is Side.WEBSTORE else extract_business_central
        everybody = extract(self.run, self.partitions, self.placement)
        chosen = self.chosen[0] if side is Side.WEBSTORE else self.chosen[1]
        listed: set[Any] = set()
        for number in range(self.partitions.count):
            ids = self.partitions.read(str(side), number, [IDS[side]])[IDS[side]]
            listed |= set(ids.to_pylist()) & set(chosen)
        more = table_of(self.run, side, [record for key, record in chosen.items() if key not in listed])
        land(side, self.partitions, self.placement, more, "chosen")
        return replace(everybody, rows=everybody.rows + more.num_rows)

    def _land(self, side: Side, records: Records) -> Extraction:
        return landed(self.run, side, self.partitions, self.placement, records)


def _is_judged_whole(run: Run, side: Side) -> bool:
    """Whether an expectation sets customers apart by what others have. The server itself keeps numbers unique."""
    return any(
        takes_all(expectation)
        and expectation.words not in WHOLE
        and expectation.severity is not Severity.WARN
        and (side, expectation.fields) != (Side.BUSINESS_CENTRAL, ["number"])
        for expectation in run.rules.suites.get(str(side), ())
    )


def land(side: Side, partitions: Partitions, placement: Placement, table: pa.Table, piece: str = "0") -> None:
    """Land some customers of a side."""
    with partitions.landing(str(side), table.schema, places(side, placement), piece) as landing:
        landing.add(table)


def landed(
    run: Run, side: Side, partitions: Partitions, placement: Placement, records: Mapping[Any, dict[str, Any]]
) -> Extraction:
    """Land records of a side that were asked for one by one."""
    table = table_of(run, side, records.values())
    land(side, partitions, placement, table)
    census = Census(rows=table.num_rows, announced=None, pages=0, requests=0, rereads=0, watermark=None)
    return Extraction(census, table.num_rows, side is not Side.WEBSTORE or webstore_customer.meta_shown(table))
