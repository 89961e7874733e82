"""Options that many commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connector.setup.secrets import without_wrapping
from flows.overrides import ApprovalOverride, ConflictOverride, PullOverride, PushOverride

__all__ = [
    "DEFAULT_SETUP",
    "ApprovalOption",
    "ConflictsOption",
    "JsonOption",
    "NumbersArgument",
    "OverwriteOption",
    "PrefectOption",
    "PullOption",
    "PushOption",
    "SetupOption",
    "YesOption",
]


def _as_a_path(text: str) -> Path:
    """What is named as a setup, without what a file of variables with other line ends, or quotes in it, puts around it."""
    return Path(without_wrapping(str(text)))  # the default is a path


SetupOption = Annotated[
    Path,
    typer.Option(
        "--setup",
        envvar="CUSTOMER_SYNC_SETUP",
        parser=_as_a_path,
        metavar="PATH",
        help="The setup: a file (….toml), or the name of a Prefect block.",
        show_default="setup.toml",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
PrefectOption = Annotated[
    bool | None,
    typer.Option(
        "--on-prefect/--here",
        help="A flow run of the Prefect server, or a run of this process; default: on Prefect if a server is configured.",
        show_default=False,
    ),
]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace the file if it is there.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
NumbersArgument = Annotated[list[str], typer.Argument(metavar="NUMBER...", help="Business Central customer numbers.")]
PushOption = Annotated[PushOverride, typer.Option(help="Push Webstore Customers, for this run only.")]
PullOption = Annotated[PullOverride, typer.Option(help="Pull Webstore Customers, for this run only.")]
ConflictsOption = Annotated[ConflictOverride, typer.Option(help="Who wins conflicts, for this run only.")]
ApprovalOption = Annotated[
    ApprovalOverride, typer.Option(help="Whether somebody must approve the plan, for this run only.")
]
DEFAULT_SETUP = Path("setup.toml")
