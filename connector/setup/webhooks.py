"""The receiver of webhooks: where it is reached, how long it waits, and what it takes at most."""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from connector.errors import SetupError
from connector.setup.addresses import is_this_machine
from connector.setup.connections import Section
from connector.setup.secrets import REFERENCE, resolved

__all__ = ["Webhooks"]

_SHORTEST_SECRET = 16


class Webhooks(Section):
    """Webhooks of both systems as hints that somebody changed; scheduled runs remain the truth."""

    secret: str = Field(
        default="",
        pattern=REFERENCE,
        description="Secret that deliveries are signed with, as env:NAME or file:PATH; one of its own for each webstore. "
        "Needed by webhooks only, so synchronisations run without it.",
    )
    public_url: str = Field(
        default="",
        description="Address under which both systems reach the receiver, e.g. https://sync.example. Blank = no webhooks.",
    )
    debounce_seconds: float = Field(
        default=20,
        ge=0.05,
        le=3600,
        description="Seconds without a further change until the changed customers are run.",
    )
    longest_wait_seconds: float = Field(
        default=300, ge=0.05, le=86_400, description="Seconds that a change waits at most while further ones come."
    )
    selected_at_most: int = Field(
        default=1000, ge=1, le=20_000, description="More changed customers than these become a run over all."
    )
    replay_window_hours: float = Field(
        default=48,
        ge=24,
        le=24 * 30,
        description="Hours that a delivery is remembered to refuse its repetition. Business Central repeats for 19 hours.",
    )
    max_body_kilobytes: int = Field(
        default=1024, ge=16, le=16_384, description="Largest body of a delivery; larger ones are refused."
    )
    deliveries_per_minute: int = Field(
        default=6000, ge=10, le=1_000_000, description="Deliveries taken in a minute; more are refused until later."
    )

    @model_validator(mode="after")
    def _works(self) -> Webhooks:
        if self.public_url:
            parts = urlsplit(self.public_url)
            if parts.scheme not in {"http", "https"} or not parts.hostname:
                raise ValueError("public_url must be a full address such as https://sync.example")
            if parts.username or parts.password or parts.query or parts.fragment:
                raise ValueError("public_url must hold no credentials, query or fragment")
            if parts.scheme == "http" and not is_this_machine(self.public_url):
                raise ValueError("public_url must be https: deliveries hold customers, and what proves them genuine")
        if self.longest_wait_seconds < self.debounce_seconds:
            raise ValueError("longest_wait_seconds must not be shorter than debounce_seconds")
        return self

    def resolved_secret(self, environ: Mapping[str, str] | None = None) -> str:
        """The secret itself.

        Args:
            environ: where `env:NAME` is looked up; None = this process's environment.

        Raises:
            SetupError: there is none, or it is too short to be one.
        """
        if not self.secret:
            raise SetupError(
                "Webhooks need a secret.", hint='Set webhooks.secret = "env:NAME" (export NAME=…), or "file:PATH".'
            )
        try:
            value = resolved(self.secret, os.environ if environ is None else environ)
        except ValueError as error:
            raise SetupError(f"The secret of webhooks: {error}.") from None
        if len(value) < _SHORTEST_SECRET:
            raise SetupError(
                f"The secret of {self.secret} is shorter than {_SHORTEST_SECRET} characters.",
                hint="Take a random one: openssl rand -hex 32",
            )
        return value
