"""Advice as it is told in Prefect's UI: which deployment to run, where a command line would say which command.

Errors and warnings are made where it is not known who reads them, and advise commands. Whatever of them is shown in the UI
(messages of states, logs, summaries, events) passes through `pressed`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["COMMANDS", "pressed"]

_SYNC = "synchronize-customers"
# what does the work of a command in the UI; "" = nothing does: it is a command of whoever looks after the machine
COMMANDS: Mapping[str, str] = {
    "check": "test-connection",
    "rules check": "look-up (the field rules)",
    "readiness": "readiness",
    "plan": f"{_SYNC} with dry_run",
    "sync": _SYNC,
    "sync-all": "synchronize-all-webstores",
    "mapping list": "look-up (customers)",
    "mapping import": "import-customer-mapping",
    "mapping versions": "look-up (versions of the mapping table)",
    "mapping diff": "look-up (two versions compared)",
    "mapping history": "look-up (the history of a customer)",
    "mapping export": "export-customer-mapping",
    "mapping doubts": "look-up (customers in doubt)",
    "mapping same": "edit-customer-mapping (still the same customer)",
    "mapping other": "edit-customer-mapping (another customer)",
    "mapping tick": "edit-customer-mapping (tick)",
    "mapping untick": "edit-customer-mapping (untick)",
    "mapping link": "edit-customer-mapping (link)",
    "mapping unlink": "edit-customer-mapping (unlink)",
    "mapping restore": "edit-customer-mapping (restore a version)",
    "mapping suggest": "suggest-customer-mapping",
    "mapping accept": "suggest-customer-mapping (accept)",
    "mapping reject": "suggest-customer-mapping (reject)",
    "conflicts list": "look-up (conflicts)",
    "conflicts decide": "review-conflicts",
    "restored": "review-conflicts (restored)",
    "holds list": "look-up (customers on hold)",
    "holds release": "release-holds",
    "quarantine list": "look-up (customers in quarantine)",
    "runs list": "look-up (runs and what they wrote)",
    "runs show": "look-up (one run, write by write)",
    "runs report": "the run's page",
    "runs undo": "undo-run",
    "log": "look-up (the newest writes)",
    "setup push": "Blocks → + → WooCommerce Connector Setup",
    "setup pull": "the page of the setup's block",
    "setup moved": "",
    "setup show": "the page of the setup's block",
    "store check": "",
    "store backup": "",
    "store migrate": "",
    "store free-lease": "",
    "webhooks serve": "",
    "webhooks subscribe": "",
    "webhooks list": "",
    "deploy": "",
    "console-password": "",
    "console": "",
    "forget": "",
}
# options of commands that are fields of a form
_FIELDS = {
    "plan": "approved_plan",
    "customer": "customers",
    "leave-out": "leave_out",
    "delete-accounts": "delete_accounts",
    "its-flags": "its_flags",
    "dry-run": "dry_run",
    "take": "take",
    "value": "value",
    "also-decided": "also_decided",
}
_NAMES = "|".join(sorted(map(re.escape, COMMANDS), key=len, reverse=True))
# what may stand behind a command: names, numbers, placeholders, options
_ARGUMENT = (
    r"(?: (?:--[a-z][a-z-]*|webstore|business-central|[A-Z][A-Z0-9=_-]*|[0-9a-f]{6,}|…|woo:\d+|[A-Z]*\d+(?:=\d+)?)"
    r"(?![\w-]))"
)
_COMMAND = re.compile(rf"`?customer-sync (?P<name>{_NAMES})(?![\w-])(?P<more>{_ARGUMENT}*)`?")
# a second command that leaves the program's name away, as in "customer-sync plan, then sync --plan HASH"
_ANOTHER = re.compile(rf"(?P<lead>,? (?:then|or) )(?P<name>{_NAMES})(?![\w-])(?P<more>{_ARGUMENT}*)")
_OPTION = re.compile(rf"--(?P<name>{'|'.join(_FIELDS)})(?![\w-])")


def pressed(text: str) -> str:
    """A text for the UI: what to run there, and fields of forms, in place of commands and their options.

    What only a command line can do stays as it is, and it is said where.
    """
    if "customer-sync " not in text and "--" not in text:
        return text
    told = _COMMAND.sub(_run_of, text)
    if told != text:
        told = _ANOTHER.sub(lambda found: f"{found['lead']}{_run_of(found)}", told)
    return _fields(told)


def _run_of(found: re.Match[str]) -> str:
    press, more = COMMANDS[found["name"]], found["more"].strip()
    if not press:
        return f"{found[0]} (at a terminal)"
    if not more or press.startswith(("the ", "Blocks")):
        return press
    return f"{press} {'with' if more.startswith('--') else 'for'} {_fields(more)}"


def _fields(text: str) -> str:
    """Options as the fields of a form that they are."""
    return _OPTION.sub(lambda found: _FIELDS[found["name"]], text)
