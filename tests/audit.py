"""Known weaknesses of the pinned dependencies: `pip-audit` over constraints.txt, part of `make lint`.

A weakness fails. An advisory service that cannot be asked is said loudly and does not, unless AUDIT_REQUIRED is set: a machine
without the internet can still check everything else.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["main", "verdict"]

PINNED = Path(__file__).parents[1] / "constraints.txt"
SERVICES = ("pypi", "osv")


def verdict(dependencies: list[dict[str, Any]]) -> tuple[list[str], int]:
    """What pip-audit found.

    Returns:
        One line per known weakness, and how many dependencies the service knew at all.
    """
    known = [dependency for dependency in dependencies if "skip_reason" not in dependency]
    weak = [
        f"{dependency['name']} {dependency['version']}: {weakness['id']}, mended in "
        f"{', '.join(weakness['fix_versions']) or 'no version'}"
        for dependency in known
        for weakness in dependency["vulns"]
    ]
    return weak, len(known)


def _asked(service: str) -> list[dict[str, Any]]:
    """What a service says; empty when it cannot be asked."""
    # the pins are a whole environment: nothing has to be resolved, downloaded or installed
    command = [sys.executable, "-m", "pip_audit", "-r", str(PINNED), "--no-deps", "--disable-pip", "-f", "json"]
    command += ["--vulnerability-service", service, "--timeout", "10", "--progress-spinner", "off"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return []
    return found


def main() -> int:
    """Ask one service after the other until one knows the dependencies."""
    for service in SERVICES:
        weak, known = verdict(_asked(service))
        if known:
            sys.stdout.write("".join(f"{line}\n" for line in weak))
            sys.stdout.write(f"Audited {known} pinned dependencies with {service}: {len(weak)} known weaknesses.\n")
            return 1 if weak else 0
    services = ", ".join(SERVICES)
    sys.stdout.write(f"NOT AUDITED: no advisory service answered ({services}). AUDIT_REQUIRED=1 makes this an error.\n")
    return 1 if os.environ.get("AUDIT_REQUIRED") else 0


if __name__ == "__main__":
    sys.exit(main())
