"""A clock that nobody sets: seconds since this machine started, those included during which it was suspended.

The time of day jumps (a wrong battery, a correction over the network); this one only goes forward. Two processes of one
machine read the same value, so it says when a lease ends, whatever the time of day does meanwhile.
"""

from __future__ import annotations

import time
from pathlib import Path

__all__ = ["boot_name", "boot_seconds"]

_PROC = Path("/proc")
# Linux only; elsewhere the clock that comes nearest may stand still while the machine is suspended
_CLOCK = getattr(time, "CLOCK_BOOTTIME", None)


def boot_seconds() -> float:
    """Seconds since the machine started."""
    return time.monotonic() if _CLOCK is None else time.clock_gettime(_CLOCK)


def boot_name() -> str:
    """Names the clock: values of `boot_seconds` can be compared between processes that give the same name; "" = with nobody's."""
    if _CLOCK is None:
        return ""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
    try:  # containers may be given a clock of their own
        return f"{boot} {(_PROC / 'self/ns/time').readlink()}"
    except OSError:
        return boot
