"""Suggestions: pairs of customers that may be the same, side by side, and what a person says of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from starlette.responses import Response

from connector.desk.both_sides import read_both
from connector.desk.suggesting import answer
from connector.desk.waiting_pairs import STANDINGS
from connector.errors import InputError, Overtaken
from connector.setup import PullWebstoreCustomers, PushWebstoreCustomers, Setup
from console.guard import RequestRefused
from console.page import Form, Page, action, shown_page
from console.pairs_kept import Listed, listed_pairs
from console.people import Right
from console.searching import linkage_is_installed
from console.sides_shown import sides_of

__all__ = ["ROUTES"]

PAIRS = 20
# so many are looked up in both systems and linked in one go
MOST_AT_ONCE = 500
_LONGEST_REASON = 200


def _suggestions(page: Page) -> Response:
    return _shown(page, page.query.text("standing"), page.query.number("offset", 0))


def _shown(
    page: Page,
    standing: str,
    offset: int,
    *,
    overtaken: Overtaken | None = None,
    ticked: Collection[str] = (),
    reason: str = "",
) -> Response:
    listed = _listed(page)
    counts = Counter(pair.standing for pair in listed.pairs)
    standing = standing if standing in STANDINGS else ""
    pairs = [pair for pair in listed.pairs if standing in {"", pair.standing}]
    offset = min(offset, max(0, len(pairs) - 1)) // PAIRS * PAIRS
    shown = pairs[offset : offset + PAIRS]
    sides, trouble = sides_of(page, shown)
    return page.show(
        "suggestions.html",
        200 if overtaken is None else 409,
        shown=shown,
        sides=sides,
        trouble=trouble,
        total=len(pairs),
        all=len(listed.pairs),
        plain=sum(pair.is_plain for pair in listed.pairs),
        counts=[(name, counts[name]) for name in STANDINGS if counts[name]],
        standing=standing,
        offset=offset,
        limit=PAIRS,
        version=listed.version,
        search=page.webstore.search,
        can_link_likely=linkage_is_installed(),
        effect=_linking(page.webstore.setup),
        overtaken=overtaken,
        ticked=frozenset(ticked),
        reason=reason,
        most=MOST_AT_ONCE,
    )


def _one_pair(page: Page) -> Response:
    """All fields of a pair, as both systems have them now."""
    bc_id, account = page.request.path_params["bc_id"], page.request.path_params["account"]
    pair = next(
        (pair for pair in _listed(page).pairs if (pair.bc_id, f"woo-{pair.webstore_id}") == (bc_id, account)), None
    )
    if pair is None:
        raise RequestRefused(404, "Nobody asks about this pair (any more).")
    sides = read_both(page.webstore.setup_with_secrets(), [pair.bc_id], [pair.webstore_id])
    with page.webstore.view() as view:
        version = view.mapping.version()
    return page.show(
        "suggestion.html",
        pair=pair,
        left=sides.business_central.get(pair.bc_id),
        right=sides.webstore.get(pair.webstore_id),
        sides=sides,
        version=version,
        effect=_linking(page.webstore.setup),
    )


def _search(page: Page) -> Response:
    page.webstore.search.start(page.webstore.desk(page.person, with_secrets=True), likely=page.form.flag("likely"))
    return page.go(page.path("suggestions"))


def _cancel(page: Page) -> Response:
    page.webstore.search.cancel()
    return page.go(page.path("suggestions"), "The search ends after the page that is being read.", "note")


def _answer(page: Page) -> Response:
    """One pair is answered at once; several are shown first where that links them."""
    form = page.form
    accepted, rejected = form.all("accept")[:1], form.all("reject")[:1]
    ticked = form.all("pair")
    if not accepted and not rejected:
        if not ticked:
            raise InputError("No pair was selected; nothing was changed.", hint="Tick the boxes of some pairs first.")
        if form.choice("do", ["accept", "reject"], "accept") == "accept":
            return _preview(page, ticked)
        rejected = ticked
    return _answered(page, accepted, rejected, ticked)


def _asks_to_accept(form: Form) -> bool:
    """Whether the form asks what accepting several pairs would lead to, which carries out nothing."""
    return not form.all("accept") and not form.all("reject") and form.text("do", "accept") == "accept"


def _plain(page: Page) -> Response:
    """The plain pairs, before they are accepted together."""
    plain = [pair.name for pair in _listed(page).pairs if pair.is_plain]
    if not plain:
        raise InputError("No plain pair waits (any more); nothing was changed.")
    return _preview(page, plain)


def _preview(page: Page, names: Sequence[str]) -> Response:
    """What accepting some pairs will lead to. Only one pair per customer can be accepted."""
    listed = _listed(page)
    wanted = set(names)
    pairs = [pair for pair in listed.pairs if pair.name in wanted and pair.standing != "taken"]
    left, right = Counter(pair.webstore_id for pair in pairs), Counter(pair.bc_id for pair in pairs)
    twice = [pair for pair in pairs if left[pair.webstore_id] > 1 or right[pair.bc_id] > 1]
    fine = [pair for pair in pairs if pair not in twice]
    sides, trouble = sides_of(page, fine[:MOST_AT_ONCE])
    return page.show(
        "suggestions_accept.html",
        pairs=fine[:MOST_AT_ONCE],
        later=max(0, len(fine) - MOST_AT_ONCE),
        gone=len(wanted) - len(pairs),
        twice=len(twice),
        sides=sides,
        trouble=trouble,
        effect=_linking(page.webstore.setup, len(fine[:MOST_AT_ONCE])),
        version=listed.version,
        back=_back(page),
    )


def _accept(page: Page) -> Response:
    """Accept the pairs that were shown before."""
    return _answered(page, page.form.all("pair")[:MOST_AT_ONCE], [], page.form.all("pair"))


def _answered(page: Page, accepted: Sequence[str], rejected: Sequence[str], ticked: Collection[str]) -> Response:
    form = page.form
    reason = form.text("reason")[:_LONGEST_REASON]
    following = _following(page, {*accepted, *rejected})
    desk = replace(page.webstore.desk(page.person, with_secrets=True), expected_version=form.version)
    try:
        done = answer(desk, accepted=accepted, rejected=rejected, reason=reason)
    except Overtaken as overtaken:
        kept = {*ticked, *accepted} if accepted else ticked
        return _shown(
            page, form.text("standing"), form.number("offset", 0), overtaken=overtaken, ticked=kept, reason=reason
        )
    words = [f"{_pairs(done['accepted'])} linked"] if done["accepted"] else []
    words += [f"{_pairs(done['rejected'])} remembered as not the same"] if done["rejected"] else []
    made = int(done["mapping_version"])
    before = made - 1 if form.version is None else form.version
    said = f"{' and '.join(words)}: version {made} of the mapping table."
    return page.go(_back(page) + following, said, take_back=before if made > before else None, made=made)


def _following(page: Page, answered: Collection[str]) -> str:
    """The fragment of the pair that comes after the answered ones in the list that the person looks at."""
    standing = page.form.text("standing")
    pairs = [pair for pair in _listed(page).pairs if standing in {"", pair.standing}]
    last = max((at for at, pair in enumerate(pairs) if pair.name in answered), default=-1)
    following = next((pair for pair in pairs[last + 1 :] if pair.name not in answered), None)
    return f"#pair-{following.bc_id}-{following.webstore_id}" if following and last >= 0 else ""


def _listed(page: Page) -> Listed:
    with page.webstore.view() as view:
        return listed_pairs(page.webstore, view)


def _back(page: Page) -> str:
    offset = page.form.number("offset", 0)
    return page.path("suggestions", standing=page.form.text("standing"), offset=offset or "")


def _pairs(number: int) -> str:
    return f"{number:,} pair{'s' * (number != 1)}"


def _linking(setup: Setup, number: int = 1) -> list[str]:
    """What accepting pairs will lead to, under the flags of today."""
    flags = setup.synchronization
    who = "The two become" if number == 1 else "The two of each line become"
    policy = str(flags.policies.first_link)
    wins = {
        "ask": "you are asked",
        "webstore": "the webstore's value wins",
        "business-central": "Business Central's wins",
    }
    told = [
        f"{who} one pair, ticked as Webstore Customer. Neither system is changed now.",
        f"The next run compares them field by field: blanks are filled from the other side; where both differ, {wins[policy]}.",
    ]
    if flags.push_webstore_customers is PushWebstoreCustomers.NONE:
        told.append("Push Webstore Customers is None: nothing is written to the webstore.")
    if flags.pull_webstore_customers is PullWebstoreCustomers.NONE:
        told.append("Pull Webstore Customers is None: nothing is written to Business Central.")
    return told


ROUTES = (
    shown_page("/{code}/suggestions", _suggestions),
    shown_page("/{code}/suggestions/{bc_id}/{account}", _one_pair),
    action("/{code}/suggestions/search", _search, Right.EDIT),
    action("/{code}/suggestions/cancel", _cancel, Right.EDIT),
    action("/{code}/suggestions/answer", _answer, Right.EDIT, _asks_to_accept),
    action("/{code}/suggestions/plain", _plain, Right.EDIT, lambda _: True),
    action("/{code}/suggestions/accept", _accept, Right.EDIT),
)
