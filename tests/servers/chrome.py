"""A real browser without a window: the distribution's Chromium, which may call nobody."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

__all__ = ["chrome"]

# Debian's and Ubuntu's names
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def chrome(profile: Path, *, width: int = 1280, height: int = 1000) -> Iterator[Chrome]:
    """Start Chromium with an empty profile, and end it afterwards.

    Raises:
        RuntimeError: it is not installed; tests/servers/install.sh does that.
    """
    binary = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    if binary is None or driver is None:
        raise RuntimeError("Chromium and its driver are missing: run tests/servers/install.sh")
    options = ChromeOptions()
    options.binary_location = binary
    for argument in (
        "--headless=new",
        "--no-sandbox",  # in containers, where tests run as root
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
        "--hide-scrollbars",
        f"--user-data-dir={profile}",
        f"--window-size={width},{height}",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driven = Chrome(options=options, service=Service(driver))
    try:
        yield driven
    finally:
        driven.quit()
