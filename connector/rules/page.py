"""The field map beside the page of Business Central that customers are read from: what its `$metadata` says it has.

What the file cannot know is settled here: types, lengths, what can be written. A property that the page does not have breaks the
run's premise, since it would look cleared; one that it only shows is not written, and what waits for it is withheld.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from connector.core.customer import Direction, FieldRule, FieldRules
from connector.core.normalize import NORMALIZERS
from connector.core.properties import FIXED, PROPERTIES, Page, Property, known_property, place_of
from connector.errors import PremiseBroken
from connector.rules.kinds import fitting_normalizers

__all__ = ["COPY", "NO_PAGE", "OwnPage", "fitted", "keep_page", "kept_page", "page_problems", "seen_on_page"]

# the copy of what a page had when it was last looked at, beside the rule files
COPY = "business_central_page.json"
# columns without which nobody is read; the others of API v2.0 may be missing where no field needs them
_NEEDED = ("number", "displayName", "email", "lastModifiedDateTime")
_OPTIONAL = ("type", "addressLine1", "addressLine2", "city", "state", "country", "postalCode", "phoneNumber",
             "taxRegistrationNumber", "blocked")  # fmt: skip
_WORDS = {
    "text": "text", "code": "code", "decimal": "decimal", "integer": "whole number", "boolean": "boolean", "date": "date",
    "date-time": "date and time", "option": "option", "guid": "id", "": "nothing that a field can hold",
}  # fmt: skip
_MOST_NAMES = 12


@dataclass(frozen=True)
class OwnPage:
    """What a setup says of the page: whether it is a partner's, and whether it names a list of ship-to addresses."""

    custom: bool = False
    ship_to: bool = False


NO_PAGE = OwnPage()


@dataclass(frozen=True)
class _Problem:
    """Why a field cannot be synchronised. `stops`: it would do damage, or can never work."""

    rule: FieldRule
    text: str
    stops: bool = True


def page_problems(fields: FieldRules, page: Page) -> list[str]:
    """What of the field map the page does not fit: `fields.csv: field: what is wrong; what to do`."""
    missing = [f"the page {page.name} has no {name}, which everybody is read by; add it" for name in _lacking(page)]
    return missing + [f"fields.csv: {problem.rule.field}: {problem.text}" for problem in _problems(fields, page)]


def fitted(fields: FieldRules, page: Page) -> tuple[FieldRules, list[str]]:
    """The field map as the page allows it, and what people must be told.

    Raises:
        PremiseBroken: the page lacks a property that is mapped, or has another kind of value there; lists every one.
    """
    stops = [f"{name} is missing, which everybody is read by" for name in _lacking(page)]
    stops += [f"{problem.rule.field}: {problem.text}" for problem in _problems(fields, page) if problem.stops]
    if stops:
        raise PremiseBroken(
            f"Business Central's page {page.name} does not have what the fields are mapped to: {'. '.join(stops)}.",
            hint="Nothing was written, and nothing counts as cleared. If the page was changed, have it put right; else correct "
            "fields.csv. customer-sync rules check shows all that the page has; docs/custom-api.md says what it needs.",
            system="business_central",
        )
    rules = tuple(_fitted(rule, page) for rule in fields.rules)
    closed = [
        rule.field for rule, before in zip(rules, fields.rules, strict=True) if rule.directions != before.directions
    ]
    told = (
        [
            f"Business Central's page {page.name} does not let these fields be written, so they were only read: "
            f"{', '.join(closed)}. What the webstore changed of them waits."
        ]
        if closed
        else []
    )
    absent = frozenset(name for name in _OPTIONAL if name not in page.properties)
    shown = repr([(rule.business_central, rule.shown, sorted(rule.directions)) for rule in rules])
    digest = hashlib.blake2b(f"{shown} {sorted(absent)}".encode(), digest_size=8).hexdigest()
    return replace(fields, rules=rules, absent=absent, page=digest), told


def seen_on_page(fields: FieldRules, page: Page | None) -> Mapping[str, str]:
    """What is known of the property of each field, in words: `text, 50 characters, read only`."""
    return {rule.field: _words(_shown(rule.business_central, page), rule) for rule in fields.rules}


def _words(found: Property | None, rule: FieldRule) -> str:
    if found is None:
        return f"not known ({rule.kind})"
    parts = [_WORDS[found.kind] + (f" ({found.type})" if found.type else "")]
    parts += [f"{found.length} characters"] if found.length else []
    parts += [f"one of {', '.join(found.options)}"] if found.options else []
    return ", ".join([*parts, *([] if found.writable else ["read only"])])


