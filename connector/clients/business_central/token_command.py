"""Access tokens of a command of one's own: a vault, a broker, `az account get-access-token`."""

from __future__ import annotations

import base64
import os
import shlex
import subprocess
import time
from datetime import UTC, datetime
from typing import Any, NamedTuple

from connector.clients.answers import parsed, plain
from connector.errors import CredentialsRefused, RemoteTrouble

__all__ = ["Token", "printed_token"]

SYSTEM = "business_central"
_SECONDS = 60
# of a token that says nothing: it is refused when it has ended, and then asked for anew
_LIFETIME = 600.0


class Token(NamedTuple):
    """An access token, and how many seconds it is good."""

    text: str
    seconds: float


def printed_token(command: str) -> Token:
    """What a command prints: the token, or JSON that holds it as `access_token` (OAuth) or `accessToken` (az).

    The command is started without a shell, so nothing in it is expanded but quotes.

    Raises:
        CredentialsRefused: it cannot be started, fails, or prints no token.
        RemoteTrouble: it takes longer than a minute.
    """
    try:
        words = shlex.split(command, posix=os.name == "posix")
        done = subprocess.run(words, capture_output=True, stdin=subprocess.DEVNULL, timeout=_SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise RemoteTrouble(
            f"token_command printed no token within {_SECONDS} s.",
            hint="Try it by hand; a command that asks for something cannot be used.",
            system=SYSTEM,
        ) from None
    except (OSError, ValueError, IndexError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no command"
        raise _refused(f"token_command cannot be started: {why}") from None
    if done.returncode:
        said = plain(done.stderr.decode("utf-8", "replace")) or "it does not say why"
        raise _refused(f"token_command failed with exit code {done.returncode}: {said}")
    return _token_in(done.stdout)


def _token_in(printed: bytes) -> Token:
    told, is_json = parsed(printed)
    if is_json and isinstance(told, dict):
        text, seconds = told.get("access_token", told.get("accessToken")), _seconds_told(told)
    else:
        text, seconds = told if isinstance(told, str) else printed.decode("utf-8", "replace"), None
    text = text.strip().removeprefix("Bearer ").strip() if isinstance(text, str) else ""
    if not text or not text.isascii() or any(sign.isspace() or not sign.isprintable() for sign in text):
        raise _refused("token_command printed no token")
    return Token(text, seconds or _seconds_in(text) or _LIFETIME)


def _seconds_told(told: dict[str, Any]) -> float | None:
    """What OAuth says as `expires_in`, and az as `expires_on` (a moment in seconds)."""
    for name, before in (("expires_in", 0.0), ("expiresIn", 0.0), ("expires_on", time.time())):
        try:
            seconds = float(told[name]) - before
        except (KeyError, TypeError, ValueError):
            continue
        return seconds if seconds > 0 else None
    return None


def _seconds_in(token: str) -> float | None:
    """What a token says of itself, if it is a JWT."""
    part = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        claims, _ = parsed(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        left = float(claims["exp"]) - datetime.now(UTC).timestamp()
    except (KeyError, TypeError, ValueError):
        return None
    return left if left > 0 else None


def _refused(what: str) -> CredentialsRefused:
    return CredentialsRefused(
        f"{what}.",
        hint="It is to print an access token for Business Central, or JSON with access_token; try it by hand, as the user and in "
        "the folder in which customer-sync runs.",
        system=SYSTEM,
    )
