"""A form with files (multipart/form-data), read by the standard library's parser of messages, whose form it has.

The guard has bounded the body before; nothing of it is written anywhere here.
"""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP

from console.guard import RequestRefused

__all__ = ["parts_of"]


def parts_of(content_type: str, body: bytes, most: int) -> tuple[dict[str, list[str]], dict[str, bytes]]:
    """The fields and the files of a form.

    Args:
        content_type: the header, with the boundary.
        most: fields and files that a form may have.

    Raises:
        RequestRefused: it is no such form, or has too many fields.
    """
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    parts = list(message.iter_parts()) if message.is_multipart() else []
    if not parts:
        raise RequestRefused(400, "This form cannot be read. Open its page anew.")
    if len(parts) > most:
        raise RequestRefused(413, "This form has too many fields.")
    fields: dict[str, list[str]] = {}
    files: dict[str, bytes] = {}
    for part in parts:
        name = part.get_param("name", header="content-disposition")
        file, data = part.get_filename(), part.get_payload(decode=True)
        content = data if isinstance(data, bytes) else b""
        if file is None:
            fields.setdefault(str(name or ""), []).append(content.decode("utf-8", "replace"))
        elif file:  # a browser sends a nameless one where none was chosen
            files[file] = content
    return fields, files
