"""`rules check` beside a partner's page: what it has now, or what it had when it was last looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from connector.clients import BusinessCentralClient
from connector.clients.business_central.customers_page import CustomersPage
from connector.clients.transport import Unreachable
from connector.core.properties import Page
from connector.errors import CredentialsRefused, RemoteTrouble, SetupError
from connector.rules.page import COPY, keep_page, kept_page
from connector.setup import Setup

__all__ = ["Look", "look_at_page"]


def _page_now(with_secrets: Callable[[], Setup]) -> tuple[Page | None, str]:
    """The page, or why Business Central cannot be asked for it."""
    try:
        connection = with_secrets().business_central
    except SetupError as error:
        return None, str(error)
    try:
        with BusinessCentralClient(connection, retries=0) as client:
            return client.page(), ""
    except (RemoteTrouble, CredentialsRefused, Unreachable) as error:
        return None, str(error)


@dataclass(frozen=True)
class Look:
    """What was seen of a page.

    Attributes:
        page: None = nothing: neither the page nor a copy could be read.
        words: what it was seen in, and what could not be had, for people.
    """

    page: Page | None
    words: str


def look_at_page(setup: Setup, with_secrets: Callable[[], Setup], folder: Path | None) -> Look:
    """Read the page's metadata and keep a copy beside the rule files; where Business Central is not reached, read the copy.

    Args:
        with_secrets: gives the same setup with its secrets; raises SetupError where one is not set.
        folder: of the rule files; None = the ones that ship, beside which nothing is kept.

    Raises:
        SetupError: Business Central is there, and has no such page.
    """
    page, error = _page_now(with_secrets)
    if page is None:
        copy = None if folder is None else kept_page(folder, CustomersPage.of(setup.business_central).name)
        if copy is None:
            return Look(
                None,
                f"The page could not be read, and there is no copy of it, so types and lengths are not known. {error}",
            )
        return Look(copy[0], f"The page could not be read, so its copy of {copy[1]} was taken. {error}")
    if folder is None:
        return Look(page, f"As {page.name} shows it now.")
    try:
        keep_page(folder, page, datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"))
    except OSError as error:
        return Look(page, f"As {page.name} shows it now; no copy was kept ({error.strerror or error}).")
    return Look(page, f"As {page.name} shows it now; a copy is kept in {folder / COPY}.")
