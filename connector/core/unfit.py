"""Values that will not survive the way to the other system: unknown places, too long, refused, or mangled on the way."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connector.core.acceptance import refusal
from connector.core.customer import FieldRule, Side
from connector.core.extracts import Extract
from connector.core.terms import Terms

__all__ = ["EXAMPLES", "Check", "check_of", "in_order", "unfit_values"]

EXAMPLES = 5
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"


@dataclass(frozen=True)
class Check:
    """One finding.

    Attributes:
        topic: what it is about, the same for both systems: `same e-mail`, `no country` …
        count: customers concerned; 0 = looked for and not found.
        examples: the first of them, by number or `woo:ID`; groups as `N1 = N2`.
        remedy: what it means for the synchronisation, and what can be done.
        codes: which values were met that are nobody's secret, such as countries.
        fields: of how many customers each field is concerned.
    """

    topic: str
    system: str
    count: int
    finding: str
    examples: tuple[str, ...] = ()
    remedy: str = ""
    codes: frozenset[str] = frozenset()
    fields: Mapping[str, int] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """The finding as people read it, with codes and fields."""
        codes = ", ".join(sorted(self.codes)[:EXAMPLES])
        fields = ", ".join(f"{name} {count:,}" for name, count in sorted(self.fields.items()))
        return self.finding + f": {codes}" * bool(codes) + f" ({fields})" * bool(fields)

    def __add__(self, other: Check) -> Check:
        """What is found among the customers of both, who are not the same."""
        examples = sorted({*self.examples, *other.examples}, key=in_order)[:EXAMPLES]
        fields = Counter(self.fields) + Counter(other.fields)
        return replace(
            self,
            count=self.count + other.count,
            examples=tuple(examples),
            codes=self.codes | other.codes,
            fields=fields,
        )


def in_order(label: str) -> tuple[int, str]:
    """By which labels are sorted: ids by their number."""
    return len(label), label


def check_of(
    topic: str, side: Side, rows: Collection[int], names: Sequence[str], finding: str, remedy: str, **told: Any
) -> Check:
    """A check of some rows; the first ones by their names are its examples."""
    examples = heapq.nsmallest(EXAMPLES, (names[row] for row in rows), in_order)
    return Check(topic, str(side), len(rows), finding, tuple(examples), remedy, **told)


def unfit_values(side: Side, extract: Extract, names: Sequence[str], terms: Terms) -> Iterator[Check]:
    """What is wrong with the values of one system's customers.

    Args:
        names: what each customer is called in the report, row by row.
    """
    yield from _places(side, extract, names, terms)
    yield from _refused(side, extract, names, terms)
    yield from _characters(side, extract, names)


def _places(side: Side, extract: Extract, names: Sequence[str], terms: Terms) -> Iterator[Check]:
    country, geography = terms.rules.country, terms.geography
    if not country:
        return
    countries = extract.canonical[country].to_pylist()
    known = {
        code: len(code) == 2 and (side is Side.BUSINESS_CENTRAL or geography.company_country(code) is not None)
        for code in set(countries)
    }
    unknown = [row for row, code in enumerate(countries) if code and not known[code]]
    where = "the company does not have" if side is Side.WEBSTORE else "are no ISO codes"
    yield check_of(
        "unknown country", side, unknown, names, f"customers have countries that {where}",
        "Add the country to the company, or give it a line in mappings/countries.csv.",
        codes=frozenset(countries[row][:10] for row in unknown),
    )  # fmt: skip
    state = next((rule.field for rule in terms.rules.rules if rule.normalizer == "state"), "")
    if state and terms.rules.country_of(state) == country:
        states = extract.canonical[state].to_pylist()
        odd = {p for p in set(zip(countries, states, strict=True)) if geography.unknown_state(*p)}
        rows = [row for row, pair in enumerate(zip(countries, states, strict=True)) if pair in odd]
        yield check_of(
            "unknown state", side, rows, names, "customers have a text that is no state of their country",
            "It never replaces a state that the webstore knows. Else it is passed on as it is, left out, or quarantined: "
            "mappings/state_policies.csv. Give a spelling of a state a line in mappings/states.csv.",
        )  # fmt: skip


def _refused(side: Side, extract: Extract, names: Sequence[str], terms: Terms) -> Iterator[Check]:
    """Values that the other system would refuse, cut or destroy: they are left out, and told, once they must travel."""
    too_long: dict[str, set[int]] = defaultdict(set)
    others: dict[str, set[int]] = defaultdict(set)
    for rule in terms.rules.rules:
        if (side.other.value == "webstore" and not rule.pushes) or (side.other.value != "webstore" and not rule.pulls):
            continue
        for reason, rows in _reasons(side, rule, extract, terms):
            (too_long if "characters" in reason else others)[rule.field].update(rows)
    yield from (
        _by_field("too long", side, too_long, names, "values are longer than the other system keeps"),
        _by_field("refused value", side, others, names, "values are refused by the other system, or would be mangled"),
    )


def _reasons(side: Side, rule: FieldRule, extract: Extract, terms: Terms) -> Iterator[tuple[str, Sequence[int]]]:
    values = extract.canonical[rule.field].to_pylist()
    country_field = terms.rules.country_of(rule.field)
    countries = extract.canonical[country_field].to_pylist() if country_field else [""] * len(values)
    if rule.normalizer == "country":
        return
    by_value: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, pair in enumerate(zip(values, countries, strict=True)):
        if pair[0]:
            by_value[pair if rule.normalizer in {"state", "phone"} else (pair[0], "")].append(row)
    for (value, country), rows in by_value.items():
        reason = refusal(side.other, rule, value, terms.geography, creating=False, country=country)
        if reason:
            yield reason, rows


def _by_field(topic: str, side: Side, fields: Mapping[str, set[int]], names: Sequence[str], finding: str) -> Check:
    return check_of(
        topic, side, set().union(*fields.values()), names, finding,
        "Nothing is cut: such a value is left out when it must travel, and the rest goes. Shorten or correct it.",
        fields={name: len(rows) for name, rows in fields.items()},
    )  # fmt: skip


def _characters(side: Side, extract: Extract, names: Sequence[str]) -> Iterator[Check]:
    raw = extract.raw
    texts = [c for c in raw.column_names if c not in {"malformed", "etag"} and pa.types.is_large_string(raw[c].type)]
    for topic, pattern, finding, remedy in (
        ("control characters", _CONTROL, "customers have control characters in a value", "They are left out."),
        (
            "damaged characters", "\ufffd", "customers have letters that an import has damaged (�)",
            "They are quarantined until corrected.",
        ),
        ("backslashes", r"\\", "customers have backslashes in a value", "The webstore drops them; correct them first."),
    ):  # fmt: skip
        rows: set[int] = set()
        for name in texts:
            rows |= set(pc.indices_nonzero(pc.match_substring_regex(raw[name], pattern)).to_pylist())
        yield check_of(topic, side, rows, names, finding, remedy)
