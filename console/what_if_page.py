"""What if: other settings or rule files, tried on what the last run over all customers has read; nothing is written."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from starlette.responses import Response

from connector.core.expectations import SUITES
from connector.core.what_if import Difference
from connector.desk.customer_list import lines_of
from connector.errors import InputError
from connector.extract.kept import kept_of
from connector.planning.what_if import what_if
from connector.setup import Setup
from connector.setup.other_settings import why_not, with_settings
from console.page import Page, action, shown_page
from console.people import Right
from console.plan_rows import KINDS
from console.setup_words import FLAGS, flag_value
from console.tried import Trial

__all__ = ["ROUTES"]

_A_PAGE = 50
_GROUPS = 200
# those that the plan does not depend on cannot be tried
_FLAGS = tuple(flag for flag in FLAGS if not why_not(flag.path))
_NAME = re.compile(r"[A-Za-z0-9_. -]{1,80}")


def _form(page: Page) -> Response:
    setup = page.webstore.setup
    try:
        kept, trouble = kept_of(setup), ""
    except InputError as error:
        kept, trouble = None, str(error)
    flags = [(flag, flag_value(setup, flag)) for flag in _FLAGS]
    return page.show("what_if.html", flags=flags, kept=kept, trouble=trouble)


def _try(page: Page) -> Response:
    setup = page.webstore.setup
    settings = [
        f"{flag.path}={value}"
        for flag in _FLAGS
        if (value := page.form.text(flag.name)) != flag_value(setup, flag) and value
    ]
    settings += [line.strip() for line in page.form.text("settings").splitlines() if line.strip()]
    files = page.form.files
    if not settings and not files:
        raise InputError("Nothing is different from the setup.", hint="Choose another policy, or rule files.")

    def make() -> Trial:
        other = with_settings(setup, settings)
        with _with_files(other, files) as tried:
            return Trial(what_if(setup, tried), page.person.name, settings, sorted(files))

    return page.go(page.path("what-if", page.webstore.tried.make(make)))


@contextmanager
def _with_files(setup: Setup, files: Mapping[str, bytes]) -> Iterator[Setup]:
    """The setup with some rule files in the place of its own; of the others nothing changes.

    Raises:
        InputError: a file has no name that a rule file could have.
    """
    if not files:
        yield setup
        return
    own = setup.synchronization.mappings
    with tempfile.TemporaryDirectory(prefix="customer-sync-rules-") as name:
        folder = Path(name)
        if own is not None and own.is_dir():
            shutil.copytree(own, folder, dirs_exist_ok=True)
        for told, content in files.items():
            target = _place(folder, told)
            target.parent.mkdir(exist_ok=True)
            for before in target.parent.glob(f"{target.stem}.*"):  # the same rules in another kind of file
                before.unlink()
            target.write_bytes(content)
        flags = setup.synchronization.model_copy(update={"mappings": folder})
        yield setup.model_copy(update={"synchronization": flags})


def _place(folder: Path, told: str) -> Path:
    """Where a file belongs: browsers tell its name, some of them with its folder."""
    name = told.rpartition("/")[2]
    if not _NAME.fullmatch(name) or name.startswith("."):
        raise InputError(
            f"{name!r} is no name of a rule file.", hint="Such as fields.csv; docs/fields.md names all of them."
        )
    stem = name.partition(".")[0]
    return folder / "quality" / name if stem in SUITES else folder / name


def _result(page: Page) -> Response:
    setup = page.webstore.setup
    trial = page.webstore.tried.found(page.request.path_params["trial"], setup)
    groups = trial.found.groups
    chosen, offset = page.query.number("group", 0, min(len(groups), _GROUPS)), page.query.number("offset", 0)
    found = list(trial.found.differences)
    if chosen:
        group = groups[chosen - 1]
        key = (group.kind, group.field, group.reason)
        found = [one for one in found if key in {(s.kind, s.field, s.reason) for s in (*one.now, *one.then)}]
    shown = found[offset : offset + _A_PAGE]
    return page.show(
        "what_if_result.html", trial=trial, found=trial.found, groups=groups[:_GROUPS], more=len(groups) - _GROUPS,
        chosen=chosen, shown=shown, names=_names(page, shown), key_of=_key, total=len(found), offset=offset, limit=_A_PAGE,
        kinds=KINDS, trial_at=("what-if", page.request.path_params["trial"]),
        counts=[k for k in KINDS if trial.found.now.counts.get(k) or trial.found.then.counts.get(k)],
    )  # fmt: skip


def _key(one: Difference) -> str:
    return one.who.bc_id or f"woo:{one.who.webstore_id}"


def _names(page: Page, shown: list[Difference]) -> dict[str, str]:
    """Customer's key → name, as the directory or the mapping table has it."""
    with page.webstore.view() as view:
        lines = lines_of(view, page.webstore.setup, list(dict.fromkeys(map(_key, shown))))
    return {line.key: line.bc_name or line.webstore_name for line in lines}


ROUTES = (
    shown_page("/{code}/what-if", _form),
    action("/{code}/what-if", _try, Right.LOOK, lambda _: True, takes_files=True),
    shown_page("/{code}/what-if/{trial}", _result),
)
