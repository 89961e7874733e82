"""How much is taken: so many deliveries a minute, and from an address that keeps sending what is refused, nothing for a while."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Bucket", "Counters", "Offenders"]


@dataclass
class Bucket:
    """So many a minute, all of them at once if nothing came before. Times are seconds of any clock that only goes forward."""

    per_minute: float
    left: float = field(init=False)
    _at: float = 0.0

    def __post_init__(self) -> None:
        self.left = self.per_minute

    def fill(self, now: float) -> None:
        """Let time pass."""
        self.left = min(self.per_minute, self.left + (now - self._at) * self.per_minute / 60)
        self._at = now

    def take(self, now: float) -> float:
        """Take one; gives 0, or the seconds until there is one again."""
        self.fill(now)
        if self.left >= 1:
            self.left -= 1
            return 0.0
        return (1 - self.left) * 60 / self.per_minute


class Offenders:
    """Addresses whose deliveries were refused lately. It remembers the newest addresses only, whoever invents how many."""

    def __init__(self, per_minute: float = 30, most: int = 10_000) -> None:
        self._per_minute = per_minute
        self._most = most
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def blocked(self, address: str, now: float) -> bool:
        """Whether an address had too many refusals in the last minute."""
        bucket = self._buckets.get(address)
        if bucket is None:
            return False
        bucket.fill(now)
        return bucket.left < 1

    def refused(self, address: str, now: float) -> None:
        """Remember a refusal."""
        bucket = self._buckets.setdefault(address, Bucket(self._per_minute))
        bucket.take(now)
        self._buckets.move_to_end(address)
        while len(self._buckets) > self._most:
            self._buckets.popitem(last=False)


class Counters:
    """How often what happened since they were last taken; may be used from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def add(self, name: str, number: int = 1) -> None:
        """Count."""
        with self._lock:
            self._counts[name] += number

    def taken(self) -> Mapping[str, int]:
        """Everything counted so far; the counters begin anew."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        return {name: number for name, number in counts.items() if number}
