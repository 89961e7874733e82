"""What can go wrong, and whose fault it is.

CustomerSyncError
├── SetupError                 the setup: mend the form or the TOML file                        exit code 2
│   ├── CredentialsRefused     a key, secret, token or permission was refused
│   └── ConnectionRefused      no such host, nothing listens, no TLS, or something else than the API
├── InputError                 what was asked for: an unknown customer, a file with bad lines   exit code 2
│   └── Overtaken              somebody edited the mapping table after the person looked at it
├── DataError                  one customer's data: it becomes a quarantined row, never a stop
├── RemoteRefused              the other system said no, and would say it again
│   ├── CustomerNotFound       404: the customer is not there (any more)
│   ├── CustomerChanged        somebody changed the customer after it was read
│   └── EmailTaken             the webstore has an account with this e-mail already
├── RemoteTrouble              the other system is ill or busy: later it may answer             exit code 3
│   ├── RemoteThrottled        429, or 503 with a request to wait
│   ├── AnswerNotUnderstood    HTML, XML or torn JSON where JSON was due
│   ├── LookedTooLongAgo       a write was held back: what it was decided on may not be true any more
│   └── OutcomeUnknown         a write was sent and no answer came: look before writing again
├── PremiseBroken              the run as a whole must not go on (a shrunken extract, a breaker) exit code 3
├── StoreError                 the database of mappings and bases                               exit code 3
└── InternalError              ours: a bug

`str(error)` is one or more sentences for a person: what, where, why and what to do. It never carries a secret and never
the personal values of a customer; customers are named by number or id.
"""

from __future__ import annotations

from collections.abc import Sequence

from connector.printable import printable

__all__ = [
    "AnswerNotUnderstood",
    "ConnectionRefused",
    "CredentialsRefused",
    "CustomerChanged",
    "CustomerNotFound",
    "CustomerSyncError",
    "DataError",
    "EmailTaken",
    "InputError",
    "InternalError",
    "LookedTooLongAgo",
    "OutcomeUnknown",
    "Overtaken",
    "PremiseBroken",
    "RemoteRefused",
    "RemoteThrottled",
    "RemoteTrouble",
    "SetupError",
    "StoreError",
]


class CustomerSyncError(Exception):
    """Base of all errors of this project. Their texts may repeat what a server or a file says, so they are made printable.

    Attributes:
        message: what happened, one sentence.
        hint: what to do about it, or "".
        system: "webstore", "business_central", "store", "setup" or "" when no system is concerned.
        customer: Business Central number or id, or `woo:ID`, or "".
        exit_code: what the command line ends with when this error ends it.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "", system: str = "", customer: str = "") -> None:
        super().__init__(message)
        self.message = printable(message)
        self.hint = printable(hint)
        self.system = system
        self.customer = customer

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class SetupError(CustomerSyncError):
    """The setup is wrong. `problems` lists everything that was found, not only the first."""

    exit_code = 2

    def __init__(
        self, message: str, *, problems: Sequence[str] = (), hint: str = "", system: str = "setup", customer: str = ""
    ) -> None:
        super().__init__(message, hint=hint, system=system, customer=customer)
        self.problems = tuple(map(printable, problems))

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(f"  - {problem}" for problem in self.problems)])


class CredentialsRefused(SetupError):
    """The other system does not accept the key, secret, token or permission."""


class ConnectionRefused(SetupError):
    """The address of the setup leads nowhere, or not to the system it should."""


class InputError(CustomerSyncError):
    """What was asked for cannot be done as asked. `problems` lists everything that was found."""

    exit_code = 2

    def __init__(self, message: str, *, problems: Sequence[str] = (), hint: str = "", system: str = "") -> None:
        super().__init__(message, hint=hint, system=system)
        self.problems = tuple(map(printable, problems))

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(f"  - {problem}" for problem in self.problems)])


class Overtaken(InputError):
    """An edit was decided on another version of the mapping table than the newest; `problems` are the versions that came
    between. Nothing was changed. `version` is the newest one."""

    def __init__(self, message: str, *, version: int, problems: Sequence[str] = (), hint: str = "") -> None:
        super().__init__(message, problems=problems, hint=hint)
        self.version = version


class DataError(CustomerSyncError):
    """One customer's value cannot be kept by the other system. `field` names the canonical field."""

    def __init__(self, message: str, *, field: str = "", hint: str = "", system: str = "", customer: str = "") -> None:
        super().__init__(message, hint=hint, system=system, customer=customer)
        self.field = field


class RemoteRefused(CustomerSyncError):
    """The other system refused a request for good. `status` is the HTTP status, `code` the system's own error code."""

    def __init__(
        self, message: str, *, status: int = 0, code: str = "", hint: str = "", system: str = "", customer: str = ""
    ) -> None:
        super().__init__(message, hint=hint, system=system, customer=customer)
        self.status = status
        self.code = printable(code)


class CustomerNotFound(RemoteRefused):
    """The customer does not exist there (any more)."""


class CustomerChanged(RemoteRefused):
    """Somebody changed the customer between our read and our write; nothing was written."""


class EmailTaken(RemoteRefused):
    """The webstore has another account with this e-mail; nothing was written."""


class RemoteTrouble(CustomerSyncError):
    """The other system did not do its work now. `status` is the HTTP status, 0 when there was no answer."""

    exit_code = 3

    def __init__(self, message: str, *, status: int = 0, hint: str = "", system: str = "", customer: str = "") -> None:
        super().__init__(message, hint=hint, system=system, customer=customer)
        self.status = status


class RemoteThrottled(RemoteTrouble):
    """Too many requests. `retry_after` is what the server asked for, in seconds, or None when it did not say."""

    def __init__(self, message: str, *, retry_after: float | None = None, status: int = 429, system: str = "") -> None:
        super().__init__(message, status=status, system=system)
        self.retry_after = retry_after


class AnswerNotUnderstood(RemoteTrouble):
    """An answer that is not the JSON of the API: a login page, a maintenance page, a cut-off body."""


class LookedTooLongAgo(RemoteTrouble):
    """Too much time passed between the look at a customer and the moment in which its write was to leave. Nothing was sent."""


class OutcomeUnknown(RemoteTrouble):
    """A write was sent but its answer was lost: it may have happened. It must be looked up, never repeated."""


class PremiseBroken(CustomerSyncError):
    """Something that every run relies on does not hold; going on could do damage. Nothing more is written."""

    exit_code = 3


class StoreError(CustomerSyncError):
    """The database cannot be used: locked, full, read-only, damaged, or made by a newer version."""

    exit_code = 3


class InternalError(CustomerSyncError):
    """A state that the code itself must never reach. Please report it."""
