"""States that a push would lose.

Business Central's state is free text. A text that means no state of the customer's country, written over a code that the
webstore knows, would be refused by the webstore's own forms and its checkout from then on: such a push is withheld.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.core.customer import FieldRules
from connector.core.geography import Geography
from connector.core.normalize import clean

__all__ = ["states_lost", "states_of_country"]


def states_lost(
    pushed: Mapping[str, str],
    webstore: Mapping[str, str],
    business_central: Mapping[str, Any],
    rules: FieldRules,
    geography: Geography,
) -> dict[str, str]:
    """Fields that must not be pushed, with the reason.

    Args:
        pushed: canonical values that are to be written to the webstore.
        webstore: canonical values there.
        business_central: the row as the API gave it: a text that is none may count as blank (mappings/state_policies.csv), and
            that is no reason to clear a state.
    """
    found: dict[str, str] = {}
    for rule in rules.states:
        its_country = rules.country_of(rule.field)
        if rule.field not in pushed or not its_country:
            continue
        country = pushed.get(its_country, webstore[its_country])
        value, written = pushed[rule.field], clean(str(business_central[rule.business_central] or ""))
        kept = geography.is_state(country, webstore[rule.field])
        if kept and (value or written) and not geography.is_state(country, value):
            found[rule.field] = f"no state of {country} that is known (mappings/states.csv), and the webstore has one"
    return found


def states_of_country(
    webstore: Mapping[str, str], business_central: Mapping[str, str], rules: FieldRules, geography: Geography
) -> dict[str, str]:
    """Business Central's states, by field, where it keeps no country, as companies do of their own: they are the webstore's."""
    found: dict[str, str] = {}
    for rule in rules.states:
        country = rules.country_of(rule.field)
        if country and not business_central[country]:
            found[rule.field] = geography.state_code(webstore[country], business_central[rule.field])
    return found
