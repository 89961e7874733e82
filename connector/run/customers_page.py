"""What Business Central's page of customers has, learned when a run begins."""

from __future__ import annotations

from connector.rules.page import fitted
from connector.run.run import Run

__all__ = ["know_page"]


def know_page(run: Run) -> None:
    """Ask a partner's page what it has, and follow the field map as far as the page allows it from now on. The page of API v2.0
    is known, and not asked.

    Raises:
        PremiseBroken: it does not have what the fields are mapped to.
        SetupError: there is no such page.
    """
    if not run.setup.business_central.has_custom_page:
        return
    run.page = run.business_central.page()
    run.follow(*fitted(run.rules.fields, run.page))
