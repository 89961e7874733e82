"""Pages of the Prefect UI, as a person meets them: opened, read, clicked, photographed."""

from __future__ import annotations

import time
from pathlib import Path

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
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

    def open(self, path: str, text: str, height: int) -> None:
        """Go somewhere and wait until a text is to be read."""
        self.driven.set_window_size(1280, height)
        self.driven.get(f"{self._ui}{path}")
        self.wait_for(text)

    def wait_for(self, text: str) -> None:
        """Wait until a text is to be read."""
        WebDriverWait(self.driven, PATIENCE).until(lambda _: text in self.text, f"{text!r} in {self.text[:1500]}")

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

    def photograph(self, path: Path) -> None:
        """The page as it is."""
        time.sleep(1)  # its movements have ended
        path.parent.mkdir(parents=True, exist_ok=True)
        assert self.driven.save_screenshot(str(path))
