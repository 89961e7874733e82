"""Webstore Customer Mapping: one table over all customers, and what is done with those that are selected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from starlette.responses import Response

from connector.desk.activity import release_holds
from connector.desk.customer_list import FILTERS, SORTS, Line, all_customers, counts, lines_of, list_customers
from connector.desk.desk import Desk
from connector.desk.editing import link, tick, unlink, untick
from connector.errors import InputError
from connector.setup import PullWebstoreCustomers, PushWebstoreCustomers, Setup
from console.guard import RequestRefused
from console.page import Page, action, shown_page
from console.people import Right
from console.starting import start_run

__all__ = ["ROUTES"]

ROWS = 50
# more customers are synchronised by a run over all of them
_MOST_SELECTED = 20_000
_SHOWN = 20


@dataclass(frozen=True)
class _Edit:
    """Something that is done with selected customers.

    Attributes:
        title: what the button says.
        effect: what it will lead to, in words.
        takes: which of the selected lines it is about.
        do: carries it out; gives what was done, in words, and the new mapping version, if it makes one; or where to go on.
    """

    title: str
    right: Right
    effect: Callable[[Setup, list[Line]], list[str]]
    takes: Callable[[Line], bool]
    do: Callable[[Page, Desk, list[Line]], tuple[str, int | None] | Response]
    asks_systems: bool = True


def _mapping(page: Page) -> Response:
    query = page.query
    wanted = query.choice("filter", list(FILTERS), "all")
    sort = query.choice("sort", list(SORTS), "number")
    search = page.session.search(query.text("s"))
    descending, offset = query.flag("desc"), query.number("offset", 0)
    setup = page.webstore.setup
    with page.webstore.view() as view:
        counted = counts(view, setup)
        found = list_customers(
            view,
            setup,
            filter=wanted,
            search=search,
            sort=sort,
            descending=descending,
            offset=offset,
            limit=ROWS,
            known=counted,
        )
        version = view.mapping.version()
    more = {"filter": "" if wanted == "all" else wanted, "sort": "" if sort == "number" else sort}
    more |= {"desc": "yes" if descending else "", "s": page.query.text("s") if search else ""}
    return page.show(
        "mapping.html",
        found=found,
        counts=counted,
        filters=FILTERS,
        filter=wanted,
        sort=sort,
        descending=descending,
        offset=offset,
        limit=ROWS,
        more=more,
        search=search,
        version=version,
        edits=[(name, edit) for name, edit in _EDITS.items() if page.person.may(edit.right)],
        is_pushing=setup.synchronization.push_webstore_customers is not PushWebstoreCustomers.NONE,
    )


def _search(page: Page) -> Response:
    """Keep what is looked for out of the address."""
    more = {name: page.form.text(name) for name in ("filter", "sort", "desc")}
    return page.go(page.path("mapping", **more, s=page.session.keep_search(page.form.text("search")[:200])))


def _refresh(page: Page) -> Response:
    """Read both systems anew, without writing: a plan for all customers."""
    return start_run(page, "Read all customers anew", plan_first=True)


def _preview(page: Page) -> Response:
    """What an edit of the selected customers will lead to."""
    name = page.form.choice("edit", list(_EDITS), "")
    edit = _allowed(page, name)
    setup = page.webstore.setup
    with page.webstore.view() as view:
        keys = page.form.all("row")
        if page.form.flag("everybody"):
            wanted = page.form.choice("filter", list(FILTERS), "all")
            everybody = all_customers(view, setup, filter=wanted, search=page.session.search(page.form.text("s")))
            keys = [line.key for line in everybody]
        if not keys:
            raise InputError("Nobody was selected; nothing was changed.", hint="Tick the boxes of some rows first.")
        if len(keys) > _MOST_SELECTED:
            raise InputError(
                f"More than {_MOST_SELECTED:,} customers are selected.", hint="Synchronize all of them instead."
            )
        lines = lines_of(view, setup, keys)
    taken = [line for line in lines if edit.takes(line)]
    effect = edit.effect(setup, taken)
    return page.show(
        "mapping_edit.html",
        name=name,
        edit=edit,
        taken=taken[:_SHOWN],
        total=len(taken),
        passed_over=len(lines) - len(taken),
        effect=effect,
        selection=page.session.keep_selection([line.key for line in taken]),
        version=page.form.version,
        back=_back(page),
    )


def _do(page: Page) -> Response:
    """Carry out an edit that was shown before."""
    edit = _allowed(page, page.form.choice("edit", list(_EDITS), ""))
    keys = page.session.selection(page.form.text("selection"))
    if not keys:
        raise InputError(
            "The selection is not known any more; nothing was changed.", hint="Select the customers again."
        )
    desk = page.webstore.desk(page.person, with_secrets=edit.asks_systems)
    desk = replace(desk, expected_version=page.form.version)
    with page.webstore.view() as view:
        lines = lines_of(view, desk.setup, keys)
    done = edit.do(page, desk, lines)
    if isinstance(done, Response):
        return done
    said, made = done
    back = page.form.text("back")
    where = back if back.startswith(page.path("mapping")) else page.path("mapping")
    return page.go(where, said, take_back=None if made is None else made - 1, made=made)


def _allowed(page: Page, name: str) -> _Edit:
    edit = _EDITS[name]
    if not page.person.may(edit.right):
        raise RequestRefused(403, f"{edit.title} needs the right to {edit.right.name.lower()}, which you do not have.")
    return edit


def _back(page: Page) -> str:
    fields = {name: page.form.text(name) for name in ("filter", "sort", "desc", "s", "offset")}
    return page.path("mapping", **fields)


# what edits lead to


def _ticking(setup: Setup, lines: list[Line]) -> list[str]:
    mails = setup.accounts.account_mails == "send"
    told = [
        f"{_customers(len(lines))} of Business Central will be marked as Webstore Customer. Neither system is changed now."
    ]
    if setup.synchronization.push_webstore_customers is PushWebstoreCustomers.NONE:
        return [*told, "Push Webstore Customers is None: no account is created until that is changed."]
    told.append(
        "The next run looks for an account of each in the webstore, links it, and creates one where there is none."
    )
    told.append(
        "Whoever gets an account is sent the shop's new-account e-mail."
        if mails
        else "The setup does not let new accounts be created with an e-mail: see account_mails in the setup."
    )
    return told


def _unticking(_setup: Setup, lines: list[Line]) -> list[str]:
    return [f"{_customers(len(lines))} will not be created in the webstore any more. Who is linked stays linked."]


def _linking(setup: Setup, lines: list[Line]) -> list[str]:
    pair = _pair_of(lines)
    policy = setup.synchronization.policies.first_link
    return [
        f"{pair[0].bc_number} {pair[0].bc_name} and account {pair[1].webstore_id} {pair[1].webstore_name} become one pair.",
        "The next run compares them, fills what is blank on one side, and where they differ "
        + ("asks a person." if policy == "ask" else f"{policy} wins (policy first_link)."),
    ]


def _unlinking(_setup: Setup, lines: list[Line]) -> list[str]:
    return [
        f"{_pairs(len(lines))} will not be synchronised any more. Nothing is deleted in either system.",
        "They are remembered as not the same: no run links them again by itself. Link them by hand to change that.",
    ]


def _releasing(_setup: Setup, lines: list[Line]) -> list[str]:
    return [f"{_customers(len(lines))} on hold or refused before will be tried again by the next scheduled run."]


def _synchronizing(setup: Setup, lines: list[Line]) -> list[str]:
    flags = setup.synchronization
    told = [
        f"Push Webstore Customers is {flags.push_webstore_customers}, Pull Webstore Customers is {flags.pull_webstore_customers}."
    ]
    new = sum(not line.bc_id for line in lines)
    if new and flags.pull_webstore_customers is PullWebstoreCustomers.ALL:
        told.append(f"{_customers(new)} only in the webstore will be linked, or created in Business Central.")
    waiting = sum(line.ticked and line.webstore_id is None for line in lines)
    if waiting and flags.push_webstore_customers is not PushWebstoreCustomers.NONE:
        told.append(f"{_customers(waiting)} will be linked, or get an account in the webstore.")
    linked = sum(bool(line.bc_id) and line.webstore_id is not None for line in lines)
    return [*told, f"{_pairs(linked)} will be compared field by field."] if linked else told


def _customers(number: int) -> str:
    return f"{number:,} customer{'s' * (number != 1)}"


def _pairs(number: int) -> str:
    return f"{number:,} pair{'s' * (number != 1)}"


# carrying them out


def _tick(_page: Page, desk: Desk, lines: list[Line]) -> tuple[str, int | None]:
    done = tick(desk, [line.bc_id for line in lines if line.bc_id])
    return f"{_customers(len(lines))} ticked.", done["mapping_version"]


def _untick(_page: Page, desk: Desk, lines: list[Line]) -> tuple[str, int | None]:
    done = untick(desk, [line.bc_id for line in lines if line.bc_id])
    return f"{_customers(len(lines))} unticked.", done["mapping_version"]


def _link(_page: Page, desk: Desk, lines: list[Line]) -> tuple[str, int | None]:
    card, account = _pair_of(lines)
    done = link(desk, [(str(card.bc_id), int(account.webstore_id or 0))])
    return f"{card.bc_number} is linked to account {account.webstore_id}.", done["mapping_version"]


def _unlink(_page: Page, desk: Desk, lines: list[Line]) -> tuple[str, int | None]:
    done = unlink(desk, [line.bc_id for line in lines if line.bc_id])
    return f"{_pairs(len(lines))} unlinked.", done["mapping_version"]


def _release(_page: Page, desk: Desk, lines: list[Line]) -> tuple[str, int | None]:
    release_holds(desk, [line.bc_id or line.key for line in lines])
    return f"{_customers(len(lines))} released.", None


def _synchronize(page: Page, _desk: Desk, lines: list[Line], *, plan_first: bool = False) -> Response:
    names = tuple(line.bc_id or line.key for line in lines)
    title = f"{'Plan for' if plan_first else 'Synchronize'} {_customers(len(names))}"
    return start_run(page, title, names, plan_first=plan_first)


def _plan(page: Page, desk: Desk, lines: list[Line]) -> Response:
    return _synchronize(page, desk, lines, plan_first=True)


def _pair_of(lines: list[Line]) -> tuple[Line, Line]:
    """The card and the account that are to be linked."""
    cards = [line for line in lines if line.bc_id and line.webstore_id is None]
    accounts = [line for line in lines if not line.bc_id]
    if (len(cards), len(accounts), len(lines)) != (1, 1, 2):
        raise InputError(
            "To link, select one customer that is only in Business Central and one that is only in the webstore.",
            hint="Many at once are linked on the page Suggestions.",
        )
    return cards[0], accounts[0]


def _is_linked(line: Line) -> bool:
    return bool(line.bc_id) and line.webstore_id is not None


_EDITS: dict[str, _Edit] = {
    "synchronize": _Edit("Synchronize Selected Customers", Right.APPROVE, _synchronizing, lambda _: True, _synchronize),
    "plan": _Edit("Plan first", Right.APPROVE, _synchronizing, lambda _: True, _plan),
    "tick": _Edit("Tick", Right.EDIT, _ticking, lambda line: bool(line.bc_id) and not line.ticked, _tick),
    "untick": _Edit(
        "Untick", Right.EDIT, _unticking, lambda line: line.ticked and not _is_linked(line), _untick, asks_systems=False
    ),
    "link": _Edit("Link two rows", Right.EDIT, _linking, lambda line: not _is_linked(line), _link),
    "unlink": _Edit("Unlink", Right.EDIT, _unlinking, _is_linked, _unlink, asks_systems=False),
    "release": _Edit(
        "Release holds", Right.EDIT, _releasing, lambda line: "on hold" in line.states or bool(line.last_error), _release,
        asks_systems=False,
    ),
}  # fmt: skip


ROUTES = (
    shown_page("/{code}/mapping", _mapping),
    action("/{code}/mapping/search", _search, Right.LOOK, lambda _: True),
    action("/{code}/mapping/refresh", _refresh, Right.APPROVE),
    action("/{code}/mapping/edit", _preview, Right.LOOK, lambda _: True),
    action("/{code}/mapping/do", _do, Right.LOOK),
)
