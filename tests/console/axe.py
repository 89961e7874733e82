"""Accessibility by axe-core, run inside a page through the browser's debugger: the pages' own policy allows no foreign script."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from selenium.webdriver import Chrome

__all__ = ["violations"]

_SOURCE = (files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")
# what axe calls best practice is asked for, too
_OPTIONS = {"resultTypes": ["violations"]}


def violations(browser: Chrome) -> list[str]:
    """What axe finds on the page that is shown: rule, meaning and the elements, one line each."""
    _evaluated(browser, _SOURCE, wait=False)
    found: dict[str, Any] = json.loads(
        _evaluated(
            browser, f"axe.run(document, {json.dumps(_OPTIONS)}).then((found) => JSON.stringify(found))", wait=True
        )
    )
    return [
        f"{one['id']}: {one['help']}: {'; '.join(str(node['target']) for node in one['nodes'][:5])}"
        for one in found["violations"]
    ]


def _evaluated(browser: Chrome, expression: str, *, wait: bool) -> Any:
    answer = browser.execute_cdp_cmd("Runtime.evaluate", {"expression": expression, "awaitPromise": wait})
    assert "exceptionDetails" not in answer, answer["exceptionDetails"]
    return answer["result"].get("value")