def _shown(name: str, page: Page | None) -> Property | None:
    """A property as the page shows it. What is known of API v2.0 beyond that stays: which texts are codes, and that a number is
    not written though it could be."""
    known = known_property(name)
    if page is None:
        return known
    found = page.properties.get(name)
    if found is None or known is None:
        return found
    kind = known.kind if {found.kind, known.kind} <= {"text", "code"} else found.kind
    length = min(known.length or found.length, found.length or known.length)
    options = known.options if known.options and not found.options else found.options
    return replace(found, kind=kind, length=length, options=options, writable=found.writable and known.writable)


def _fitted(rule: FieldRule, page: Page) -> FieldRule:
    found = _shown(rule.business_central, page)
    if found is None:
        return rule
    lengths = [length for length in (rule.max_length, found.length) if length]
    fits = replace(rule, shown=found, max_length=min(lengths, default=0))
    if found.writable or not rule.pulls:
        return fits
    closed = f"{rule.business_central} of Business Central's page cannot be written"
    return replace(fits, directions=rule.directions - {Direction.PULL}, closed=closed)


def _lacking(page: Page) -> list[str]:
    return [name for name in _NEEDED if name not in page.properties]


def _problems(fields: FieldRules, page: Page) -> Iterator[_Problem]:
    for rule in fields.rules:
        name = rule.business_central
        found = _shown(name, page)
        if found is None:
            yield _Problem(rule, _absent(name, page))
            continue
        if not found.kind:
            yield _Problem(
                rule, f"{name} is {found.type or 'no single value'}, which no field can hold; choose another"
            )
            continue
        fitting = fitting_normalizers(name, found)
        if fitting is not None and rule.normalizer in NORMALIZERS and rule.normalizer not in fitting:
            kind = f"{_WORDS[found.kind]}{f' ({found.type})' if found.type else ''}"
            yield _Problem(
                rule,
                f"{name} is a {kind} there, so normalizer must be {' or '.join(sorted(fitting))}, not {rule.normalizer}",
            )
        if not found.writable and rule.pulls:
            yield _Problem(rule, f"{name} cannot be written; direction must be push", stops=False)
        if found.length and rule.max_length > found.length:
            yield _Problem(
                rule, f"max_length is {rule.max_length}, but {name} has {found.length} characters there", stops=False
            )
        unknown = [option for option in rule.options if found.options and option not in found.options]
        if unknown:
            yield _Problem(
                rule, f"options {', '.join(unknown)} are none of {name}; it has {', '.join(found.options)}", stops=False
            )


def _absent(name: str, page: Page) -> str:
    if place_of(name) and page.without_ship_to:
        return f"{name} cannot be read: {page.without_ship_to}"
    there = [other for other in page.properties if place_of(other) == place_of(name) and other not in FIXED]
    folded = {other.casefold(): other for other in there}
    near = difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.6)
    names = [folded[key] for key in near] or sorted(set(there) - set(PROPERTIES))[:_MOST_NAMES]
    told = f"; {'do you mean' if near else 'there are'} {', '.join(names)}{'?' if near else ''}" if names else ""
    return f"the page has no {name}{told}"


def keep_page(folder: Path, page: Page, moment: str) -> Path:
    """Write what a page has beside the rule files, so that these can be checked where Business Central is not reached.

    Raises:
        OSError: the folder cannot be written to.
    """
    document = {
        "page": page.name,
        "read": moment,
        "without_ship_to": page.without_ship_to,
        "properties": {
            name: {
                "kind": p.kind,
                "length": p.length,
                "writable": p.writable,
                "options": list(p.options),
                "type": p.type,
            }
            for name, p in page.properties.items()
        },
    }
    path = folder / COPY
    path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    return path


def kept_page(folder: Path, name: str) -> tuple[Page, str] | None:
    """The copy of a page and when it was made; None where there is none, or one of another page."""
    try:
        document: Any = orjson.loads((folder / COPY).read_bytes())
        properties = {
            str(key): Property(
                str(p["kind"]), int(p["length"]), bool(p["writable"]), tuple(map(str, p["options"])), str(p["type"])
            )
            for key, p in document["properties"].items()
        }
        found = Page(str(document["page"]), properties, str(document["without_ship_to"]))
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
        return None
    return (found, str(document["read"])) if found.name == name else None
