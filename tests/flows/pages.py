"""Pages of the Prefect UI, as a person meets them: opened, read, clicked, photographed."""

from __future__ import annotations

import time
from pathlib import Path

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

__all__ = ["Page"]

PATIENCE = 60


class Page:
    """A browser on the UI of one server. `driven` is Selenium's."""

    def __init__(self, driven: Chrome, ui: str) -> None:
        self.driven = driven
        self._ui = ui

    @property
    def text(self) -> str:
        """All that is to be read."""
        return self.driven.find_element(By.TAG_NAME, "body").text

    def open(self, path: str, text: str, height: int, width: int = 1280) -> None:
        """Go somewhere and wait until a text is to be read."""
        self.driven.set_window_size(width, height)
        self.driven.get(f"{self._ui}{path}")
        self.wait_for(text)

    def wait_for(self, text: str) -> None:
        """Wait until a text is to be read."""
        WebDriverWait(self.driven, PATIENCE).until(lambda _: text in self.text, f"{text!r} in {self.text[:1500]}")

    def wait_for_unbroken(self, text: str) -> None:
        """As `wait_for`, of a text that the page may break into lines, or have in a field."""
        wanted = "".join(text.split())

        def is_there(_: Chrome) -> bool:
            fields = self.driven.find_elements(By.CSS_SELECTOR, "input, textarea")
            everything = "".join([self.text, *(field.get_attribute("value") or "" for field in fields)])
            return wanted in "".join(everything.split()).replace("\u2060", "")

        # a page that is being drawn takes its fields away while they are read
        waiting = WebDriverWait(self.driven, PATIENCE, ignored_exceptions=[StaleElementReferenceException])
        waiting.until(is_there, f"{text!r} in {self.text[:3000]}")

    def shows(self, *texts: str) -> None:
        """All of these are to be read (choices in drop-down lists and fields, too)."""
        values = [e.get_attribute("value") or "" for e in self.driven.find_elements(By.CSS_SELECTOR, "input, textarea")]
        everything = "\n".join([self.text, *values])
        missing = [text for text in texts if text not in everything]
        assert not missing, f"{missing} not in {everything}"

    def click(self, label: str) -> None:
        """Press the button of this label."""
        path = f"//button[normalize-space()='{label}']"
        WebDriverWait(self.driven, PATIENCE).until(lambda _: self.driven.find_elements(By.XPATH, path), f"a {label}")
        self.driven.find_elements(By.XPATH, path)[0].click()

    def choose_in_menu(self, menu: str, entry: str) -> None:
        """Open a menu by its button and choose an entry."""
        opener = f"//button[normalize-space()='{menu}' or @aria-label='{menu}']"
        WebDriverWait(self.driven, PATIENCE).until(lambda _: self.driven.find_elements(By.XPATH, opener), f"a {menu}")
        self.driven.find_elements(By.XPATH, opener)[0].click()
        path = f"//*[@role='menuitem'][normalize-space()='{entry}']"
        WebDriverWait(self.driven, PATIENCE).until(
            lambda _: self.driven.find_elements(By.XPATH, path), f"an entry {entry}"
        )
        self.driven.find_elements(By.XPATH, path)[0].click()

    def submit(self) -> None:
        """Send a form, and wait until its page has gone; again when the server was busy (503), as a person would."""
        here, left = self.driven.current_url, False
        for _ in range(4):
            self.click("Submit")
            deadline = time.monotonic() + PATIENCE / 4
            while not left and time.monotonic() < deadline:
                time.sleep(0.2)
                left = self.driven.current_url != here
            if left:
                return
        raise AssertionError(f"the form was not sent: {self.text}")

    def choose(self, field: str, kind: str) -> None:
        """In a form, say of which kind a field is: `str`, `None`."""
        path = f".//button[normalize-space()='{kind}']"
        self._part(field).find_element(By.XPATH, path).click()

    def type_into(self, field: str, text: str) -> None:
        """Type into a field of a form, and wait until it stands there."""
        self._box(field).send_keys(text)
        WebDriverWait(self.driven, PATIENCE).until(lambda _: self._box(field).get_attribute("value") == text)

    def clear(self, field: str) -> None:
        """Take everything out of a field of a form, as a person does."""
        self._box(field).send_keys(Keys.CONTROL, "a")
        self._box(field).send_keys(Keys.DELETE)
        WebDriverWait(self.driven, PATIENCE).until(lambda _: self._box(field).get_attribute("value") == "")

    def _box(self, field: str) -> WebElement:
        """Where one types; it comes a moment after its kind was chosen, and may be drawn anew at every key."""
        wait = WebDriverWait(self.driven, PATIENCE)
        wait.until(lambda _: self._part(field).find_elements(By.CSS_SELECTOR, "textarea"), f"a box of {field}")
        return self._part(field).find_element(By.CSS_SELECTOR, "textarea")

    def _part(self, field: str) -> WebElement:
        """What belongs to a field of a form: its label and what is around it."""
        path = f"//label[starts-with(normalize-space(), '{field}')]/ancestor::*[.//fieldset or .//textarea][1]"
        return self.driven.find_element(By.XPATH, path)

    def photograph(self, path: Path) -> None:
        """The page as it is."""
        time.sleep(1)  # its movements have ended
        path.parent.mkdir(parents=True, exist_ok=True)
        assert self.driven.save_screenshot(str(path))
