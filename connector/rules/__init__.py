"""Reads the field rules of `mappings/`: data that a shop reviews in git and may replace by files of its own.

Every problem of every file is reported at once, with file, line and remedy; nothing runs on half-understood rules.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from connector.core.customer import FieldRules
from connector.core.expectations import Suites
from connector.core.geography import Geography
from connector.errors import SetupError
from connector.rules.fields import field_rules
from connector.rules.page import NO_PAGE, OwnPage
from connector.rules.reading import FILES, RuleFiles
from connector.rules.suites import suites
from connector.rules.tables import cultures, geography, templates, vat_keys
from connector.setup import Setup, Template

__all__ = ["FILES", "Rules", "check_rules", "explain_rules", "load_rules", "own_page", "rules_of"]


@dataclass(frozen=True)
class Rules:
    """All rules of one webstore. `digest` identifies the exact content of the files.

    Attributes:
        fields: the field map with VAT keys and the cultures of names.
        geography: countries and states.
        templates: the rows of templates.csv that are meant for this webstore, at most one per place.
        suites: what is expected of the extracts, the mapping table and the plan (mappings/quality/).
    """

    fields: FieldRules
    geography: Geography
    templates: tuple[Template, ...] = ()
    suites: Suites = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """64 hex digits over all rule files."""
        return self.fields.digest


def own_page(setup: Setup) -> OwnPage:
    """What a setup says of the page that customers are read from."""
    return OwnPage(setup.business_central.has_custom_page, bool(setup.business_central.ship_to_entity))


def rules_of(setup: Setup) -> Rules:
    """The rules of a setup; raises as `load_rules`."""
    return load_rules(setup.synchronization.mappings, setup.webstore_code, own_page(setup))


def load_rules(folder: Path | None = None, webstore: str = "", own: OwnPage = NO_PAGE) -> Rules:
    """Read the rules.

    Args:
        folder: a shop's own rule files; those that are not there are taken from the ones that ship. None = these alone.
        webstore: the code that `webstore` columns are compared with; "" = only rows for every webstore count.
        own: of which page the properties are. What a partner's page has is not known here (connector/rules/page.py).

    Raises:
        SetupError: with every problem as `file:line: what is wrong; what to do`.
    """
    rules, problems = _shipped(webstore, own) if folder is None else _read(folder, webstore, own)
    if problems:
        count = f"{len(problems)} problem{'s' * (len(problems) != 1)}"
        raise SetupError(
            f"The field rules have {count}:",
            problems=problems,
            hint="" if folder is None else f"The files are in {folder}; mappings/README.md explains every column.",
        )
    return rules


def check_rules(folder: Path | None = None, webstore: str = "", own: OwnPage = NO_PAGE) -> list[str]:
    """What is wrong with the rules, each as `file:line: what is wrong; what to do`; empty when they can be used."""
    return _read(folder, webstore, own)[1]


def explain_rules(rules: Rules) -> list[dict[str, str]]:
    """The field map in words.

    Returns:
        One dictionary per field in file order: `field`, `webstore`, `direction` (`↔`, `→` to Business Central, `←` to the
        webstore), `business_central`, `kind`, `policies` (those that differ from the setup's) and `notes`.
    """
    return [
        {
            "field": rule.field,
            "webstore": rule.webstore,
            "direction": "↔" if rule.pushes and rule.pulls else "←" if rule.pushes else "→",
            "business_central": rule.business_central,
            "kind": f"{rule.normalizer}, up to {rule.max_length} characters" if rule.max_length else rule.normalizer,
            "policies": ", ".join(
                f"{name} {value}"
                for name, value in (
                    ("conflict", rule.conflict), ("first link", rule.first_link), ("blank", rule.blank),
                )
                if value
            ),
            "notes": "; ".join(_notes(rule.webstore, rule.options, rule.default, rules.fields)),
        }
        for rule in rules.fields.rules
    ]  # fmt: skip


def _notes(path: str, options: tuple[str, ...], default: str, rules: FieldRules) -> list[str]:
    notes = [f"meta keys {', '.join(rules.vat_keys)}"] if path == "vat" else []
    notes += ["first and last name, or the company"] if path == "name" else []
    notes += [f"one of {', '.join(options)}"] if options else []
    return notes + ([f"new customers get {default!r} where it is blank"] if default else [])


@lru_cache(maxsize=16)
def _shipped(webstore: str, own: OwnPage) -> tuple[Rules, list[str]]:
    """The rules that ship do not change while a process runs, and a page of a customer has no time to read them."""
    return _read(None, webstore, own)


def _read(folder: Path | None, webstore: str, own: OwnPage) -> tuple[Rules, list[str]]:
    files = RuleFiles(folder)
    keys = vat_keys(files, webstore)
    fields = FieldRules(field_rules(files, keys, own), files.digest, keys, cultures(files))
    rules = Rules(fields, geography(files), templates(files, webstore), suites(files, fields))
    return rules, files.problems
