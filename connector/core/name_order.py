"""Names whose order changes because the country did.

In some countries the family name comes first (mappings/names.csv), so the one name that is composed of an account's two
names depends on its country: Nagy János moves from Hungary to Austria and is János Nagy there, though nobody edited his
name. That is no change to carry over, and no reason to rename him in Business Central.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.core.customer import FieldRules
from connector.core.normalize import text_key
from connector.core.webstore_customer import name_as_in

__all__ = ["also_agreed", "only_reordered"]


def only_reordered(
    webstore: Mapping[str, str], base: Mapping[str, str | None], raw: Mapping[str, Any], rules: FieldRules
) -> bool:
    """Whether a webstore customer's name differs from its base only because the country stands for another order.

    Args:
        webstore, base: canonical values now and when both sides last agreed.
        raw: the customer's row as the API gave it.
    """
    before, name = base.get(rules.country), base.get("name")
    if before is None or name is None or not _orders_differ(before, webstore[rules.country], rules):
        return False
    return text_key(name_as_in(raw, rules, before)) == text_key(name)


def also_agreed(
    pushed: Mapping[str, str],
    webstore: Mapping[str, str],
    business_central: Mapping[str, str],
    bases: tuple[Mapping[str, str | None], Mapping[str, str | None]],
    rules: FieldRules,
) -> dict[str, str]:
    """The name, if a pushed country changes its order in the webstore: what is stored then is what both agreed on.

    Args:
        pushed: canonical values that are written to the webstore.
        bases: of the webstore and of Business Central; a name that differs from them is nobody's agreement.
    """
    country = pushed.get(rules.country)
    if country is None or "name" in pushed or not _orders_differ(webstore[rules.country], country, rules):
        return {}
    now = (webstore["name"], business_central["name"])
    agreed = all(
        b.get("name") is not None and text_key(b["name"] or "") == text_key(n) for b, n in zip(bases, now, strict=True)
    )
    return {"name": business_central["name"]} if agreed else {}


def _orders_differ(one: str, other: str, rules: FieldRules) -> bool:
    return rules.cultures.of(one).family_first != rules.cultures.of(other).family_first
