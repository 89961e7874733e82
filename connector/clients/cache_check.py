"""Whether something in front of a server answers reads from memory: writes get through, and lists show the past.

Hosts switch such caches on by default, some for a week, also for requests with credentials. They show themselves by their
headers; or in that an answer comes twice, with the same text and the same Date, although the clock has gone on meanwhile; or in
that the same address is answered without a key, too, which the shop itself would refuse. A cache that says nothing, puts a new
Date on what it remembers and keeps apart who asked cannot be told from here.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping

from connector.clients.answers import Answer
from connector.clients.results import CheckResult

__all__ = ["Ask", "age_seconds", "cache_findings", "sign_of_a_cache"]

Ask = Callable[[], Answer]
# a Date counts whole seconds, so a fresh answer that comes so much later has another one
_BETWEEN_SECONDS = 1.1
_KEYLESS = "it answers without a key"
_HIT = re.compile(r"\b(hit|stale|updating|revalidated)\b", re.IGNORECASE)
_REMEDY = (
    "Exclude /wp-json/ from the cache. LiteSpeed Cache: Cache > Cache, switch Cache REST API off; Varnish: return (pass) for "
    "/wp-json/; Cloudflare: a cache rule that bypasses it; elsewhere: the cache or CDN in the panel of the host. Then purge it."
)
_REMEDY_OF_COMPANY = "Exclude the address of the API (base_url) from the cache of the proxy, and purge it."


def cache_findings(
    system: str,
    name: str,
    plainly: Ask,
    past: Ask | None = None,
    without_key: Callable[[bool], Answer] | None = None,
    place: str = "/wp-json/",
) -> list[CheckResult]:
    """What two equal questions say of a cache; nothing when they were answered by the server.

    Args:
        system: "webstore" or "business_central"; name: how it is called in a sentence.
        plainly: asks a list, at the same address each time, without anything that keeps caches out.
        past: asks the same list as runs do, past a cache; None where they ask plainly.
        place: where the webstore's API is.
        without_key: asks the same list without a key, plainly or (True) past a cache; None where nobody can.

    Returns:
        A warning when runs get past it; a failure when they do not: nothing that is read could be relied on.
    """
    first = plainly()
    sign = sign_of_a_cache(first.headers)
    if not sign:
        time.sleep(_BETWEEN_SECONDS)
        second = plainly()
        sign = sign_of_a_cache(second.headers) or _repetition(first, second)
    if not sign and without_key is not None and _answers_all(first, without_key(False)):
        sign = _KEYLESS
    if not sign:
        return []
    remedy = _REMEDY.replace("/wp-json/", place) if system == "webstore" else _REMEDY_OF_COMPANY
    asked_past = first if past is None else past()
    keyless = sign == _KEYLESS and without_key is not None and _answers_all(first, without_key(True))
    if past is None or keyless or sign_of_a_cache(asked_past.headers) or _repetition(first, asked_past):
        what = f"A cache in front of {name} answers what customer-sync reads from memory ({sign}): values would be old."
        return [CheckResult(system, False, what, remedy)]
    what = (
        f"A cache in front of {name} answers lists from memory ({sign}). Runs ask past it; other programs see the past."
    )
    return [CheckResult(system, True, what, remedy, warning=True)]


def sign_of_a_cache(headers: Mapping[str, str]) -> str:
    """The header by which a cache says that it answered from memory, with the word that says so; "" when none does.

    Known are Age, and every header with "cache" in its name (X-Cache, X-LiteSpeed-Cache, CF-Cache-Status, Cache-Status, ...);
    Varnish names two requests where it answers one with what another has brought.
    """
    age = age_seconds(headers)
    for name, value in headers.items():
        lowered = name.lower()
        if lowered.startswith(("x-varnish", "x-cache-hits")) or "cache" in lowered:
            numbers = re.fullmatch(r"\s*(\d+)(?:[,\s]+(\d+))*\s*", value)
            if lowered == "x-varnish" and len(value.split()) == 2 and numbers:
                return f"{name}: two requests"
            if lowered == "x-cache-hits" and numbers and any(int(n) for n in re.findall(r"\d+", value)):
                return f"{name} above 0"
            said = None if lowered == "cache-control" else _HIT.search(value)
            if said is not None:
                return f"{name}: {said[1].lower()}"
    return f"Age: {age} s" if age else ""


def age_seconds(headers: Mapping[str, str]) -> int:
    """How long ago a cache got the answer, by its own word; 0 when none says so."""
    text = headers.get("Age", "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _repetition(first: Answer, later: Answer) -> str:
    """That a later answer is the first one once more; "" when it is one of its own, or says no time."""
    date = first.headers.get("Date", "")
    is_same = bool(date) and later.headers.get("Date", "") == date and later.text == first.text
    return "the same answer with the same Date twice" if is_same else ""


def _answers_all(first: Answer, keyless: Answer) -> bool:
    """Whether somebody without a key got what the key had got; of an empty list nobody can say."""
    return keyless.status == 200 and bool(first.body) and keyless.text == first.text
