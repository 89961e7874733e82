"""Who is logged in: sessions, the one-time token of the printed address, and tokens that make a form count once."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from console.people import Person

__all__ = ["FormState", "Said", "Session", "Sessions"]

_HOURS = 12
_MOST_SESSIONS = 200
_MOST_FORMS = 2_000
_MOST_SEARCHES = 50
_MOST_CHOICES = 10
_MOST_SELECTIONS = 5


class FormState(Enum):
    """What a form's token says of it."""

    FRESH = "fresh"
    SENT = "sent before"
    FOREIGN = "not of this session and this page"


@dataclass(frozen=True)
class Said:
    """What the next page says at its top.

    Attributes:
        kind: done, note or wrong.
        take_back: mapping version that taking it back restores; None = it cannot be taken back.
        made: the version that the edit made.
    """

    text: str
    kind: str = "done"
    take_back: int | None = None
    made: int | None = None


@dataclass
class Session:
    """One browser of one person. Everything that it keeps is bounded."""

    id: str
    person: Person
    ends: float
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    said: deque[Said] = field(default_factory=lambda: deque(maxlen=5))
    _sent: OrderedDict[str, int] = field(default_factory=OrderedDict)
    _searches: OrderedDict[str, str] = field(default_factory=OrderedDict)
    _choices: OrderedDict[str, frozenset[str]] = field(default_factory=OrderedDict)
    _selections: OrderedDict[str, tuple[str, ...]] = field(default_factory=OrderedDict)
    _not_before: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def form_token(self, action: str) -> str:
        """A token for one form that is sent to `action`."""
        nonce = f"{time.monotonic_ns():x}-{secrets.token_urlsafe(9)}"
        return f"{nonce}.{self._seal(nonce, action)}"

    def spend(self, token: str, action: str, *, keep: bool = False) -> FormState:
        """Use a form's token: it counts once.

        Args:
            keep: whether it may be used again, because nothing is carried out.
        """
        nonce, _, seal = token.partition(".")
        if not hmac.compare_digest(seal.encode(), self._seal(nonce, action).encode()):
            return FormState.FOREIGN
        made = int(nonce.partition("-")[0], 16)
        with self._lock:
            # what was forgotten for want of room counts as sent
            if nonce in self._sent or made <= self._not_before:
                return FormState.SENT
            if keep:
                return FormState.FRESH
            self._sent[nonce] = made
            while len(self._sent) > _MOST_FORMS:
                self._not_before = max(self._not_before, self._sent.popitem(last=False)[1])
        return FormState.FRESH

    def _seal(self, nonce: str, action: str) -> str:
        return hmac.new(self.key, f"{nonce}\0{action}".encode(), hashlib.sha256).hexdigest()

    def keep_search(self, text: str) -> str:
        """A short name for what somebody looks for, so that no address holds it; "" for nothing."""
        if not text:
            return ""
        name = hmac.new(self.key, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:12]
        with self._lock:
            self._searches[name] = text
            self._searches.move_to_end(name)
            while len(self._searches) > _MOST_SEARCHES:
                self._searches.popitem(last=False)
        return name

    def search(self, name: str) -> str:
        """What a short name stands for; "" if it is not known (any more)."""
        return self._searches.get(name, "")

    def keep_choice(self, what: str, chosen: frozenset[str]) -> None:
        """Remember what somebody has ticked in a list of several pages, until it is sent."""
        with self._lock:
            self._choices[what] = chosen
            self._choices.move_to_end(what)
            while len(self._choices) > _MOST_CHOICES:
                self._choices.popitem(last=False)

    def choice(self, what: str) -> frozenset[str]:
        """What was ticked; nothing if it is not known (any more)."""
        return self._choices.get(what, frozenset())

    def keep_selection(self, customers: Sequence[str]) -> str:
        """A short name for customers that were selected, until something was done with them, or other ones were selected."""
        name = secrets.token_urlsafe(9)
        with self._lock:
            self._selections[name] = tuple(customers)
            while len(self._selections) > _MOST_SELECTIONS:
                self._selections.popitem(last=False)
        return name

    def selection(self, name: str) -> tuple[str, ...]:
        """The customers that a short name stands for; none if it is not known (any more)."""
        return self._selections.get(name, ())


class Sessions:
    """All sessions of this process. They end with it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._entry = secrets.token_urlsafe(24)

    def __len__(self) -> int:
        return len(self._sessions)

    @property
    def entry_token(self) -> str:
        """The token that lets the next browser in."""
        return self._entry

    def redeem(self, token: str) -> bool:
        """Use the entry token: it counts once, and there is another one afterwards."""
        with self._lock:
            if not hmac.compare_digest(token.encode("utf-8", "replace"), self._entry.encode()):
                return False
            self._entry = secrets.token_urlsafe(24)
            return True

    def begin(self, person: Person) -> Session:
        """A new session; the one that was not used for the longest time goes when there are too many."""
        session = Session(secrets.token_urlsafe(32), person, self._clock() + _HOURS * 3600)
        with self._lock:
            self._sessions[session.id] = session
            while len(self._sessions) > _MOST_SESSIONS:
                self._sessions.popitem(last=False)
        return session

    def find(self, session_id: str) -> Session | None:
        """The session with this id, if it has not ended."""
        with self._lock:
            session = self._sessions.get(session_id)
            if session is None:
                return None
            if session.ends < self._clock():
                del self._sessions[session_id]
                return None
            self._sessions.move_to_end(session_id)
            return session

    def end(self, session: Session) -> None:
        """Log out."""
        with self._lock:
            self._sessions.pop(session.id, None)
