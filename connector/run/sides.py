"""Whether the setup still leads to the shop and the company that the mapping table belongs to.

Ids mean something in one shop and one company only: behind another address they are other people's. Both tell who they are: the
shop its address and name (WordPress' index), Business Central the id of the company; the environment is part of the address.
What they told first is kept. When it has changed nothing is read and nothing is written until a person says that they moved.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from connector.clients import BusinessCentralClient, KnownCompany, WooCommerceClient
from connector.core.customer import Side
from connector.core.plan import Plan
from connector.errors import InputError, SetupError
from connector.run.run import Run
from connector.setup import Setup
from connector.setup.addresses import spelled
from connector.store import Store

__all__ = ["confirm_sides", "meet_sides", "say_moved", "verify_sides"]

_NAMES = {Side.WEBSTORE: "shop", Side.BUSINESS_CENTRAL: "company"}
# https://api.businesscentral.dynamics.com/v2.0/TENANT/ENVIRONMENT/api/v2.0; the tenant can be written in several ways
_ONLINE = re.compile(r"^/v\d+\.\d+/(?:[^/]+/)?([^/]+)/api/")


def verify_sides(
    store: Store, setup: Setup, webstore: WooCommerceClient | None, company: BusinessCentralClient | None
) -> None:
    """Make sure that both sides are who they were; what they are is kept when it is not known yet.

    Args:
        webstore, company: None = that side is not asked.

    Raises:
        SetupError: one of them is another one; in words, with what confirms a move.
    """
    told: dict[Side, dict[str, str]] = {}
    if webstore is not None:
        told[Side.WEBSTORE] = webstore.site()
    if company is not None:
        told[Side.BUSINESS_CENTRAL] = _company(setup, company)
    with store.view(setup.webstore_code) as view:
        known = {side: view.sides.get(str(side)) for side in told}
    for side, now in told.items():
        other = _differences(known[side], now)
        if other:
            word = str(side).replace("_", "-")
            raise SetupError(
                f"The {_NAMES[side]} behind the setup is not the one that the mapping table of {setup.webstore_code} belongs "
                f"to: {'; '.join(other)}. Its customers would be taken for those of the other one. Nothing was read or written.",
                hint=f"Correct the address in the setup. If it is the same {_NAMES[side]}, which has moved or has another name "
                f"now: customer-sync setup moved {word}.",
                system=str(side),
            )
    fresh = {side: now for side, now in told.items() if now and not known[side]}
    if fresh:
        with store.work(setup.webstore_code) as work:
            for side, now in fresh.items():
                work.sides.put(str(side), now)


def meet_sides(run: Run) -> None:
    """Make sure that both sides are who they were, unless this process has asked them a moment ago.

    Raises:
        SetupError: see `verify_sides`.
    """
    if not run.lately.recall_sides(run.setup, run.business_central):
        verify_sides(run.store, run.setup, run.webstore, run.business_central)
        run.lately.note_sides(run.setup, run.business_central)


def confirm_sides(run: Run, plan: Plan) -> None:
    """Ask both sides who they are after all, before a plan is written that nothing else guards against another shop's customers:
    one that creates or links, or changes a pair whose account has left no marks yet (core/identity.py).

    Raises:
        SetupError: see `verify_sides`; nothing has been written.
    """
    if not run.lately.sides_known:
        return
    with run.store.view(run.code) as view:
        marked = not plan.links and all(
            write.operation == "update" and all(view.bases.marks(write.bc_id or "", write.webstore_id or 0))
            for write in plan.writes
        )
    if marked:
        return
    run.business_central.known = KnownCompany()
    verify_sides(run.store, run.setup, run.webstore, run.business_central)
    run.lately.note_sides(run.setup, run.business_central)


def say_moved(store: Store, setup: Setup, side: str, *, dry_run: bool = False) -> dict[str, Any]:
    """A person says that a side is the same as before, though it tells something else of itself.

    Args:
        dry_run: only tell what would be kept.

    Returns:
        `before` and `now`: what the side told of itself.

    Raises:
        InputError: there is no such side, or it tells nothing.
    """
    sides = {str(one).replace("_", "-"): one for one in Side}
    if side not in sides:
        raise InputError(f"There is no side {side!r}.", hint="Say webstore or business-central.")
    if sides[side] is Side.WEBSTORE:
        with WooCommerceClient(setup.webstore) as webstore:
            now = webstore.site()
    else:
        with BusinessCentralClient(setup.business_central) as company:
            now = _company(setup, company)
    if not now:
        raise InputError(f"The {side} does not tell who it is, so there is nothing to confirm.")
    with store.view(setup.webstore_code) as view:
        before = view.sides.get(str(sides[side]))
    if not dry_run:
        with store.work(setup.webstore_code) as work:
            work.sides.put(str(sides[side]), now)
    return {"side": side, "before": before, "now": now}


def _company(setup: Setup, company: BusinessCentralClient) -> dict[str, str]:
    """The company's id as the server says it, and the environment of the address; of a server with several tenants which one: a
    copied database has the same ids. Proxy and folder are no part of it, they are ways to the same company."""
    address = setup.business_central.base_url
    online = _ONLINE.match(urlsplit(address).path)
    place = online.group(1) if online else spelled(address).partition("://")[2].partition("/")[0]
    tenant = setup.business_central.tenant.casefold()
    return {"id": company.company_id, "environment": _same("environment", place)} | (
        {"tenant": tenant} if tenant else {}
    )


def _differences(known: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """What differs of what both tell."""
    return [
        f"its {name} was {known[name]!r}, now it is {now[name]!r}"
        for name in known
        if name in now and _same(name, known[name]) != _same(name, now[name])
    ]


def _same(name: str, mark: str) -> str:
    """A mark in one spelling: stores keep some from before addresses were kept so."""
    if name == "environment":
        return spelled(unquote(mark)).casefold()
    return spelled(mark) if name == "address" else mark
