"""One customer: both sides beside each other, field by field; its history, its errors, and what can be done about it."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from connector.core.customer_key import customer_key
from connector.desk.customer_card import field_by_field, looked_up
from connector.desk.customer_list import Line, lines_of
from connector.errors import CustomerSyncError
from connector.setup import Setup
from connector.store import records
from console.guard import RequestRefused
from console.page import Page, shown_page

__all__ = ["ROUTES"]

_EVENTS = 200


def _customer(page: Page) -> Response:
    key = page.request.path_params["customer"].replace("woo-", "woo:", 1)
    trouble, looked = "", None
    with page.webstore.view() as view:
        found = lines_of(view, page.webstore.setup, [key])
    if not found:
        raise RequestRefused(404, "No customer is known under this id.")
    line = found[0]
    # of whoever is linked to nobody only the name is known: then the system is asked at once
    if page.query.flag("look") or not (line.bc_id and line.webstore_id is not None):
        try:
            looked = looked_up(page.webstore.setup_with_secrets(), line.bc_id or None, line.webstore_id)
        except CustomerSyncError as error:
            trouble = str(error)
    with page.webstore.view() as view:
        fields = field_by_field(view, page.webstore.setup, line.bc_id or None, line.webstore_id, looked)
        history = records(view.history(bc_id=line.bc_id or None, webstore_id=line.webstore_id))[::-1]
        keys = {customer_key(line.bc_id or None, line.webstore_id), customer_key(None, line.webstore_id)}
        quarantined = view.quarantine.rows_about(keys)
        holds = [row for row in view.holds.rows() if row["key"] in keys]
        version = view.mapping.version()
    return page.show(
        "customer.html",
        line=line,
        fields=fields,
        looked=looked is not None,
        trouble=trouble,
        history=history[:_EVENTS],
        more_history=max(0, len(history) - _EVENTS),
        quarantined=quarantined,
        holds=holds,
        version=version,
        links=_links(page.webstore.setup, line),
    )


def _links(setup: Setup, line: Line) -> list[tuple[str, str]]:
    """Where the customer is opened in both systems.

    WordPress: wp-admin/user-edit.php?user_id=…; Business Central: page 21 (Customer Card) filtered by number, see
    https://learn.microsoft.com/dynamics365/business-central/dev-itpro/developer/devenv-web-client-urls.
    """
    found = []
    if line.webstore_id is not None:
        found.append(
            ("Open in WordPress", f"{setup.webstore.url.rstrip('/')}/wp-admin/user-edit.php?user_id={line.webstore_id}")
        )
    if line.bc_number:
        company, number = quote(setup.business_central.company, safe=""), quote(f"'{line.bc_number}'", safe="")
        found.append(
            (
                "Open in Business Central",
                f"https://businesscentral.dynamics.com/?company={company}&page=21&filter='No.'%20IS%20{number}",
            )
        )
    return found


ROUTES = (shown_page("/{code}/customers/{customer}", _customer),)
