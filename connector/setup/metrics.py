"""Who may read the numbers of runs: monitoring, which cannot log in."""

from __future__ import annotations

import os
from collections.abc import Mapping

from pydantic import Field

from connector.errors import SetupError
from connector.setup.connections import Section
from connector.setup.secrets import REFERENCE, resolved

__all__ = ["MetricsSettings"]

SHORTEST_TOKEN = 16


class MetricsSettings(Section):
    """Numbers for Prometheus, at /metrics of the console and of the receiver of webhooks. They are counts and times alone."""

    token: str = Field(
        default="",
        pattern=REFERENCE,
        description="What Prometheus must send as its bearer token, as env:NAME or file:PATH. Blank = /metrics is not there. "
        "Webstores that have the same one are read together.",
    )

    def resolved_token(self, environ: Mapping[str, str] | None = None) -> str:
        """The token itself; "" = nobody may read.

        Args:
            environ: where `env:NAME` is looked up; None = this process's environment.

        Raises:
            SetupError: it is not there, or too short to be one.
        """
        if not self.token:
            return ""
        try:
            value = resolved(self.token, os.environ if environ is None else environ)
        except ValueError as error:
            raise SetupError(f"The token of metrics: {error}.") from None
        if len(value) < SHORTEST_TOKEN or not value.isascii() or not value.isprintable() or " " in value:
            raise SetupError(
                f"The token of {self.token} is no bearer token: {SHORTEST_TOKEN} or more letters and digits.",
                hint="Take a random one: openssl rand -hex 32",
            )
        return value
