"""Conflicts: the fields on which both sides differ and nobody has decided, with both values, and what a person takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from starlette.responses import Response

from connector.desk.deciding import (
    TAKES,
    Answer,
    Effect,
    Key,
    Waiting,
    decide_all,
    effect_of,
    take_back_all,
    ticked_among,
    waiting_fields,
)
from connector.errors import InputError
from connector.rules import rules_of
from connector.store import View
from console.kept import kept
from console.page import Form, Page, action, shown_page
from console.people import Right
from console.sides_shown import names_of
from console.starting import start_run

__all__ = ["ROUTES"]

ROWS = 50
# who decides more at once sees none of it in the preview
MOST_AT_ONCE = 200
_LONGEST_VALUE = 1_000
_SHOWN = ("open", "decided", "all")


@dataclass(frozen=True)
class _Planned:
    """A field, what a person takes, and what that leads to."""

    one: Waiting
    take: str
    value: str
    effect: Effect


def _conflicts(page: Page) -> Response:
    query = page.query
    which = query.choice("show", _SHOWN, "open")
    return _listed(page, which, query.text("field"), query.text("s"), query.number("offset", 0))


def _listed(
    page: Page,
    which: str,
    field: str,
    search_name: str,
    offset: int,
    *,
    overtaken: Sequence[Key] = (),
    done: int = 0,
    given: Mapping[Key, tuple[str, str]] | None = None,
) -> Response:
    search = page.session.search(search_name)
    with page.webstore.view() as view:
        everything = kept(page.webstore, view, "conflicts", lambda: waiting_fields(view))
        of_search = _found(page, view, everything, search) if search else everything
        of_field = [one for one in of_search if field in {"", one.field}]
        rows = [one for one in of_field if which == "all" or bool(one.take) == (which == "decided")]
        rows = _first(rows, overtaken)
        offset = min(offset, max(0, len(rows) - 1)) // ROWS * ROWS
        shown = rows[offset : offset + ROWS]
        names = names_of(page, view, {one.bc_id for one in shown})
    decided = {one.bc_id: one.bc_number for one in everything if one.take}
    return page.show(
        "conflicts.html",
        409 if overtaken else 200,
        rows=shown,
        groups=[list(group) for _, group in groupby(shown, key=lambda one: (one.bc_id, one.webstore_id))],
        names=names,
        total=len(rows),
        everything=len(everything),
        fields=sorted(Counter(one.field for one in of_search).items()),
        counts={
            "open": sum(not one.take for one in of_field),
            "decided": sum(bool(one.take) for one in of_field),
            "all": len(of_field),
        },
        decided_fields=sum(bool(one.take) for one in everything),
        decided_customers=len(decided),
        which=which,
        field=field,
        search=search,
        search_name=search_name if search else "",
        offset=offset,
        limit=ROWS,
        overtaken=frozenset(overtaken),
        done=done,
        given=given or {},
    )


def _found(page: Page, view: View, everything: Sequence[Waiting], search: str) -> list[Waiting]:
    """The fields of the customers in whose number, id, name or values every word stands."""
    words = search.casefold().split()
    names = names_of(page, view, {one.bc_id for one in everything})

    def texts(one: Waiting) -> str:
        parts = (one.bc_number, one.bc_id, f"woo:{one.webstore_id}", names.get(one.bc_id, ""))
        return "\n".join((*parts, one.webstore, one.business_central)).casefold()

    return [one for one in everything if all(word in texts(one) for word in words)]


def _first(rows: Sequence[Waiting], keys: Collection[Key]) -> list[Waiting]:
    """Rows with those of some customers at the beginning."""
    wanted = {key[0] for key in keys}
    return sorted(rows, key=lambda one: one.bc_id not in wanted)


def _search(page: Page) -> Response:
    """Keep what is looked for out of the address."""
    more = {name: page.form.text(name) for name in ("show", "field")}
    return page.go(page.path("conflicts", **more, s=page.session.keep_search(page.form.text("search")[:200])))


def _preview(page: Page) -> Response:
    """What was taken, and what will be written."""
    answers = _answers(page.form)
    if not answers:
        raise InputError("Nothing was chosen; nothing was decided.", hint="Choose a value for at least one field.")
    if len(answers) > MOST_AT_ONCE:
        raise InputError(f"More than {MOST_AT_ONCE} fields cannot be decided at once.")
    setup = page.webstore.setup
    rules = rules_of(setup)
    with page.webstore.view() as view:
        waiting = {one.key: one for one in waiting_fields(view)}
        ticked = ticked_among(view, {answer.bc_id for answer in answers})
        names = names_of(page, view, {answer.bc_id for answer in answers})
    overtaken = [a.key for a in answers if a.key not in waiting or waiting[a.key].seen != a.seen]
    if overtaken:
        return _again(page, overtaken, 0, answers)
    # what was decided so already stays with the name of whoever did
    answers = [a for a in answers if (a.take, a.value) != (waiting[a.key].take, waiting[a.key].value)]
    if not answers:
        raise InputError("All of this is decided so already; nothing was changed.")
    planned = [
        _Planned(
            one := waiting[answer.key],
            answer.take,
            answer.value,
            effect_of(one, answer.take, answer.value, setup, rules, ticked=one.bc_id in ticked),
        )
        for answer in answers
    ]
    return page.show(
        "conflicts_preview.html",
        planned=planned,
        names=names,
        customers=len({one.one.bc_id for one in planned}),
        refused=sum(bool(one.effect.refused) for one in planned),
        back=_back(page),
    )


def _decide(page: Page) -> Response:
    """Decide what was shown before."""
    answers = _answers(page.form)
    setup = page.webstore.setup
    rules = rules_of(setup)
    decided = decide_all(page.webstore.desk(page.person), answers[:MOST_AT_ONCE], rules)
    if decided.overtaken:
        return _again(page, decided.overtaken, len(decided.done), answers)
    number = len(decided.done)
    said = f"{number:,} field{'s' * (number != 1)} decided. The next run applies it, unless somebody edits the value before."
    return page.go(_back(page), said)


def _again(page: Page, overtaken: Sequence[Key], done: int, answers: Sequence[Answer]) -> Response:
    """Show what has changed since the person looked, with what was meant."""
    missed = set(overtaken)
    given = {a.key: (a.take, a.value) for a in answers if a.key in missed or not done}
    form = page.form
    return _listed(page, "all", form.text("field"), form.text("s"), 0, overtaken=list(missed), done=done, given=given)


def _take_back(page: Page) -> Response:
    """Forget decisions: of one field, or of all that are shown."""
    named = page.form.all("undo")
    everything = page.form.flag("everything")
    wanted = {key: seen for key, seen in _seen(page.form).items() if everything or _named(key) in named}
    if not wanted:
        raise InputError("No decision was named; nothing was changed.")
    done = take_back_all(page.webstore.desk(page.person), wanted)
    said = f"{len(done.done):,} decision{'s' * (len(done.done) != 1)} taken back."
    if done.overtaken:
        many = len(done.overtaken)
        said += f" {many:,} {'was' if many == 1 else 'were'} applied by a run or changed by somebody meanwhile."
    return page.go(_back(page), said, "note" if done.overtaken else "done")


def _synchronize(page: Page) -> Response:
    """Synchronise the customers of whom something was decided that no run has applied."""
    with page.webstore.view() as view:
        customers = tuple(dict.fromkeys(one.bc_id for one in waiting_fields(view) if one.take))
    if not customers:
        raise InputError("No decision waits for a run (any more).")
    plan_first = page.form.flag("plan")
    title = f"{'Plan for' if plan_first else 'Synchronize'} {len(customers):,} decided customer{'s' * (len(customers) != 1)}"
    return start_run(page, title, customers, plan_first=plan_first)


def _answers(form: Form) -> list[Answer]:
    """What a form says of each field: by its own choice; by its customer's button; or by the button for all that are shown."""
    everywhere = form.choice("all", TAKES[:2], "") if form.text("all") else ""
    whose, _, theirs = form.text("customer").partition(" ")
    found = []
    for key, seen in _seen(form).items():
        name = _named(key)
        take = everywhere or (theirs if whose == key[0] else "" if whose else form.text(f"take {name}"))
        value = form.text(f"value {name}")[:_LONGEST_VALUE]
        if take in TAKES:
            found.append(Answer(*key, seen, take, value if take == "value" else ""))
    return found


def _seen(form: Form) -> dict[Key, str]:
    """The fields that a form is about, with what its person saw of each.

    Raises:
        InputError: the form was not made by these pages.
    """
    found: dict[Key, str] = {}
    for text in form.all("seen"):
        parts = text.split(" ", 3)
        if len(parts) != 4 or not parts[1].isdecimal():
            raise InputError("This form cannot be read; nothing was decided.")
        found[parts[0], int(parts[1]), parts[3]] = parts[2]
    return found


def _named(key: Key) -> str:
    return f"{key[0]} {key[1]} {key[2]}"


def _back(page: Page) -> str:
    form = page.form
    return page.path("conflicts", **{name: form.text(name) for name in ("show", "field", "s")})


ROUTES = (
    shown_page("/{code}/conflicts", _conflicts),
    action("/{code}/conflicts/search", _search, Right.LOOK, lambda _: True),
    action("/{code}/conflicts/preview", _preview, Right.EDIT, lambda _: True),
    action("/{code}/conflicts/decide", _decide, Right.EDIT),
    action("/{code}/conflicts/undecide", _take_back, Right.EDIT),
    action("/{code}/conflicts/synchronize", _synchronize, Right.APPROVE),
)
