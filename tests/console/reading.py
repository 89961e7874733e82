"""What a page says, without its markup."""

from __future__ import annotations

import re
from html import unescape

import requests

__all__ = ["text_of"]


def text_of(answer: requests.Response) -> str:
    """The text that people read, blanks made one."""
    text = re.sub(r"<(style|script)\b.*?</\1>", " ", answer.text, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())
