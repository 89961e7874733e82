"""A console that runs in a thread of the test, on a sandbox; and people in front of it, with a browser or without one."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import unescape
from typing import Any

import requests
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from connector.webhooks.serving import Listening
from console.serving import Served, serving
from tests.flows.shop import Shop

__all__ = ["Visitor", "console_of", "settled", "shown", "wait_until"]

WITHIN_SECONDS = 60.0


@contextmanager
def console_of(*shops: Shop, **how: Any) -> Iterator[Served]:
    """A running console of some shops; a setup that a test changes is changed for the console, too."""
    by_code = {shop.setup.webstore_code: shop for shop in shops}
    listening = how.pop("listening", Listening(port=0))
    with serving(list(by_code), listening, find=lambda name, _with_secrets: by_code[name].setup, **how) as served:
        thread = threading.Thread(target=served.run, name="console")
        thread.start()
        wait_until(lambda: served.server.started)
        try:
            yield served
        finally:
            served.server.should_exit = True
            thread.join(WITHIN_SECONDS)
            assert not thread.is_alive(), "the console did not end"


def wait_until(true: Any, seconds: float = WITHIN_SECONDS) -> None:
    """Wait for something that will be true soon."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)


def settled(served: Served, code: str = "shop") -> None:
    """Wait for the end of the run that is at work."""
    wait_until(lambda: not served.console.webstores[code].runs.busy)


def shown(browser: Chrome, selector: str) -> WebElement:
    """An element of the page, as soon as it is there: a click may return before the next page has come."""
    return WebDriverWait(browser, WITHIN_SECONDS).until(lambda seen: seen.find_element(By.CSS_SELECTOR, selector))


class Visitor:
    """Somebody with a browser that has no scripts: follows links, fills in the forms that pages show."""

    def __init__(self, served: Served, *, enter: bool = True) -> None:
        self.served = served
        self.http = requests.Session()
        self.http.trust_env = False
        if enter:
            assert self.get(served.entry.removeprefix(served.address)).status_code == 200

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.http.get(self.served.address + path, timeout=30, **more)

    def token(self, page: str, action: str) -> str:
        """The token of the form of a page that is sent to `action`."""
        text = self.get(page).text
        for form in re.findall(r"<form[^>]*action=\"([^\"]*)\"[^>]*>(.*?)</form>", text, re.DOTALL):
            if unescape(form[0]) == action and (found := re.search(r"name=\"token\" value=\"([^\"]+)\"", form[1])):
                return found[1]
        raise AssertionError(f"{page} has no form for {action}")

    def fields(self, page: str, action: str) -> list[tuple[str, str]]:
        """The hidden fields of that form."""
        text = self.get(page).text
        for form in re.findall(r"<form[^>]*action=\"([^\"]*)\"[^>]*>(.*?)</form>", text, re.DOTALL):
            if unescape(form[0]) == action:
                found = re.findall(r"<input type=\"hidden\" name=\"([^\"]+)\" value=\"([^\"]*)\"", form[1])
                return [(name, unescape(value)) for name, value in found]
        raise AssertionError(f"{page} has no form for {action}")

    def send(self, page: str, action: str, *fields: tuple[str, str], **more: Any) -> requests.Response:
        """Fill in the form of a page that is sent to `action`, and send it."""
        given = {name for name, _ in fields}
        kept = [(name, value) for name, value in self.fields(page, action) if name not in given]
        return self.post(action, [*kept, *fields], **more)

    def post(self, path: str, fields: Sequence[tuple[str, str]], **more: Any) -> requests.Response:
        return self.http.post(self.served.address + path, data=list(fields), timeout=60, **more)
