"""VAT numbers: which texts mean one number, and whether one of two is a slip of the pen.

The one list of the prefixes that VAT numbers begin with, for comparing (national_numbers.py) and for matching (evidence.py).
Numbers are keys here (normalize.vat_key): in capitals, without blanks and punctuation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from rapidfuzz.distance import OSA
from stdnum.ch import uid
from stdnum.eu import vat as european
from stdnum.gb import vat as british
from stdnum.no import mva as norwegian

__all__ = ["ENDINGS", "FOREIGN", "OWN", "SAME_PREFIXES", "is_slip", "is_valid", "prefix_of", "without_country"]

# of countries whose numbers do not begin with their ISO code; the first is the one that counts. Northern Ireland's numbers
# are British ones, Monaco's French, the Isle of Man's British
_PREFIXES: Mapping[str, tuple[str, ...]] = {
    "CH": ("CHE", "CH"),
    "GB": ("GB", "XI"),
    "GR": ("EL", "GR"),
    "IM": ("GB", "XI", "IM"),
    "MC": ("FR", "MC"),
}
OWN: Mapping[str, str] = {country: prefixes[0] for country, prefixes in _PREFIXES.items()}
# another spelling of a prefix, as a regular expression that Python and Arrow understand alike → what it stands for
SAME_PREFIXES: Mapping[str, str] = {r"^XI(\d)": r"GB\1", r"^GR(\d)": r"EL\1", r"^CH(\d)": r"CHE\1"}
# "VAT" in the languages of Switzerland and in Norway's
ENDINGS = r"(\d)(?:HR)?(?:MVA|MWST|TVA|IVA|VAT)$"
# numbers that say their country themselves, wherever the customer lives
FOREIGN = (
    r"^(?:AT|BE|BG|CHE|CY|CZ|DE|DK|EE|EL|ES|FI|FR|GB|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK)[A-Z]?\d[0-9A-Z]{5,}$"
)
_ENDINGS = re.compile(ENDINGS)
_SAME = [(re.compile(pattern), prefix) for pattern, prefix in SAME_PREFIXES.items()]
_CHECKS: Mapping[str, Callable[[str], bool]] = {
    "CHE": uid.is_valid,
    "GB": british.is_valid,
    "NO": lambda number: bool(norwegian.is_valid(number.removeprefix("NO") + "MVA")),
}


def prefix_of(country: str) -> str:
    """What the VAT numbers of a country (ISO) begin with; "" = the country is not known."""
    return OWN.get(country, country)


def without_country(key: str, country: str) -> str:
    """A number without the prefix of the customer's own country, without an ending, and under its country's first prefix."""
    number = _ENDINGS.sub(r"\1", key)
    for prefix in _PREFIXES.get(country, (country,)):
        if prefix and number.startswith(prefix) and len(number) > len(prefix):
            return number.removeprefix(prefix)
    for pattern, prefix in _SAME:
        number = pattern.sub(prefix, number)
    return number


def is_valid(number: str) -> bool | None:
    """Whether the check digits of a number with its prefix are right; None when nothing is known of such numbers."""
    for prefix, check in _CHECKS.items():
        if number.startswith(prefix):
            return check(number)
    return european.is_valid(number) if re.match(FOREIGN, number) else None


def is_slip(one: str, other: str) -> bool:
    """Whether one of two numbers with their prefixes is the other with one slip of the pen: its check digits are wrong, the
    other's are right. Two right ones are two companies."""
    return OSA.distance(one, other, score_cutoff=1) == 1 and {is_valid(one), is_valid(other)} == {True, False}
