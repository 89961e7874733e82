"""Customers that one side has and the other does not: what is created there, with which values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connector.core import business_central_customer, webstore_customer
from connector.core.business_central_order import in_order, is_blank
from connector.core.carrying import carried
from connector.core.comma_names import parts_of
from connector.core.customer import Direction
from connector.core.customer_key import customer_key
from connector.core.evidence import evidence_of, loose, rung_keys
from connector.core.gc_pause import collector_resting
from connector.core.identity import as_shown, marks_of
from connector.core.mail_address import SEVERAL
from connector.core.matching import Ambiguity
from connector.core.normalize import by_unique, email_key, email_keys
from connector.core.plan import Change, Quarantined, Write
from connector.core.terms import Terms
from connector.core.updates import Decisions

__all__ = ["decide_creates", "of_nobody_else", "one_per_person", "without_customers"]

_NEEDED = "; nobody is created without it"
_REASONS = {
    Direction.PUSH: "ticked as Webstore Customer and not in the webstore yet",
    Direction.PULL: "in the webstore and not in Business Central yet (Pull Webstore Customers = All)",
}


def decide_creates(
    direction: Direction,
    canonical: pa.Table,
    raw: pa.Table,
    rows: Sequence[int],
    terms: Terms,
    usernames: Mapping[str, str] | None = None,
) -> Decisions:
    """Plan the creation of customers on the other side.

    Args:
        direction: PUSH creates in the webstore, PULL in Business Central.
        canonical, raw: the source side's extract, row by row the same customers.
        rows: which of them are to be created.
        usernames: Business Central id → user name of the mapping row; used when the setup says so.
    """
    decisions = Decisions()
    travelling = [rule.field for rule in terms.rules.rules if direction in rule.directions]
    index = pa.array(rows, type=pa.int64())
    sources = raw.take(index)
    marks = [None] * len(rows) if direction is Direction.PUSH else marks_of(sources).to_pylist()
    with collector_resting():
        for values, source, mark in zip(canonical.take(index).to_pylist(), sources.to_pylist(), marks, strict=True):
            fields = {name: values[name] for name in terms.rules.names}
            travels = {name: fields[name] for name in travelling}
            _decide_create(direction, fields, travels, source, mark, terms, usernames or {}, decisions)
    return decisions


def one_per_person(
    direction: Direction, rows: Sequence[int], canonical: pa.Table, rungs: Collection[str]
) -> tuple[list[int], list[Ambiguity]]:
    """Several customers with one e-mail, or other evidence that links, are never created by themselves: the second would be the
    first's duplicate, and would be asked about if the first had been created a run before.

    Args:
        rungs: the evidence that links by itself.
    """
    alone, several = list(rows), []
    pushing = direction is Direction.PUSH
    ids = canonical["bc_id" if pushing else "webstore_id"].to_pylist()
    for rung in ("email", *(rung for rung in dict.fromkeys(rungs) if rung != "email")):
        groups: dict[str, list[int]] = defaultdict(list)
        for row, key in zip(alone, _keys(canonical, alone, rung), strict=True):
            groups[key or f"row {row}"].append(row)
        alone = [row for group in groups.values() if len(group) == 1 for row in group]
        for group in groups.values():
            if len(group) > 1:
                members = tuple(sorted(ids[row] for row in group))
                reason = f"{len(group)} customers to be created share it"
                several.append(Ambiguity(rung, () if pushing else members, members if pushing else (), reason))
    return alone, several


def _keys(canonical: pa.Table, rows: Sequence[int], rung: str) -> list[str]:
    """What a rung compares, "" = no evidence."""
    some = canonical.take(pa.array(rows, type=pa.int64()))
    if rung == "email":
        emails: list[str] = by_unique(some["email"], email_key).to_pylist()
        return emails
    keys: list[str] = rung_keys(loose(evidence_of(some)), rung).to_pylist()
    return keys


def of_nobody_else(
    rows: Sequence[int], webstore: pa.Table, business_central: pa.Table, rejected: Collection[tuple[str, int]]
) -> tuple[list[int], list[Ambiguity]]:
    """Whose e-mail stands among the further addresses of a Business Central customer waits for a person: it may be the
    bookkeeper of that company.

    Args:
        webstore: canonical values; rows: which of them.
        business_central: the rows as the API gave them.
        rejected: pairs that a person said are not the same.
    """
    several = business_central.filter(pc.match_substring_regex(business_central["email"], SEVERAL))
    owners: dict[str, list[str]] = defaultdict(list)
    for bc_id, text in zip(several["bc_id"].to_pylist(), several["email"].to_pylist(), strict=True):
        for email in email_keys(text):
            owners[email].append(bc_id)
    if not owners:
        return list(rows), []
    emails = by_unique(webstore["email"], email_key).to_pylist()
    ids = webstore["webstore_id"].to_pylist()
    alone, shared = [], []
    for row in rows:
        found = {key for key in owners.get(emails[row], ()) if emails[row] and (key, ids[row]) not in rejected}
        if found:
            reason = "it is one of several addresses there"
            shared.append(Ambiguity("email", (ids[row],), tuple(sorted(found)), reason, {"email": emails[row]}))
        else:
            alone.append(row)
    return alone, shared


def without_customers(created: Decisions, waiting: Collection[Ambiguity]) -> Decisions:
    """The creates without those of customers who wait for a person."""
    names = {customer_key(bc_id, None) for one in waiting for bc_id in one.bc_ids}
    names |= {customer_key(None, webstore_id) for one in waiting for webstore_id in one.webstore_ids}
    return replace(
        created,
        writes=[write for write in created.writes if write.key not in names],
        held=[write for write in created.held if write.key not in names],
    )


def _decide_create(
    direction: Direction,
    fields: Mapping[str, str],
    travels: Mapping[str, str],
    source: Mapping[str, Any],
    mark: int | None,
    terms: Terms,
    usernames: Mapping[str, str],
    decisions: Decisions,
) -> None:
    pushing = direction is Direction.PUSH
    bc_id, number, webstore_id = source.get("bc_id"), source.get("number"), source.get("webstore_id")
    filled = {name: value for name, value in travels.items() if value}
    identity = "email" if pushing else "name"

    def body_of(values: Mapping[str, str]) -> dict[str, Any]:
        there = {name: value for name, value in filled.items() if name in values}
        if pushing:
            parts = parts_of(source, fields.get(terms.rules.country, ""), terms.rules.cultures)
            company = source["type"] != "Person"
            body = webstore_customer.payload(there, terms.rules, None, company=company, parts=parts)
            return body | _account(str(bc_id), fields, body, terms, usernames)
        company = bool(source["billing.company"].strip())
        own = business_central_customer.payload(there, terms.rules, terms.geography, None, company=company)
        return in_order(
            {**own, **{name: v for name, v in terms.template(fields).items() if is_blank(own.get(name, ""))}}
        )

    # tax and address hang on the country: nobody is made with another one than their own
    needed = {identity, terms.rules.country}
    wanted = {identity: fields[identity], **filled}
    can = carried(direction.target, wanted, fields, body_of, terms, needed=needed)
    missing = {name: _NEEDED for name in needed if fields.get(name)}
    decisions.quarantined += [
        Quarantined(str(direction.target.other), bc_id, number, webstore_id, name, why + missing.get(name, ""))
        for name, why in can.left_out.items()
    ]
    if not can.values:
        return
    # what only Business Central gives is pushed by the next run
    known = {name: value for name, value in (fields if pushing else travels).items() if name not in can.left_out}
    reason = _REASONS[direction]
    write = Write(
        direction=direction,
        operation="create",
        bc_id=bc_id,
        bc_number=number,
        webstore_id=webstore_id,
        # an e-mail that is not sent finds nobody again
        natural_key=email_key(known.get("email", "") if "email" in travels else ""),
        changes=tuple(Change(name, "", value, None, reason) for name, value in filled.items() if name in known),
        payload=can.body,
        source=known,
        touched=source["lastModifiedDateTime" if pushing else "modified"],
        account=(None, "") if pushing else (mark, as_shown(source["username"], source["created"])),
    )
    decisions.add_write(write, terms.holds)


def _account(
    bc_id: str, fields: Mapping[str, str], body: Mapping[str, Any], terms: Terms, usernames: Mapping[str, str]
) -> dict[str, Any]:
    """What a new account gets beside its fields. Never a password: the shop makes one and this side never knows it."""
    more: dict[str, Any] = {}
    username = {"email": fields.get("email", ""), "mapping": usernames.get(bc_id, "")}.get(terms.username, "")
    if username:
        more["username"] = username
    if terms.copy_billing_to_shipping and "billing" in body:
        copied = {name: value for name, value in body["billing"].items() if name != "email"}
        more["shipping"] = {**copied, **body.get("shipping", {})}
    return more
