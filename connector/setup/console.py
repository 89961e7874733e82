"""Who may use the console, and what it may remember. Kept apart from the sections of a run, which need none of it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, model_validator

from connector.setup.connections import Section

__all__ = ["ConsoleRight", "ConsoleSettings", "ConsoleUser"]


class ConsoleRight(StrEnum):
    """What somebody may do in the console; each right includes those before it."""

    LOOK = "look"
    EDIT = "edit"
    APPROVE = "approve"


class ConsoleUser(Section):
    """Somebody who may use the console."""

    name: str = Field(min_length=1, max_length=100, description="Who it is; stands in versions and logs.")
    right: ConsoleRight = Field(
        default=ConsoleRight.LOOK,
        description="look: see everything; edit: also link, tick, decide; approve: also start runs, approve and undo.",
    )
    password: str = Field(
        default="",
        pattern=r"^(scrypt\$[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+)?$",
        description="What customer-sync console-password prints; never the password itself. Blank = a proxy says who it is.",
    )


class ConsoleSettings(Section):
    """The console in the browser. Nothing is needed on one's own machine: it prints an address that lets one in."""

    directory: bool = Field(
        default=True,
        description="Full runs leave names, places and e-mail addresses of all customers in the store, so that they can be "
        "searched. false: nothing is left, and the list shows mapped customers only.",
    )
    users: tuple[ConsoleUser, ...] = Field(default=(), description="The people of a team.")
    trusted_proxies: tuple[str, ...] = Field(
        default=(), description="IP addresses of the proxies whose word counts for who somebody is."
    )
    user_header: str = Field(
        default="X-Forwarded-User",
        pattern=r"^[A-Za-z0-9-]{1,60}$",
        description="The header in which such a proxy names the user.",
    )

    @model_validator(mode="after")
    def _names_differ(self) -> ConsoleSettings:
        names = [user.name for user in self.users]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ValueError(f"two users of the same name: {', '.join(doubled)}")
        return self
