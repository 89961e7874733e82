"""What the record linkage compares, and what each outcome weighs (see linkage.py).

A weight is the logarithm of how much likelier an outcome is with the same customer than with two strangers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["A_WORLD", "BLOCKS", "COMPARISONS", "IDENTIFYING", "comparison", "shared_by_others"]


@dataclass(frozen=True)
class _Level:
    """One outcome of a comparison.

    Attributes:
        condition: SQL over the columns of both customers (_l and _r); of several that hold the first counts.
        text: what it is called in explanations.
        same: how often two records of one customer end here, as a share of those that have the evidence.
        strangers: the same of two customers who are not the same.
        rare: column by whose values `strangers` is counted in each run instead: rarer values weigh more.
    """

    condition: str
    text: str
    same: float
    strangers: float
    rare: str = ""


def _equal(*columns: str) -> str:
    return " AND ".join(f"{column}_l = {column}_r" for column in columns)


def _slips(column: str, most: int, longer_than: int = 0) -> str:
    """At most so many letters changed, left out, added or swapped; the lengths first, because they are cheap."""
    return (
        f"abs(length({column}_l) - length({column}_r)) <= {most} AND length({column}_l) > {longer_than} "
        f"AND damerau_levenshtein({column}_l, {column}_r) <= {most}"
    )


_ONE_INITIAL = (
    "substr(given_l, 1, 1) = substr(given_r, 1, 1) AND (length(given_l) = 1 OR length(given_r) = 1) AND "
) + _equal("family")
_ONE_SLIP_OR_TWO = " OR ".join(f"({_slips(*way)})" for way in (("letters", 1), ("letters", 2, 10), ("full_name", 1)))
_ALIKE_NAMES = 5  # the first levels of the names are spellings of one name
# Shares as they were counted on labelled customers, rounded; a comparison without its column on either side weighs nothing.
COMPARISONS: dict[str, tuple[str, tuple[_Level, ...]]] = {
    "name": (
        "full_name",
        (
            _Level(_equal("full_name"), "same name", 0.83, 1e-4, "full_name"),
            _Level(_equal("letters"), "same letters", 0.02, 1e-5),
            _Level(_ONE_INITIAL, "same family name and initial", 0.03, 3e-5),
            _Level(
                f"(({_equal('given', 'family')}) OR {_equal('beginning')}) AND {_equal('kind')}",
                "one name more",
                0.03,
                2e-5,
            ),
            _Level(_ONE_SLIP_OR_TWO, "names hardly differ", 0.07, 1e-4),
            _Level(_equal("family"), "same last word, another first", 0.001, 5e-3, "family"),
            _Level(_equal("given"), "same first word, another last", 0.01, 5e-3, "given"),
            _Level("ELSE", "other name", 0.01, 0.99),
        ),
    ),
    "email": (
        "email",
        (
            _Level(_equal("email"), "same e-mail", 0.74, 1e-4, "email"),
            _Level(f"{_equal('email_digits')} AND {_slips('email', 1)}", "e-mails hardly differ", 0.03, 7e-5),
            _Level(_equal("mailbox"), "same mailbox name elsewhere", 0.01, 1e-3, "mailbox"),
            _Level("ELSE", "other e-mail", 0.22, 0.998),
        ),
    ),
    "phone": (
        "phone",
        (
            _Level(_equal("phone"), "same phone", 0.9, 1e-4, "phone"),
            _Level(_slips("phone", 1), "phones hardly differ", 0.005, 1e-4),
            _Level("ELSE", "other phone", 0.1, 0.999),
        ),
    ),
    "address": (
        "place",
        (
            _Level(_equal("place"), "same address", 0.89, 1e-4, "place"),
            _Level(_equal("house", "street", "city"), "same street and city", 0.035, 3e-5),
            _Level(_equal("postcode"), "same postal code", 0.01, 5e-3, "postcode"),
            _Level(_equal("city"), "same city", 0.01, 2e-2, "city"),
            _Level("ELSE", "other address", 0.055, 0.97),
        ),
    ),
    "vat": (
        "vat",
        (
            _Level(_equal("vat"), "same VAT number", 0.97, 1e-4, "vat"),
            _Level("ELSE", "other VAT number", 0.03, 0.999),
        ),
    ),
}
# What a family or an office shares is one piece of evidence, not three: where names differ, only the first of these counts.
_HOUSEHOLD = ("email", "phone", "place", "vat")
_NAMES_ALIKE = " OR ".join(f"({level.condition})" for level in COMPARISONS["name"][1][:_ALIKE_NAMES])
# columns of which hardly any two strangers have the same value
IDENTIFYING = ("full_name", "email", "phone", "place", "vat")
A_WORLD = 2_000
# pairs are weighed only when they share one of these
BLOCKS: tuple[tuple[str, ...], ...] = (
    ("email",), ("phone",), ("vat",), ("full_name",), ("postcode", "house"), ("mailbox",), ("family", "postcode"),
    ("given", "postcode"), ("street", "house", "city"),
)  # fmt: skip


def comparison(name: str) -> dict[str, Any]:
    """One of COMPARISONS as the engine wants it."""
    column, levels = COMPARISONS[name]
    made = [
        {
            "sql_condition": level.condition,
            "label_for_charts": level.text,
            "m_probability": level.same,
            "u_probability": level.strangers,
            **({"tf_adjustment_column": level.rare} if level.rare else {}),
        }
        for level in levels
    ]
    told = _equal("letters") if name == "name" else "false"  # by a mailbox such as annaberg@
    return {"output_column_name": name, "comparison_levels": [_missing(column, told), *made]}


def shared_by_others(customers: int) -> dict[str, Any]:
    """The correction for families and offices: minus the weight that a second, third, … shared piece of evidence has."""
    shared = "(" + " + ".join(f"coalesce({column}_l = {column}_r, false)::int" for column in _HOUSEHOLD) + ")"
    conditions = {f"{shared} < 2": 1.0, _NAMES_ALIKE: 1.0}
    conditions |= {f"{shared} = {count}": (2 / customers) ** (count - 1) for count in range(2, len(_HOUSEHOLD))}
    conditions["ELSE"] = (2 / customers) ** (len(_HOUSEHOLD) - 1)
    levels = [
        {"sql_condition": condition, "label_for_charts": condition, "m_probability": same, "u_probability": 1.0}
        for condition, same in conditions.items()
    ]
    return {"output_column_name": "shared", "comparison_levels": [_missing("full_name"), *levels]}


def _missing(column: str, told: str = "false") -> dict[str, Any]:
    condition = f"({column}_l IS NULL OR {column}_r IS NULL) AND NOT coalesce({told}, false)"
    return {"sql_condition": condition, "label_for_charts": "missing", "is_null_level": True}
