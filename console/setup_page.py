"""Setup: flags and policies, what each means for the customers of today, and changing them in a block, or by lines for a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import tomli_w
from pydantic import ValidationError
from starlette.responses import Response

from connector.errors import InputError
from connector.setup import Setup
from console.guard import RequestRefused
from console.page import Page, action, shown_page
from console.people import Right
from console.setup_effects import change_in_words, effects_of
from console.setup_words import FLAGS, Flag, flag_value

__all__ = ["ROUTES"]


@dataclass(frozen=True)
class _Change:
    """A flag that somebody wants to be another."""

    flag: Flag
    before: str
    after: str
    effect: str = ""


def _setup(page: Page) -> Response:
    setup = page.webstore.setup
    with page.webstore.view() as view:
        effects, last = effects_of(view, setup), view.runs.last_full()
        version = view.mapping.version()
    flags = [(flag, flag_value(setup, flag), effects.get(flag.path, ())) for flag in FLAGS]
    return page.show(
        "setup.html", flags=flags, setup=setup, last=last, version=version, is_file=is_file(page.webstore.name),
        address=_without_password(setup.store.url), webstore_at=_without_password(setup.webstore.url),
        company_at=_without_password(setup.business_central.base_url), can_write=page.console.blocks is not None,
    )  # fmt: skip


def is_file(name: str) -> bool:
    """Whether a setup's name means a file; the rest are blocks."""
    return name.endswith(".toml") or "/" in name or "\\" in name or Path(name).is_file()


def _without_password(address: str) -> str:
    """An address for people; whatever stands before an @ is left out but for the user's name."""
    parts = urlsplit(address)
    user, at, host = parts.netloc.rpartition("@")
    shown = f"{user.partition(':')[0]}{at}{host}"
    # what follows a question mark may be a password, too
    return f"{parts.scheme}://{shown}{parts.path}"


def _change(page: Page) -> Response:
    """Change flags: first what that leads to, then, with `do`, in the block."""
    setup = page.webstore.setup
    changes = _wanted(page, setup)
    if not changes:
        return page.go(page.path("setup"), "The setup says so already. Nothing was changed.", "note")
    _checked(setup, changes)
    overtaken = [c for c in changes if page.form.text(f"seen-{c.flag.name}", c.before) != c.before]
    from_file = is_file(page.webstore.name)
    if page.form.flag("do") and not overtaken and not from_file:
        if page.console.blocks is None:
            raise RequestRefused(
                409, "This console reaches no Prefect server, where the block is kept. Nothing was changed."
            )
        wanted = {c.flag.path: (_value(c.flag, c.before), _value(c.flag, c.after)) for c in changes}
        page.console.blocks.change(page.webstore.name, wanted)
        page.webstore.read_anew()
        said = ", ".join(f"{c.flag.title} is {c.after}" for c in changes)
        return page.go(page.path("setup"), f"Saved in the block {page.webstore.name}: {said}.")
    with page.webstore.view() as view:
        last = view.runs.last_full()
    told = None if last is None else last["summary"]
    shown = [_Change(c.flag, c.before, c.after, change_in_words(c.flag.path, c.before, c.after, told)) for c in changes]
    return page.show(
        "setup_change.html", 409 if overtaken else 200, changes=shown, lines=_lines(changes), is_file=from_file,
        overtaken=overtaken, can_write=page.console.blocks is not None,
    )  # fmt: skip


def _wanted(page: Page, setup: Setup) -> list[_Change]:
    found = []
    for flag in FLAGS:
        before = flag_value(setup, flag)
        if flag.kind is int:
            after = str(page.form.number(flag.name, int(before), flag.most))
            if int(after) < flag.least:
                raise InputError(f"{flag.title} is at least {flag.least}.")
        else:
            after = page.form.choice(flag.name, list(flag.choices), before)
        if after != before:
            found.append(_Change(flag, before, after))
    return found


def _checked(setup: Setup, changes: list[_Change]) -> None:
    """Make sure that a setup with the changes can work.

    Raises:
        InputError: it cannot.
    """
    document: dict[str, Any] = setup.model_dump()
    for one in changes:
        _put(document, one.flag.path, _value(one.flag, one.after))
    try:
        for name in {one.flag.path.partition(".")[0] for one in changes}:
            type(getattr(setup, name)).model_validate(document[name])
    except ValidationError as error:
        problems = [str(item["msg"]) for item in error.errors(include_url=False, include_input=False)]
        raise InputError("Such a setup cannot work. Nothing was changed.", problems=problems) from None


def _value(flag: Flag, text: str) -> bool | int | str:
    if flag.kind is bool:
        return text == "yes"
    return int(text) if flag.kind is int else text


def _put(document: dict[str, Any], path: str, value: object) -> None:
    *sections, name = path.split(".")
    for section in sections:
        document = document.setdefault(section, {})
    document[name] = value


def _lines(changes: list[_Change]) -> str:
    """The lines that say the same in a setup file."""
    document: dict[str, Any] = {}
    for one in changes:
        _put(document, one.flag.path, _value(one.flag, one.after))
    return tomli_w.dumps(document)


ROUTES = (
    shown_page("/{code}/setup", _setup),
    action("/{code}/setup", _change, Right.APPROVE, lambda form: not form.flag("do")),
)
