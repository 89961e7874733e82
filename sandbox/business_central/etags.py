"""If-Match: who writes must say which state of the record they have seen."""

import re

from sandbox.business_central.errors import entity_changed, unreadable_token

_ETAG = re.compile(r'(W/)?"[^"]*"')


def check_if_match(sent: str | None, etag: str, *, is_required: bool) -> None:
    """Raise ApiError: 400 for a missing or unreadable If-Match, 409 for that of another state; * fits every state."""
    if sent is None:
        if is_required:
            raise unreadable_token()
        return
    text = sent.strip()
    if text == "*":
        return
    if not _ETAG.fullmatch(text):
        raise unreadable_token()
    if text != etag:
        raise entity_changed()
