"""The field rules for people: explained, or what is wrong with them, by file and line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.core.counting import counted
from connector.desk.page_look import look_at_page
from connector.errors import SetupError
from connector.rules import check_rules, explain_rules, load_rules, own_page
from connector.rules.page import NO_PAGE, page_problems, seen_on_page
from connector.setup import Setup

__all__ = ["RulesLook", "look_at_rules"]


@dataclass(frozen=True)
class RulesLook:
    """Rules that can work.

    Attributes:
        rows: one for each field: `field`, `webstore`, `direction`, `business_central`, `there` (whether a partner's page has it),
            `kind`, `policies`, `notes`.
        digest: of all rule files.
        page: how a partner's page was looked at, in words; "" = there is none.
    """

    rows: list[dict[str, Any]]
    digest: str
    page: str = ""


def look_at_rules(setup: Setup | None, with_secrets: Callable[[], Setup], folder: Path | None = None) -> RulesLook:
    """Read the rule files and explain them. Where the setup names a partner's page, the page itself is asked which properties it
    has; a copy of the answer is kept beside the rule files, for where it is not reached.

    Args:
        setup: whose rules; it needs no secrets. None = of no webstore in particular.
        with_secrets: gives the same setup with its secrets; raises SetupError where one is not set.
        folder: of the rule files; None = the setup's, or the ones that ship.

    Raises:
        SetupError: they cannot work; its problems say where and why.
    """
    webstore, own, look = "", NO_PAGE, None
    if setup is not None:
        webstore, own = setup.webstore_code, own_page(setup)
        folder = folder or setup.synchronization.mappings
    problems = check_rules(folder, webstore, own)
    if not problems:
        rules = load_rules(folder, webstore, own)
        if setup is not None and own.custom:
            look = look_at_page(setup, with_secrets, folder)
            problems = page_problems(rules.fields, look.page) if look.page else []
    if problems:
        words = f"The field rules have {counted(len(problems), 'problem')}:"
        raise SetupError(words, problems=problems, hint=look.words if look else "")
    seen = seen_on_page(rules.fields, look.page if look else None)
    rows = [{**row, "there": seen[row["field"]]} for row in explain_rules(rules)]
    return RulesLook(rows, rules.digest, look.words if look else "")
