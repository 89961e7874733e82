"""What speaks against linking two customers without a person though their evidence is unique on both sides.

An e-mail can be unique and still belong to two people: Anna is known to the webstore only, Peter to Business Central only,
and both use info@. So every pair is read whole before it is linked: names must be the same words, nothing else may
contradict, and what many people share (a VAT number, a mailbox such as info@) counts only with a second witness.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connector.core.likeness import LEGAL_FORMS, alike, one_slip, same_words, words
from connector.core.phone_numbers import e164
from connector.core.vat import is_slip

__all__ = ["contradictions", "is_shared_mailbox", "is_somebody_else", "plainly_the_same"]

Values = Mapping[str, str]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

_SHARED = frozenset(
    "account accounting accounts admin administrasjon bestellung billing booking bookkeeping buchhaltung buero butikk "
    "commande compta comptabilite contact contabilidad contacto contatti customer einkauf ekonomi eshop export "
    "faktura faktury fakturamottak fam familia familie familien familj famille family finance firma firmapost hallo hei "
    "hej hello hola import info information inkoop innkjop innkjøp invoice invoices kantoor kasse kontakt kontor "
    "logistics logistik mail marketing noreply no-reply none office ordre order orders pedidos post postmaster "
    "postmottak purchase purchasing rechnung rechnungen regnskap reception resepsjon sales salg secretariat sekretariat "
    "service shop sklep store styret support team test tienda ventas verkauf verwaltung verzending webmaster "
    "webshop".split()
)
_SEPARATORS = re.compile(r"[._\-\d]+")
_NO_DIGITS = re.compile(r"\D")
_TELLING_DIGITS = 7  # of a phone number, as in evidence.phone_tails
# the same as `is_shared_mailbox` tells it of an address of ASCII characters
_SHARED_ADDRESS = rf"^(?:[^+@]*[._\-0-9])?(?:{'|'.join(map(re.escape, sorted(_SHARED)))})(?:[._\-0-9+@]|$)"
_OWN_PART = re.compile(r"[+@]")  # what follows a + is its owner's note: anna.berg+shop@


def contradictions(rung: str, webstore: Values, business_central: Values) -> dict[str, str]:
    """What speaks against a pair that agrees on a rung.

    Args:
        webstore, business_central: evidence of the two customers, all of connector.core.evidence.FIELDS.

    Returns:
        Field → one sentence without personal values; empty = the pair may be linked.
    """
    w, c = webstore, business_central
    found = {
        "vat": "" if _compatible(w["vat"], c["vat"]) else "the VAT numbers differ",
        "country": "the countries differ" if _countries_differ(rung, w, c) else "",
        "name": _against_names(rung, w, c),
    }
    if rung in {"name", "name_postcode"}:
        found["email"] = "the e-mails differ" if w["email"] and c["email"] and w["email"] != c["email"] else ""
        found["phone"] = "the phone numbers differ" if _phones_differ(w, c) else ""
    elif rung == "vat" and not _second_witness(w, c):
        found["email"] = "neither e-mail nor phone number nor address confirms the VAT number"
    elif rung == "email" and is_shared_mailbox(w["email"]) and not _second_witness(w, c):
        found["phone"] = "the mailbox is one that people share, and neither phone number nor address confirms it"
    return {field: text for field, text in found.items() if text}


def plainly_the_same(rung: str, webstore: pa.Table, business_central: pa.Table) -> Mask:
    """Of which pairs, row by row, it is seen of whole columns that nothing contradicts; the others have to be looked at.

    Args:
        webstore, business_central: evidence of the two customers of each pair, which agree on the rung.
    """
    if rung not in {"vat", "email"}:
        return np.zeros(webstore.num_rows, dtype=np.bool_)

    def same(field: str) -> pa.Array:
        return pc.and_(pc.equal(webstore[field], business_central[field]), pc.not_equal(webstore[field], ""))

    def differ(field: str) -> pa.Array:
        both = pc.and_(pc.not_equal(webstore[field], ""), pc.not_equal(business_central[field], ""))
        return pc.and_(both, pc.not_equal(webstore[field], business_central[field]))

    # a name without a letter has no words; what is no ASCII has other ways of being written small
    named = pc.and_(same("name"), pc.match_substring_regex(webstore["name"], "[a-z0-9]"))
    shared = pc.or_(
        pc.invert(pc.string_is_ascii(webstore["email"])),
        pc.match_substring_regex(webstore["email"], _SHARED_ADDRESS, ignore_case=True),
    )
    witness = pc.and_(same("email"), pc.invert(shared))
    if rung == "vat":
        place = pc.and_(pc.and_(same("country"), same("postcode")), same("house"))
        witness = pc.or_(witness, place)
    fine = pc.and_(pc.and_(named, witness), pc.invert(pc.or_(differ("vat"), differ("country"))))
    result: Mask = np.asarray(fine).astype(np.bool_)
    return result


def is_somebody_else(webstore: Values, business_central: Values) -> bool:
    """Whether two customers of one name are two people: nothing else agrees, and two of e-mail, house, VAT number and phone
    differ. What may be the same is not different: whoever is taken for somebody else is created.

    Many people are called John Smith, and everybody who buys for one company bears its name at its postal code. Who
    moved or has got a new address keeps something: the number, the house, the mailbox.
    """
    w, c = webstore, business_central
    same = [w[field] == c[field] for field in ("email", "house") if w[field] and c[field]]
    if w["vat"] and c["vat"]:
        same.append(_compatible(w["vat"], c["vat"]))
    if any(same):
        return False  # to read a phone number takes longest
    digits = [_NO_DIGITS.sub("", phone) for phone in (w["phone"], c["phone"])]
    if min(map(len, digits)) >= _TELLING_DIGITS:
        same.append(_same_phone(w, c) or _one_in_the_other(*digits))
    return not any(same) and len(same) >= 2


def is_shared_mailbox(email: str) -> bool:
    """Whether an address names an office or a family instead of a person: info@, sales.no@, familie.berg@."""
    return any(part in _SHARED for part in _SEPARATORS.split(_OWN_PART.split(email.casefold())[0]))


def _countries_differ(rung: str, w: Values, c: Values) -> bool:
    """One person may have moved: an e-mail of one's own and the same name say more than an address."""
    if not (w["country"] and c["country"]) or w["country"] == c["country"]:
        return False
    return not (rung == "email" and same_words(w["name"], c["name"]) and not is_shared_mailbox(w["email"]))


