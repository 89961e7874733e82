"""fields.csv: each line by itself, and all lines together."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from connector.core.customer import Direction, FieldRule
from connector.core.normalize import CANONICAL, NORMALIZERS
from connector.core.properties import FIXED, PROPERTIES, SHIP_TO, Property, base_name, known_property, place_of
from connector.core.typed_values import option_of, problem
from connector.core.webstore_customer import PATHS
from connector.rules.kinds import fitting_normalizers
from connector.rules.page import NO_PAGE, OwnPage
from connector.rules.reading import Row, RuleFiles
from connector.rules.tables import meta_key_problem

__all__ = ["field_rules"]

_CHOICES: dict[str, Collection[str]] = {
    "direction": {"both", "push", "pull"},
    "conflict": {"", "business-central", "webstore", "newest", "ask"},
    "first_link": {"", "business-central", "webstore", "ask"},
    "blank": {"", "keep", "clear"},
    "normalizer": set(NORMALIZERS),
    "too_long": {"quarantine"},
}
# what a place holds decides how it must be compared: (webstore path or property) → normalisers
_BY_PATH: dict[str, Collection[str]] = {
    "name": {"text"},
    "email": {"email"},
    "vat": {"vat", "code"},
    "billing.email": {"email"},
    "billing.country": {"country"},
    "shipping.country": {"country"},
    "billing.state": {"state"},
    "shipping.state": {"state"},
}
_NEEDED = {"name": ("name", "displayName"), "email": ("email", "email")}
_WRITTEN_BY_NAME = frozenset({"billing.company", "billing.first_name", "billing.last_name"})
# columns that stand beside those of the fields
_TAKEN = frozenset({"bc_id", "bc_number", "etag", "malformed", "webstore_customer", "webstore_id"})
_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_PROPERTY_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")


def field_rules(files: RuleFiles, vat_keys: Sequence[str], own: OwnPage = NO_PAGE) -> tuple[FieldRule, ...]:
    """The rules in file order; lines that cannot be understood are left out and noted.

    Args:
        own: what the setup says of the page that customers are read from.
    """
    rows = files.rows("fields.csv")
    found = [(row, rule) for row, rule in ((row, _rule(files, row, own)) for row in rows) if rule]
    files.once("fields.csv", ["field"])
    unreadable = not rows and any(problem.startswith("fields.csv") for problem in files.problems)
    for field, (path, name) in _NEEDED.items():
        if not unreadable and not any(
            (row["field"], row["webstore"], row["business_central"]) == (field, path, name) for row in rows
        ):
            files.problems.append(
                f"fields.csv: the field {field} ({path} ↔ {name}) is missing; customers are known by it, so add its line"
            )
    _check_places(files, found, vat_keys)
    return tuple(rule for _, rule in found)


def _rule(files: RuleFiles, row: Row, own: OwnPage) -> FieldRule | None:
    before = len(files.problems)
    if not _FIELD_NAME.fullmatch(row["field"]):
        files.say(row, f"field is {row['field']!r}; it must be a name of small letters, digits and _")
    if row["field"] in _TAKEN:
        files.say(
            row, f"field is {row['field']!r}, which is what the pipeline itself calls something; choose another name"
        )
    for column, choices in _CHOICES.items():
        files.choose(row, column, choices)
    _check_path(files, row)
    _check_name(files, row, own)
    if len(files.problems) > before:
        return None
    rule = _built(row)
    _check_default(files, row, rule)
    return rule if len(files.problems) == before else None


def _check_name(files: RuleFiles, row: Row, own: OwnPage) -> None:
    """Whether the property can be one; what a custom page has, and how, only the page itself can say (page.py)."""
    name = row["business_central"]
    known = known_property(name)
    if base_name(name) == "lastModifiedDateTime":
        files.say(row, f"business_central is {name!r}, which moves with every synchronisation; choose another")
    elif name in FIXED:
        files.say(row, f"business_central is {name!r}, which says whose record it is; choose another")
    elif place_of(name) and not own.ship_to:
        files.say(
            row,
            f"business_central is {name!r}; ship-to addresses are read when the setup names their list and the code of one: "
            "[business_central] ship_to_entity and ship_to_code (docs/custom-api.md)",
        )
    elif known is not None:
        _check_property(files, row, known)
    elif own.custom and _PROPERTY_NAME.fullmatch(base_name(name)):
        _check_options(files, row)
        if row["max_length"] and not re.fullmatch(r"[1-9][0-9]{0,3}", row["max_length"]):
            files.say(
                row, f"max_length is {row['max_length']!r}; it must be a whole number of characters, or left blank"
            )
    else:
        files.choose(row, "business_central", PROPERTIES)


def _built(row: Row) -> FieldRule:
    options = tuple(option.strip() for option in row["options"].split("|") if option.strip())
    default = CANONICAL[row["normalizer"]](row["default"])
    directions = {Direction.PUSH, Direction.PULL} if row["direction"] == "both" else {Direction(row["direction"])}
    return FieldRule(
        field=row["field"],
        webstore=row["webstore"],
        business_central=row["business_central"],
        directions=frozenset(directions),
        conflict=row["conflict"],
        first_link=row["first_link"],
        blank=row["blank"],
        max_length=int(row["max_length"] or 0),
        normalizer=row["normalizer"],
        too_long=row["too_long"],
        default=option_of(default, options),
        options=options,
    )


def _check_path(files: RuleFiles, row: Row) -> None:
    path, normalizer = row["webstore"], row["normalizer"]
    if path.startswith("meta:"):
        wrong = meta_key_problem(path.removeprefix("meta:"))
        if wrong:
            files.say(row, f"webstore is {path!r}; {wrong}")
    elif path not in PATHS:
        files.say(row, f"webstore is {path!r}; it must be meta:KEY or one of {', '.join(sorted(PATHS))}")
    fitting = _BY_PATH.get(path)
    if normalizer in NORMALIZERS and fitting is not None and normalizer not in fitting:
        files.say(row, f"normalizer is {normalizer!r}; {path} needs {' or '.join(sorted(fitting))}")
    places = {"country": ".country", "state": ".state"}
    if normalizer in places and path in PATHS and not path.endswith(places[normalizer]):
        files.say(
            row, f"normalizer is {normalizer!r}, which only fits billing{places[normalizer]}; choose text or code"
        )


def _check_property(files: RuleFiles, row: Row, found: Property) -> None:
    name, normalizer = row["business_central"], row["normalizer"]
    if not found.writable and row["direction"] in {"both", "pull"}:
        files.say(row, f"direction is {row['direction']!r}; {name} cannot be written, so it must be push")
    fitting = fitting_normalizers(name, found)
    if normalizer in NORMALIZERS and fitting is not None and normalizer not in fitting:
        files.say(row, f"normalizer is {normalizer!r}; {name} needs {' or '.join(sorted(fitting))}")
    length = row["max_length"]
    if found.length and not (re.fullmatch(r"[0-9]{1,4}", length) and 0 < int(length) <= found.length):
        files.say(
            row,
            f"max_length is {length!r}; it must be a whole number of characters, at most the {found.length} that "
            f"Business Central keeps of {name}",
        )
    if not found.length and length:
        files.say(row, f"max_length is {length!r}; {name} is no text, so leave it blank")
    options = _check_options(files, row)
    unknown = [option for option in options if found.options and option not in found.options]
    if unknown:
        files.say(row, f"options {', '.join(unknown)} are none of {name}; it has {', '.join(found.options)}")


def _check_options(files: RuleFiles, row: Row) -> list[str]:
    """The options of a line; whether there are some where there must be, and only there."""
    options = [option.strip() for option in row["options"].split("|") if option.strip()]
    if row["normalizer"] == "option" and not options:
        files.say(row, "options is blank; list the allowed values, separated by |")
    if row["normalizer"] != "option" and options:
        files.say(row, f"options is {row['options']!r}; only the normalizer option has options, so leave it blank")
    return options


def _check_default(files: RuleFiles, row: Row, rule: FieldRule) -> None:
    wrong = problem(rule.normalizer, rule.default, rule.options)
    if wrong:
        files.say(row, f"default is {row['default']!r}; {wrong}")
    if rule.max_length and len(rule.default) > rule.max_length:
        files.say(row, f"default is longer than max_length ({rule.max_length}); shorten it")


def _check_places(files: RuleFiles, found: Sequence[tuple[Row, FieldRule]], vat_keys: Sequence[str]) -> None:
    """Two fields must not write to the same place, or they would overwrite each other in every run."""
    written: dict[str, Row] = {}
    for row, rule in found:
        places = [f"the webstore's {rule.webstore}"] if rule.pushes else []
        places += [f"Business Central's {rule.business_central}"] if rule.pulls else []
        if rule.webstore == "vat":
            places += [f"the webstore's meta:{key}" for key in vat_keys] if rule.pushes else []
            if not vat_keys:
                files.say(
                    row,
                    "webstore is 'vat', but vat_keys.csv has no key for this webstore; add one, or remove this line",
                )
        if rule.pushes and rule.webstore in _WRITTEN_BY_NAME:
            files.say(row, f"{rule.webstore} is written by the field name already; direction must be pull")
        for place in places:
            if place in written:
                files.say(
                    row,
                    f"{place} is written by line {written[place].line} already; change one direction, or remove one",
                )
            written.setdefault(place, row)
    for kind, place in ((kind, place) for kind in ("country", "state") for place in ("", SHIP_TO)):
        rows = [row for row, rule in found if rule.normalizer == kind and place_of(rule.business_central) == place]
        for row in rows[1:]:
            who = "a ship-to address" if place else "a customer"
            files.say(
                row, f"a {kind} is mapped by line {rows[0].line} already; {who} has one, so remove one of the two"
            )
    mapped = {rule.business_central for _, rule in found}
    for row, rule in found:
        if rule.business_central == f"{SHIP_TO}state" and f"{SHIP_TO}country" not in mapped:
            files.say(row, f"a state is one of a country; add a line for {SHIP_TO}country, or remove this one")
