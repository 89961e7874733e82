"""Who may use the console: one person at this machine, people with passwords, or people whom a trusted proxy names."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from connector.setup import ConsoleSettings

__all__ = ["People", "Person", "Right", "hashed", "is_password"]

# 32 MB and about 80 ms a guess; https://www.rfc-editor.org/rfc/rfc7914
_N, _R, _P = 2**15, 8, 1
_MEMORY = 64 * 1024 * 1024
# a password that nobody has: unknown names take as long as known ones
_NOBODY = "scrypt$AAAAAAAAAAAAAAAAAAAAAA==$" + base64.b64encode(bytes(32)).decode()


class Right(IntEnum):
    """What somebody may do. Each right includes those before it."""

    LOOK = 1
    EDIT = 2
    APPROVE = 3


@dataclass(frozen=True)
class Person:
    """Somebody who uses the console; the name stands in versions and logs."""

    name: str
    right: Right

    def may(self, right: Right) -> bool:
        """Whether this person has a right."""
        return self.right >= right


class People:
    """Everybody whom the setup's section [console] lets in."""

    def __init__(self, settings: ConsoleSettings) -> None:
        self._users = {user.name: user for user in settings.users}
        self._proxies = frozenset(settings.trusted_proxies)
        self._header = settings.user_header.lower()

    @property
    def log_in(self) -> bool:
        """Whether people come in with a name and a password."""
        return any(user.password for user in self._users.values())

    @property
    def anybody(self) -> bool:
        """Whether anybody but the person at this machine is let in."""
        return bool(self._users)

    def by_password(self, name: str, password: str) -> Person | None:
        """The person with this name and password."""
        user = self._users.get(name)
        right_one = is_password(password, user.password if user and user.password else _NOBODY)
        return self._person(name) if user and user.password and right_one else None

    def by_proxy(self, address: str, headers: Mapping[str, str]) -> Person | None:
        """The person whom the proxy at this address names, if it is trusted; headers of anybody else say nothing."""
        if address not in self._proxies:
            return None
        return self._person(headers.get(self._header, ""))

    def _person(self, name: str) -> Person | None:
        user = self._users.get(name)
        return None if user is None else Person(user.name, Right[str(user.right).upper()])


def hashed(password: str) -> str:
    """A password as the setup keeps it: `scrypt$SALT$HASH`, both in Base64."""
    salt = secrets.token_bytes(16)
    return f"scrypt${base64.b64encode(salt).decode()}${base64.b64encode(_derived(password, salt)).decode()}"


def is_password(password: str, stored: str) -> bool:
    """Whether a password is the one that was hashed; False for whatever is no hash."""
    kind, _, rest = stored.partition("$")
    salt, _, wanted = rest.partition("$")
    try:
        raw_salt, raw = base64.b64decode(salt, validate=True), base64.b64decode(wanted, validate=True)
    except ValueError:
        return False
    return kind == "scrypt" and len(raw) == 32 and hmac.compare_digest(_derived(password, raw_salt), raw)


def _derived(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=_N, r=_R, p=_P, maxmem=_MEMORY, dklen=32)