def _against_names(rung: str, w: Values, c: Values) -> str:
    """Names of one rung's pair: the same words or one slip apart, or why not."""
    if rung not in {"vat", "email"}:  # the other rungs compare names themselves
        return ""
    if not w["name"] or not c["name"]:
        told = rung == "email" and _tells_name(w["email"], w["name"] or c["name"])
        return "" if told else "one of the two has no name, and nothing else tells whose evidence it is"
    if same_words(w["name"], c["name"]) or (rung == "vat" and _same_but_for_legal_form(w["name"], c["name"])):
        return ""
    if (
        rung == "email"
        and not is_shared_mailbox(w["email"])
        and one_slip(w["name"], c["name"], w["country"] or c["country"])
    ):
        return ""
    return f"the names differ ({alike(w['name'], c['name'])} % alike)"


def _same_but_for_legal_form(one: str, other: str) -> bool:
    """Whether only one of two names has a legal form and the rest are the same words."""
    forms = [LEGAL_FORMS & set(words(name)) for name in (one, other)]
    rests = [" ".join(word for word in words(name) if word not in LEGAL_FORMS) for name in (one, other)]
    return not (forms[0] and forms[1]) and same_words(*rests)


def _compatible(one: str, other: str) -> bool:
    """Whether two VAT numbers can be one: the same with and without the country's prefix, one of them is blank, or a slip of
    the pen in which the check digits tell which one is right."""
    return one.endswith(other) or other.endswith(one) or is_slip(one, other)


def _tells_name(email: str, name: str) -> bool:
    """Whether an address is made of all words of a name, as anna.berg@ is of Anna Berg."""
    local = "".join(words(email.partition("@")[0]))
    return name != "" and all(len(word) > 1 and word in local for word in words(name))


def _second_witness(w: Values, c: Values) -> bool:
    """Whether, beside a VAT number or a shared mailbox, something else says the same."""
    own_mailbox = w["email"] != "" and w["email"] == c["email"] and not is_shared_mailbox(w["email"])
    place = all(w[field] == c[field] != "" for field in ("country", "postcode", "house"))
    return own_mailbox or place or _same_phone(w, c)


def _same_phone(w: Values, c: Values) -> bool:
    number = e164(w["phone"], w["country"] or c["country"])
    return number != "" and number == e164(c["phone"], c["country"] or w["country"])


def _one_in_the_other(one: str, other: str) -> bool:
    """Whether the last seven digits of a number stand in the other: 22 33 44 55 in "+47 22 33 44 55 (Ann 9-16)"."""
    return one[-_TELLING_DIGITS:] in other or other[-_TELLING_DIGITS:] in one


def _phones_differ(w: Values, c: Values) -> bool:
    return "" not in {w["phone"], c["phone"]} and w["phone"] != c["phone"] and not _same_phone(w, c)
