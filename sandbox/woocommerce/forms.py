"""Bodies of type multipart/form-data; PHP reads them for POST only."""

from email import policy
from email.parser import BytesParser
from typing import Any
from urllib.parse import quote_plus

from sandbox.woocommerce import php


def multipart_fields(content_type: str, body: bytes) -> dict[str, Any]:
    """The fields of the body by name, `billing[city]` as an array; files are left out."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=policy.HTTP).parsebytes(head + body)
    pairs = []
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and part.get_filename() is None and isinstance(content, bytes):
            pairs.append(f"{quote_plus(name)}={quote_plus(content.decode('utf-8', 'replace'))}")
    return php.parse_query("&".join(pairs))
