"""The number series of customers: C00010, C00011, ...; numbers that are in use already are skipped.

A series has an end: `exhaust` puts it where the series is now, `mend` far away again.
"""

import re
from collections.abc import Iterable

from sandbox.business_central.database import Database
from sandbox.business_central.errors import dialog
from sandbox.business_central.references import company_data


class NumberSeries:
    """The series "Customer Nos." of Sales & Receivables Setup."""

    def __init__(self, database: Database) -> None:
        series = company_data()["numberSeries"]
        first = str(series["first"])
        self.code = str(series["code"])
        self.is_exhausted = False
        self._database = database
        self._prefix = first.rstrip("0123456789")
        self._digits = len(first) - len(self._prefix)
        self._before_first = int(first[len(self._prefix) :]) - 1
        self._pattern = re.compile(rf"{re.escape(self._prefix)}(\d{{{self._digits},12}})")

    def next(self) -> str:
        """The next number that no customer has. Raises ApiError when the series is exhausted."""
        last = max(self._database.number("series"), self._before_first)
        if self.is_exhausted:
            end = f"{self._prefix}{last:0{self._digits}d}"
            raise dialog(f"You cannot assign numbers greater than {end} from the number series {self.code}.")
        while True:
            last += 1
            number = f"{self._prefix}{last:0{self._digits}d}"
            if self._database.row("SELECT 1 FROM customers WHERE number = ?", (number,)) is None:
                self._database.set_number("series", last)
                return number

    def exhaust(self) -> None:
        """The last number was given."""
        self.is_exhausted = True

    def mend(self) -> None:
        """A person gives the series more numbers."""
        self.is_exhausted = False

    def follow(self, numbers: Iterable[str]) -> None:
        """Go on after the highest of numbers that came from elsewhere, as far as they are of this series."""
        found = (self._pattern.fullmatch(number.strip().upper()) for number in numbers)
        highest = max((int(match[1]) for match in found if match), default=0)
        if highest > self._database.number("series"):
            self._database.set_number("series", highest)
