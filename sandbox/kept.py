"""What a sandbox's folder remembers of its first start, so that a later one goes on: which customers were chosen, and its ports.

A shop at another port would be another shop to whoever synchronises it.
"""

import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.listening import bound_socket
from sandbox.people import SandboxInputError

__all__ = ["Kept"]

_FILE = "sandbox.json"


@dataclass
class Kept:
    """The memory of one folder; `directory` None = a sandbox that keeps nothing."""

    directory: Path | None
    told: dict[str, Any]

    @classmethod
    def of(cls, directory: Path | None) -> "Kept":
        """What a folder remembers; nothing where it is new, or older than this memory."""
        try:
            told = {} if directory is None else json.loads((directory / _FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            told = {}
        return cls(directory, told if isinstance(told, dict) else {})

    def check_same(self, chosen: dict[str, Any]) -> None:
        """Refuse customers that are others than those of the first start; none chosen = whoever is there.

        Raises:
            SandboxInputError: says who is there.
        """
        wanted = {name: value for name, value in chosen.items() if value}
        there = self.told.get("customers")
        if wanted and wanted != there:
            held = ", ".join(f"{name} {value}" for name, value in (there or {}).items()) or "its own"
            raise SandboxInputError(
                f"{self.directory} holds a sandbox's customers already ({held}); choose others with a new directory, or "
                "leave the choice out to go on"
            )

    def bound(self, name: str, port: int) -> socket.socket:
        """The socket of a system: of port 0 the one that it had before, if nobody else has it now."""
        if not port and self.told.get(name):
            try:
                return bound_socket(int(self.told[name]))
            except (SandboxInputError, ValueError):
                pass
        return bound_socket(port)

    def keep(self, chosen: dict[str, Any], **ports: int) -> None:
        """Remember the ports, and, at the first start, the customers."""
        if self.directory is not None:
            self.told = {"customers": {name: value for name, value in chosen.items() if value}} | self.told | ports
            (self.directory / _FILE).write_text(json.dumps(self.told), encoding="utf-8")
