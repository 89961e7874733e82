"""The canonical customer: what both systems mean by the same fields.

Glossary (used everywhere): *webstore customer* and *Business Central customer* are the records of the two systems;
a *canonical* value is what a record says of one field, cleaned and in the webstore's codes (ISO countries, state
codes), so that the two sides can be put beside each other; a *key* is a canonical value normalised for comparing only.

Text is never null in a frame: "" means the field is blank. Null appears in base frames alone and means "no base yet".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Direction", "FieldRule", "FieldRules", "Side", "text_of"]


class Side(StrEnum):
    """One of the two systems."""

    WEBSTORE = "webstore"
    BUSINESS_CENTRAL = "business_central"

    @property
    def other(self) -> Side:
        """The opposite system."""
        return Side.BUSINESS_CENTRAL if self is Side.WEBSTORE else Side.WEBSTORE


class Direction(StrEnum):
    """Which way a field, or a change, travels."""

    PUSH = "push"
    PULL = "pull"

    @property
    def target(self) -> Side:
        """The system that is written."""
        return Side.WEBSTORE if self is Direction.PUSH else Side.BUSINESS_CENTRAL


@dataclass(frozen=True)
class FieldRule:
    """One row of mappings/fields.csv.

    Attributes:
        field: canonical name.
        webstore: path in a WooCommerce customer (`billing.city`), or `name` for the composed name.
        business_central: property of a Business Central customer.
        directions: the ways this field may travel.
        conflict, first_link, blank: this field's own policy; "" = the setup's.
        max_length: characters that Business Central keeps.
        normalizer: how values are compared (see connector/core/normalize.py).
        too_long: what a longer value does: `quarantine` the customer.
    """

    field: str
    webstore: str
    business_central: str
    directions: frozenset[Direction]
    conflict: str
    first_link: str
    blank: str
    max_length: int
    normalizer: str
    too_long: str = "quarantine"


@dataclass(frozen=True)
class FieldRules:
    """The field map: rules in file order, and a digest of the files they came from."""

    rules: tuple[FieldRule, ...]
    digest: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Canonical field names in file order."""
        return tuple(rule.field for rule in self.rules)

    @property
    def by_name(self) -> Mapping[str, FieldRule]:
        """Rules by canonical field name."""
        return {rule.field: rule for rule in self.rules}


def text_of(value: Any, name: str, wrong: list[str]) -> str:
    """A text of an API record; null is blank. What is no text, or cannot be stored as one, is blank and named in `wrong`."""
    if value is None:
        return ""
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:  # half of a surrogate pair: no database and no file can hold it
            wrong.append(name)
            return ""
        return value
    wrong.append(name)
    return ""
