"""Whether the process that holds a lease lives or is dead. It can be told only of processes of the same machine."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["is_alive", "is_dead", "machine"]

_PROC = Path("/proc")


def machine() -> str:
    """Names this process for `is_dead`: boot, container and the time it started; "" where the system does not tell."""
    place, started = _place(), _started(os.getpid())
    return f"{place} {started}" if place and started else ""


def is_dead(pid: int, named: str) -> bool:
    """True only when the process that `named` itself so surely is dead; False when nobody can tell."""
    place, _, started = named.rpartition(" ")
    # a process that has the same number but started at another time is somebody else
    return bool(place) and place == _place() and _started(pid) != started


def is_alive(pid: int, named: str) -> bool:
    """True only when the process that `named` itself so surely lives, even if it stands still; False when nobody can tell."""
    place, _, started = named.rpartition(" ")
    return bool(place) and place == _place() and _started(pid) == started


def _place() -> str:
    """Process numbers mean something only within one boot and one container."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return ""


def _started(pid: int) -> str:
    """When a living process started, in clock ticks since boot; "" = there is none, or it is dead but not yet buried."""
    try:
        # the name in brackets may hold blanks
        fields = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZXx" else fields[19]
