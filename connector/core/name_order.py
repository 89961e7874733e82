"""Names whose order changes because the country does.

In some countries the family name comes first (mappings/names.csv), so the one name that is composed of an account's two
names depends on its country: Nagy János moves from Hungary to Austria and is János Nagy there, though nobody edited his
name. That is no change to carry over, and no reason to rename him in Business Central. Nor is "Müller, Hans", for an account
whose names are Hans and Müller.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.core.comma_names import turned_as_the_account
from connector.core.customer import FieldRules
from connector.core.merge import Verdict
from connector.core.names import compose
from connector.core.normalize import clean, text_key
from connector.core.webstore_customer import account_text, name_as_in

__all__ = ["also_agreed", "decide_name", "told_by_the_account"]

Base = Mapping[str, str | None]
_OF_THE_WEBSTORE = (Verdict.PULL, Verdict.PULL_WITHHELD)


def decide_name(
    verdicts: Mapping[str, Verdict],
    webstore: Mapping[str, str],
    business_central: Mapping[str, str],
    base: Base,
    raw: Mapping[str, Any],
    rules: FieldRules,
) -> tuple[Mapping[str, Verdict], Mapping[str, str]]:
    """The verdicts and the webstore's values, with the order of the name settled.

    A name that only changed its order is agreed on. When the country is pushed, the name counts as it will be composed
    then: equal to Business Central's, it needs no verdict (also_agreed moves its base); else that is what is pulled.

    Args:
        webstore, business_central, base: canonical values; the base is the webstore's.
        raw: the webstore customer's row as the API gave it.
    """
    verdict, country = verdicts.get("name"), business_central.get(rules.country, "")
    if verdict is None:
        return verdicts, webstore
    if verdicts.get(rules.country) is Verdict.PUSH:
        after = name_as_in(raw, rules, country)
        if not _same(after, webstore["name"]) and _same(after, business_central["name"]):
            return {name: v for name, v in verdicts.items() if name != "name"}, webstore
        if verdict is Verdict.PULL:
            webstore = {**webstore, "name": after}
    if verdict in _OF_THE_WEBSTORE and _only_reordered(webstore, base, raw, rules):
        return {**verdicts, "name": Verdict.AGREE}, webstore
    return verdicts, webstore


def _only_reordered(webstore: Mapping[str, str], base: Base, raw: Mapping[str, Any], rules: FieldRules) -> bool:
    """Whether the name differs from its base only because the country stands for another order than before."""
    before, name = base.get(rules.country), base.get("name")
    if name is None or not rules.country or before == webstore[rules.country]:
        return False
    countries = [before] if before is not None else ["", *rules.cultures.by_country]
    return any(_same(name_as_in(raw, rules, country), name) for country in countries)


def also_agreed(
    pushed: Mapping[str, str],
    webstore: Mapping[str, str],
    business_central: Mapping[str, str],
    bases: tuple[Base, Base],
    raw: Mapping[str, Any],
    rules: FieldRules,
) -> dict[str, str]:
    """The name, if a pushed country changes its order in the webstore: what is stored then is what both agreed on.

    Args:
        pushed: canonical values that are written to the webstore.
        bases: of the webstore and of Business Central; a name that somebody changed since is nobody's agreement.
        raw: the webstore customer's row as the API gave it.
    """
    country = pushed.get(rules.country)
    if country is None or "name" in pushed:
        return {}
    after, now, other = name_as_in(raw, rules, country), webstore["name"], business_central["name"]
    if _same(after, now):
        return {}
    before = tuple(base.get("name") for base in bases)
    unchanged = all(b is not None and _same(b, n) for b, n in zip(before, (now, other), strict=True))
    agreed = _same(after, other) or unchanged or (before == (None, None) and _same(now, other))
    return {"name": other} if agreed else {}


def told_by_the_account(
    verdicts: Mapping[str, Verdict],
    webstore: Mapping[str, str],
    business_central: Mapping[str, str],
    raw: Mapping[str, Any],
    business_central_raw: Mapping[str, Any],
    rules: FieldRules,
) -> tuple[Mapping[str, Verdict], Mapping[str, str]]:
    """The verdicts, and the name to push if it is another one than Business Central's: who is no `Person` there may be one all
    the same, and is, where his name is "Last, First" and the account bears one of the two. And who is a `Person` there may be a
    company with a comma in its name, and is, where the account's company bears the very name.

    Args:
        webstore, business_central: canonical values.
        raw, business_central_raw: the rows as the APIs gave them.
    """
    if "name" not in verdicts:
        return verdicts, {}
    if clean(raw["billing.company"]):
        same = _same(str(business_central_raw["displayName"]), webstore["name"])
        return ({**verdicts, "name": Verdict.AGREE} if same else verdicts), {}
    culture = rules.cultures.of(business_central.get(rules.country, ""))
    account = (account_text(raw["first_name"]), account_text(raw["last_name"]))
    if not any(account):
        account = (clean(raw["billing.first_name"]), clean(raw["billing.last_name"]))
    found = turned_as_the_account(business_central["name"], account, culture)
    if found is None:
        return verdicts, {}
    if _same(compose(*found, culture), webstore["name"]):
        return {**verdicts, "name": Verdict.AGREE}, {}
    return verdicts, {"name": compose(*found, culture)}


def _same(one: str, other: str) -> bool:
    return text_key(one) == text_key(other)
