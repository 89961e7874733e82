"""Which customers of both systems a few unmapped ones have to be compared with, and who of them must be asked for.

A match counts when it is unique in both directions (matching.py), so somebody new needs to be told apart from everybody with the
same evidence. Business Central can be asked for all of it (spellings.py), a webstore for e-mails only. So the webstore's
customers are needed as a whole where somebody in Business Central shares anything else with an account, or has anything else by
which another account could be his. Where nobody there shares anything, or the e-mail settles it, they are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from connector.core.customer import FieldRules
from connector.core.evidence import evidence_of, loose, rung_keys
from connector.core.evidence_keys import shares
from connector.core.matching import Ladder
from connector.core.spellings import name_texts, vat_texts

__all__ = ["Texts", "accounts_to_ask_for", "can_be_asked", "keys_of", "only_by_email", "sharing_with", "texts_of"]

# field of the evidence → the property of Business Central that the filters look at, and the normaliser that is counted on
_ASKED: Mapping[str, tuple[str, str]] = {
    "name": ("displayName", "text"),
    "email": ("email", "email"),
    "vat_number": ("taxRegistrationNumber", "vat"),
    "vat": ("taxRegistrationNumber", "vat"),
    "country": ("country", "country"),
}
_EMAIL = "email"

Keys = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Texts:
    """What Business Central is asked for: e-mails as keys, names and VAT numbers as texts."""

    emails: tuple[str, ...]
    names: tuple[str, ...]
    numbers: tuple[str, ...]


def can_be_asked(rules: FieldRules) -> bool:
    """Whether the rules compare the properties that the filters look at."""
    return all(
        (rule.business_central, rule.normalizer) == _ASKED[rule.field] for rule in rules.rules if rule.field in _ASKED
    )


def keys_of(canonical: pa.Table, ladder: Ladder) -> Keys:
    """Rung → evidence of some customers, a phone number by its last digits.

    Args:
        canonical: the id column, then one text column per field of the rules.
    """
    evidence = loose(evidence_of(canonical))
    return {rung: frozenset(rung_keys(evidence, rung).to_pylist()) - {""} for rung in ladder.rungs}


def texts_of(*canonical: pa.Table) -> Texts:
    """What finds, in Business Central, whoever shares evidence with some customers of either side."""
    found: dict[str, set[str]] = {"email": set(), "name": set(), "vat": set()}
    for table in canonical:
        evidence = evidence_of(table)
        for field, values in found.items():
            values.update(evidence[field].to_pylist())
    emails, names, numbers = (sorted(values - {""}) for values in found.values())
    return Texts(
        tuple(emails),
        tuple(dict.fromkeys(text for name in names for text in name_texts(name))),
        tuple(dict.fromkeys(text for number in numbers for text in vat_texts(number))),
    )


def sharing_with(canonical: pa.Table, keys: Keys) -> pa.Table:
    """The customers who have one of some keys."""
    return canonical.filter(pa.array(shares(loose(evidence_of(canonical)), keys)))


def only_by_email(canonical: pa.Table, ladder: Ladder) -> bool:
    """Whether some customers have no evidence but an e-mail."""
    return not any(keys for rung, keys in keys_of(canonical, ladder).items() if rung != _EMAIL)


def accounts_to_ask_for(accounts: pa.Table, cards: pa.Table, ladder: Ladder) -> frozenset[str] | None:
    """The e-mails (as keys) of the accounts that have to be known, to decide about some accounts; None = all accounts have to be.

    Of an account that shares its e-mail, and whose e-mail links, the ladder looks at nothing but its linking rungs: it is matched
    or waits. Another account could still be in question by another linking rung, if the card has evidence for it.

    Args:
        accounts: canonical values of those who wait; cards: of the Business Central customers who share evidence with them.
    """
    theirs, emails = keys_of(cards, ladder), set[str]()
    linking_otherwise = [rung for rung in ladder.link if rung != _EMAIL]
    for row in range(accounts.num_rows):
        mine = keys_of(accounts.slice(row, 1), ladder)
        shared = [rung for rung in ladder.rungs if mine[rung] & theirs[rung]]
        if not shared:
            continue
        if _EMAIL not in shared or _EMAIL not in ladder.link or set(shared) & set(linking_otherwise):
            return None
        others = keys_of(sharing_with(cards, {_EMAIL: mine[_EMAIL]}), ladder)
        if any(others[rung] for rung in linking_otherwise):
            return None
        emails |= mine[_EMAIL]
    return frozenset(emails)
