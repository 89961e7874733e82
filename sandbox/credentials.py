"""Invented credentials of both emulators, drawn from the seed: a restarted sandbox accepts the same ones.

They are as long as real ones and say "sandbox", so nobody mistakes them for a leak, nor a leak for them.
"""

import random
import uuid
from dataclasses import dataclass


@dataclass(frozen=True)
class Credentials:
    """What a client needs for the webstore (two API keys) and for Business Central (an app, and a user on premises)."""

    consumer_key: str
    consumer_secret: str
    read_only_key: str
    read_only_secret: str
    tenant: str
    client_id: str
    client_secret: str
    username: str
    password: str


def invented_credentials(seed: int) -> Credentials:
    """The credentials that belong to the seed."""
    dice = random.Random(f"credentials {seed}")

    def digits(count: int) -> str:
        return "".join(dice.choices("0123456789abcdef", k=count))

    def guid() -> str:
        return str(uuid.UUID(int=dice.getrandbits(128), version=4))

    return Credentials(
        consumer_key=f"ck_sandbox{digits(33)}",
        consumer_secret=f"cs_sandbox{digits(33)}",
        read_only_key=f"ck_sandboxreadonly{digits(25)}",
        read_only_secret=f"cs_sandboxreadonly{digits(25)}",
        tenant=guid(),
        client_id=guid(),
        client_secret=f"sandbox~{digits(32)}",
        username="SANDBOX",
        password=f"Sandbox.{digits(16)}",
    )
