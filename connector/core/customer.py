"""The canonical customer: what both systems mean by the same fields.

Glossary (used everywhere): *webstore customer* and *Business Central customer* are the records of the two systems;
a *canonical* value is what a record says of one field, cleaned and in the webstore's codes (ISO countries, state
codes), so that the two sides can be put beside each other; a *key* is a canonical value normalised for comparing only.

Text is never null in a frame: "" means the field is blank. Null appears in base frames alone and means "no base yet".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connector.core.names import Cultures
from connector.core.properties import Property, expected_kind, in_place, known_property, place_of

__all__ = ["Direction", "FieldRule", "FieldRules", "Side", "scalar_of", "text_of", "texts_of"]


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
        webstore: path in a WooCommerce customer (`billing.city`, `meta:KEY`), `name` for the composed name, or `vat` for
            the first of the VAT keys that holds a value.
        business_central: property of a Business Central customer.
        directions: the ways this field may travel.
        conflict, first_link, blank: this field's own policy; "" = the setup's.
        max_length: characters that Business Central keeps.
        normalizer: the kind of value: how it is read, compared and written (see connector/core/normalize.py).
        too_long: what a longer value does: `quarantine` the customer.
        default: what a customer that is created gets where the source is blank; "" = nothing.
        options: the allowed values of an `option`, spelled as they are written.
        shown: the property as the page's metadata shows it; None = the page was not asked.
        closed: why a direction is closed that the file opens; "" = none is.
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
    default: str = ""
    options: tuple[str, ...] = ()
    shown: Property | None = None
    closed: str = ""

    @cached_property
    def kind(self) -> str:
        """The kind of its property of Business Central."""
        found = self.shown or known_property(self.business_central)
        return found.kind if found else expected_kind(self.normalizer)

    @cached_property
    def most(self) -> int:
        """UTF-16 units that Business Central keeps of a text; 0 = it says no limit."""
        return self.max_length if self.kind in {"text", "code"} else 0

    @cached_property
    def address(self) -> str:
        """`billing` or `shipping`; "" for what belongs to neither in the webstore."""
        part, dot, _ = self.webstore.partition(".")
        return part if dot and not self.in_metadata else ""

    @cached_property
    def in_ship_to(self) -> bool:
        """Whether Business Central keeps this field in the ship-to address."""
        return bool(place_of(self.business_central))

    @cached_property
    def meta_key(self) -> str:
        """The key of a `meta:KEY` path; "" for every other path."""
        return self.webstore.removeprefix("meta:") if self.webstore.startswith("meta:") else ""

    @cached_property
    def pushes(self) -> bool:
        """Whether the field travels to the webstore."""
        return Direction.PUSH in self.directions

    @cached_property
    def pulls(self) -> bool:
        """Whether the field travels to Business Central."""
        return Direction.PULL in self.directions

    @cached_property
    def in_metadata(self) -> bool:
        """Whether the webstore keeps this field in `meta_data`, which it shows to administrators' keys alone."""
        return self.webstore == "vat" or bool(self.meta_key)


