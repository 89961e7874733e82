"""Standard output and error that never end a run: what has been written to the two systems counts, whoever reads along.

A file or a pipe may have a code page that cannot show every name (Windows until Python 3.15, services with Latin-1), a pipe may
be closed by its reader (`| head`), and a disk may be full. None of these is a reason to lose the exit code of a run.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Any, TextIO

__all__ = ["keep_going", "shows_everything"]


class _Lasting(io.FileIO):
    """A file that takes everything; after the first write that fails the rest is dropped."""

    def __init__(self, number: int, told: bool) -> None:
        super().__init__(number, "wb", closefd=False)
        self._told, self._lost = told, False

    def write(self, data: Any, /) -> int:
        """Write; how many bytes were taken."""
        if not self._lost:
            try:
                return super().write(data) or 0
            except OSError as error:
                self._lost = True
                if self._told and not isinstance(error, BrokenPipeError):  # who closed a pipe knows it
                    sys.stderr.write(f"customer-sync: the output could not be written: {error.strerror or error}.\n")
        return memoryview(data).nbytes


def keep_going() -> None:
    """Make standard output and error replace what they cannot show, and outlast a reader or a disk that fails them."""
    sys.stderr = _lasting(sys.stderr, told=False)
    sys.stdout = _lasting(sys.stdout, told=True)


def shows_everything(stream: object) -> bool:
    """Whether a stream can show every character."""
    return str(getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "").startswith("utf")


def _lasting(stream: TextIO | None, *, told: bool) -> TextIO:
    if stream is None:  # closed by whoever started the process, as services do
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - for as long as the process lives
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    if stream.isatty():
        stream.reconfigure(errors="replace")
        return stream
    stream.flush()
    raw = io.BufferedWriter(_Lasting(stream.fileno(), told))
    return io.TextIOWrapper(
        raw, stream.encoding, "replace", line_buffering=stream.line_buffering, write_through=stream.write_through
    )
