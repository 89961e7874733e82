"""Options that many commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["DEFAULT_SETUP", "JsonOption", "NumbersArgument", "OverwriteOption", "SetupOption", "YesOption"]

SetupOption = Annotated[
    Path,
    typer.Option(
        "--setup",
        envvar="CUSTOMER_SYNC_SETUP",
        help="The setup: a file (….toml), or the name of a Prefect block.",
        show_default="setup.toml",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace the file if it is there.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
NumbersArgument = Annotated[list[str], typer.Argument(metavar="NUMBER...", help="Business Central customer numbers.")]
DEFAULT_SETUP = Path("setup.toml")