@dataclass(frozen=True)
class FieldRules:
    """The field map: rules in file order, and a digest of the files they came from.

    Attributes:
        vat_keys: where the webstore may keep a VAT number, the preferred key first.
        cultures: how names are composed and split.
        absent: properties of API v2.0 that the page does not have; nothing is asked of it, and they are blank.
        page: what the page showed of the properties that are mapped, as a digest; "" = it was not asked.
    """

    rules: tuple[FieldRule, ...]
    digest: str = ""
    vat_keys: tuple[str, ...] = ()
    cultures: Cultures = field(default_factory=Cultures)
    absent: frozenset[str] = frozenset()
    page: str = ""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Canonical field names in file order."""
        return tuple(rule.field for rule in self.rules)

    @cached_property
    def by_name(self) -> Mapping[str, FieldRule]:
        """Rules by canonical field name."""
        return {rule.field: rule for rule in self.rules}

    @cached_property
    def by_property(self) -> Mapping[str, tuple[FieldRule, ...]]:
        """Rules by Business Central property."""
        found: dict[str, tuple[FieldRule, ...]] = {}
        for rule in self.rules:
            found[rule.business_central] = (*found.get(rule.business_central, ()), rule)
        return found

    @cached_property
    def normalizers(self) -> dict[str, str]:
        """Canonical field → name of its normaliser."""
        return {rule.field: rule.normalizer for rule in self.rules}

    @cached_property
    def defaults(self) -> Mapping[Direction, Mapping[str, str]]:
        """Canonical field → what a customer that is created gets where the source is blank, for each direction."""
        return {
            way: {rule.field: rule.default for rule in self.rules if rule.default and way in rule.directions}
            for way in Direction
        }

    @cached_property
    def states(self) -> tuple[FieldRule, ...]:
        """The rules of fields that hold a state."""
        return tuple(rule for rule in self.rules if rule.normalizer == "state")

    @cached_property
    def country(self) -> str:
        """The field that holds the customer's country; "" when none is mapped."""
        found = [rule for rule in self.rules if rule.normalizer == "country" and not rule.in_ship_to]
        return next((r.field for r in found if r.business_central == "country"), found[0].field if found else "")

    @cached_property
    def _countries(self) -> Mapping[str, str]:
        """Field → the one that holds the country of its address: that of the same address in the webstore, or in the same place
        of Business Central, or the customer's."""
        found = [rule for rule in reversed(self.rules) if rule.normalizer == "country"]
        by_address = {rule.address: rule.field for rule in found}
        by_place = {place_of(rule.business_central): rule.field for rule in found} | {"": self.country}
        return {
            rule.field: by_address.get(rule.address) or by_place.get(place_of(rule.business_central), "")
            for rule in self.rules
        }

    def country_of(self, field: str) -> str:
        """The field that holds the country of the address that a field belongs to; "" when none is mapped."""
        return self._countries[field]

    def country_property_of(self, rule: FieldRule) -> str:
        """The property of Business Central that holds the country of a field's address."""
        field = self.country_of(rule.field)
        return self.by_name[field].business_central if field else in_place("country", rule.business_central)

    @cached_property
    def needs_ship_to(self) -> bool:
        """Whether a field stands in the ship-to address."""
        return any(rule.in_ship_to for rule in self.rules)

    def without_ship_to(self) -> FieldRules:
        """The rules that can be followed of a record that does not show its ship-to address."""
        return replace(self, rules=tuple(rule for rule in self.rules if not rule.in_ship_to))

    @cached_property
    def meta_keys(self) -> tuple[str, ...]:
        """The meta keys that these rules read, each once."""
        keys = [key for rule in self.rules for key in (self.vat_keys if rule.webstore == "vat" else [rule.meta_key])]
        return tuple(dict.fromkeys(key for key in keys if key))

    def only(self, fields: Collection[str]) -> FieldRules:
        """The rules of some fields, and nothing else."""
        return replace(self, rules=tuple(rule for rule in self.rules if rule.field in fields))

    def without_metadata(self) -> FieldRules:
        """The rules that can be followed when the webstore does not show `meta_data`."""
        return replace(self, rules=tuple(rule for rule in self.rules if not rule.in_metadata))


def text_of(value: Any, name: str, wrong: list[str]) -> str:
    """A text of an API record; null is blank. What is no text, or cannot be stored as one, is blank and named in `wrong`."""
    if value is None:
        return ""
    if isinstance(value, str):
        if value.isascii():
            return value
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:  # half of a surrogate pair: no database and no file can hold it
            wrong.append(name)
            return ""
        return value
    wrong.append(name)
    return ""


def texts_of(values: Sequence[Any]) -> pa.Array | None:
    """`text_of` of a column at once; None when one of the values is no text, or cannot be stored as one."""
    try:
        texts = pa.array(values, type=pa.large_string())
        return pc.fill_null(texts, "") if texts.null_count else texts
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError):
        return None


def scalar_of(value: Any, name: str, wrong: list[str]) -> str:
    """A number, truth value or text of an API record as text: `true`, `12.5`; lists and objects are named in `wrong`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return text_of(value, name, wrong)
