"""If-Match: who writes must say which state of the record they have seen."""

import base64
import re

from sandbox.business_central.errors import entity_changed, unreadable_token

_ETAG = re.compile(r'W/"([A-Za-z0-9+/]+=*)"')


def check_if_match(sent: str | None, etag: str, *, is_required: bool) -> None:
    """Raise ApiError: 400 for a missing or unreadable If-Match, 409 for that of another state; * fits every state."""
    if sent is None:
        if is_required:
            raise unreadable_token()
        return
    text = sent.strip()
    if text == "*":
        return
    if not _is_readable(text):
        raise unreadable_token()
    if text != etag:
        raise entity_changed()


def _is_readable(text: str) -> bool:
    """Whether the text holds a version of some record: base64 of `'L;digits1;00;'` (rows.py)."""
    found = _ETAG.fullmatch(text)
    try:
        inner = base64.b64decode(found[1], validate=True) if found else b""
    except ValueError:
        return False
    return re.fullmatch(rb"'\d+;\d+;\d+;'", inner) is not None
