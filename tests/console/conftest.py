"""Both systems, a shop, a console in front of it, and a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome

from console.serving import Served
from tests.console.served import Visitor, console_of
from tests.flows.conftest import empty_store, postgresql, running, shop, systems
from tests.flows.shop import Shop
from tests.servers.chrome import chrome

__all__ = ["empty_store", "postgresql", "running", "shop", "systems"]


@pytest.fixture
def served(shop: Shop) -> Iterator[Served]:
    """The console of the shop."""
    with console_of(shop, name="Ann") as running_console:
        yield running_console


@pytest.fixture
def visitor(served: Served) -> Visitor:
    """Ann, who may do everything, in a browser without scripts."""
    return Visitor(served)


@pytest.fixture(scope="session")
def _chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chrome(tmp_path_factory.mktemp("profile"), width=1400) as driven:
        yield driven


@pytest.fixture
def browser(_chrome: Chrome, served: Served) -> Chrome:
    """Ann's browser, at the webstores."""
    _chrome.delete_all_cookies()
    _chrome.get(served.entry)
    _chrome.get_log("browser")  # what other tests have left there
    return _chrome
