"""Reads the customers of a selected run: those who were named, and everybody needed to decide about them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from connector.core.counting import counted
from connector.core.customer import Side
from connector.core.customer_references import Kind, read_name
from connector.core.partitioning import Placement
from connector.errors import InputError
from connector.extract.asking_once import accounts_by_id, cards_by_id
from connector.extract.extraction import Extraction, read_company_countries
from connector.extract.partitions import Partitions
from connector.extract.rivals import landed, read_with_rivals
from connector.run.run import Run

__all__ = ["Selected", "extract_selected", "with_counterparts"]


@dataclass(frozen=True)
class Selected:
    """A selected run's customers: who was selected, and everybody needed to decide about them.

    Attributes:
        keys: Business Central ids and webstore ids; who is linked is selected by both, whichever was named.
    """

    webstore: Extraction
    business_central: Extraction
    keys: frozenset[str | int]


def extract_selected(
    run: Run, partitions: Partitions, placement: Placement, identifiers: Sequence[str], seen: bool = False
) -> Selected:
    """Read selected customers and their mapped counterparts into partitions; and for those who may have to be created, whoever
    shares evidence with them: he may be there already under another e-mail, by his VAT number or his phone (rivals.py).

    Args:
        identifiers: Business Central numbers or ids, `woo:ID`, or e-mails, in any mix.
        seen: nobody has named them: they were there just now. Whoever has gone since is left to the next run, and there may be
            nobody.

    Raises:
        InputError: naming every identifier that nobody has; nothing has been written.
    """
    wanted = [named for named in dict.fromkeys(map(read_name, identifiers)) if named.value]
    emails, guids, accounts, numbers = (
        [named.value for named in wanted if named.kind is kind]
        for kind in (Kind.EMAIL, Kind.ID, Kind.ACCOUNT, Kind.NUMBER)
    )
    webstore_ids = [int(key) for key in accounts]

    w, c = accounts_by_id(run, webstore_ids), cards_by_id(run, guids)
    by_number = run.business_central.customers_by_number(numbers) if numbers else {}
    by_email = run.business_central.customers_by_email(emails) if emails else {}
    w_by_email = {email: run.webstore.customers_by_email(email) for email in emails}
    unknown = [f"woo:{key}" for key in webstore_ids if key not in w]
    unknown += [key for key in guids if key not in c]
    unknown += [number for number in numbers if number not in by_number]
    unknown += [email for email in emails if not by_email.get(email) and not w_by_email[email]]
    if not seen and (not wanted or unknown):
        raise InputError(
            "No customer was selected."
            if not wanted
            else f"Of the selected customers {counted(len(unknown), 'is', 'are')} unknown:",
            problems=[f"{text}: in neither system" for text in unknown],
            hint="Give Business Central numbers or ids, woo:ID, or e-mails. Nothing was written.",
        )
    c |= {str(record["id"]).lower(): record for record in by_number.values()}
    c |= {str(record["id"]).lower(): record for records in by_email.values() for record in records}
    w |= {int(record["id"]): record for records in w_by_email.values() for record in records}
    with run.store.view(run.code) as view:
        mapping = view.mapping.current()
    keys = with_counterparts(mapping, [*w, *c])
    _add_counterparts(run, mapping, w, c)
    waiting = _waiting(run, mapping, keys)
    if waiting:
        return Selected(*read_with_rivals(run, partitions, placement, (w, c), waiting), keys)
    run.know_countries(read_company_countries(run))
    return Selected(
        landed(run, Side.WEBSTORE, partitions, placement, w),
        landed(run, Side.BUSINESS_CENTRAL, partitions, placement, c),
        keys,
    )


def with_counterparts(mapping: pd.DataFrame, keys: Collection[str | int]) -> frozenset[str | int]:
    """Business Central ids and webstore ids, and those that they are linked to: whoever is meant by one of them is by both."""
    rows = mapping[mapping["webstore_id"].notna()]
    rows = rows[rows["bc_id"].isin(keys) | rows["webstore_id"].isin(keys)]
    return frozenset[str | int]([*keys, *rows["bc_id"], *rows["webstore_id"].astype(int)])


def _waiting(run: Run, mapping: pd.DataFrame, keys: frozenset[str | int]) -> frozenset[str | int]:
    """The selected customers whom the flags want on the other side, where nobody is linked to them yet."""
    flags = run.setup.synchronization
    found: set[str | int] = set()
    if str(flags.pull_webstore_customers) == "All":
        found |= {key for key in keys if isinstance(key, int)} - set(mapping["webstore_id"].dropna().astype(int))
    if str(flags.push_webstore_customers) != "None":
        ticked = mapping[mapping["webstore_id"].isna() & mapping["webstore_customer"].astype(bool)]
        found |= keys & set(ticked["bc_id"])
    return frozenset(found)


def _add_counterparts(
    run: Run, mapping: pd.DataFrame, w: dict[int, dict[str, Any]], c: dict[str, dict[str, Any]]
) -> None:
    """Fetch the mapped partner of everybody."""
    linked = mapping[mapping["webstore_id"].notna()]
    partner_w = dict(zip(linked["bc_id"], linked["webstore_id"].astype("int64"), strict=True))
    partner_c = {webstore_id: bc_id for bc_id, webstore_id in partner_w.items()}
    need_w = [partner_w[key] for key in c if key in partner_w and partner_w[key] not in w]
    need_c = [partner_c[key] for key in w if key in partner_c and partner_c[key] not in c]
    w |= accounts_by_id(run, need_w)
    c |= cards_by_id(run, need_c)
