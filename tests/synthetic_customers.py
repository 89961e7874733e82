"""Labelled customers: two systems that partly know the same people, and the truth about who is who.

Made to mislead. Families share an address, a landline and often a mailbox (`familie.berg@`, or one member's own); sisters are
called Anna and Anne, a son has his father's name and a "jr". Offices have many people behind one VAT number, one phone and
one `info@`; branches share name, VAT number and mailbox; "Berg GmbH" and "Berg GmbH & Co. KG" share everything but the VAT
number; "Anna Berg" and her company "Anna Berg AS" are two customers. Of all of them each system may know another one.

True pairs differ as records do in life: slips of the pen, initials, middle names, turned names, another e-mail, no phone, a
removal, an account without a name. Nothing here is real: e-mails end in .example, phone numbers are drawn.

One thing is left out because no record could tell: a nameless account that uses another person's own mailbox.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pyarrow as pa

__all__ = ["LabelledCustomers", "labelled_customers"]

FIELDS = ("name", "email", "phone", "address_1", "address_2", "country", "postcode", "city", "state", "vat")
_GIVEN = {
    "NO": "Anna Anne Ola Kari Kristian Kristin Jan Jon Martin Martine Nora Emma Lars Per Pål Ingrid Øyvind Åse Håkon Marit "
    "Marie Sindre Solveig Torbjørn Geir Hilde Hanne Hans Bjørn Liv Eva Ida Magnus Tor Tore Unni Vegard Siri Silje Sofie",
    "DE": "Anna Anne Hans Jürgen Günther Martin Martina Stefan Stefanie Peter Petra Jörg Jana Jan Lukas Lena Leonie Max Paul "
    "Paula Sören Klaus Karin Katrin Uwe Ute Wolfgang Heike Käthe Björn Daniel Daniela Andreas Andrea Michael Michaela",
    "GB": "Oliver Olivia Jack Jake Emily Emma Harry Henry Charlotte Charles James Jane Thomas Tom William Grace Daniel "
    "Danielle Sophie Sophia George Georgia Alice Alex Alexa Edward Edwin Lucy Luke Mark Mary Ruth Robert Roberta Sean",
    "US": "Michael Michelle Christopher Christina Jessica Joshua Ashley Matthew Amanda Daniel David Sarah Andrew Brittany "
    "Joseph Josephine Samuel Samantha Patrick Patricia Anthony Eric Erica Kim Kimberly Jeff Maria Mario Juan Juana Luis",
    "FR": "Jean Jeanne Marie Marc Pierre Camille Léa Léo Chloé Hugo Louis Louise Gabriel Gabrielle Jules Julie Françoise "
    "François Hélène Étienne Élodie Noël Noëlle André Andrée Michel Michèle Daniel Danièle Jean-Pierre Marie-Claire",
    "HU": "Anna Anne Katalin Katalina István Péter Petra Zsófia László Gábor Gábriel Éva Ilona János Jánosné Márton Mária "
    "András Andrea Dániel Dániela Júlia Tamás Tímea Zoltán Zita Réka Bence Balázs Erzsébet Eszter Ferenc Imre Lili",
}
_FAMILY = {
    "NO": "Hansen Hanssen Johansen Olsen Larsen Berg Dahl Nilsen Kristiansen Jensen Karlsen Solberg Haugen Bakken Lie Lee Lund "
    "Moen Strand Sørensen Ødegård Aas Vik Viken Holm Holmen Bø Bøe Myhre Rønning Sandvik Tangen Ness Nes Eide Foss",
    "DE": "Müller Mueller Schmidt Schmitt Schneider Fischer Weber Meyer Meier Maier Wagner Becker Schulz Schultz Hoffmann "
    "Hofmann Koch Bauer Richter Klein Wolf Wolff Schröder Neumann Schwarz Braun Krüger Weiß König Groß Lange Lang Vogel",
    "GB": "Smith Smyth Jones Taylor Tailor Brown Browne Williams Wilson Johnson Davies Davis Robinson Wright Thompson Thomson "
    "Evans Walker White Whyte Roberts Green Greene Hall Wood Harris Clark Clarke Patel O'Neil McDonald Reid Read",
    "US": "Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez Gonzales Wilson "
    "Anderson Andersen Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Nguyen",
    "FR": "Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Simon Laurent Lefebvre Lefèvre Michel Garcia "
    "David Bertrand Roux Vincent Fournier Morel Girard André Mercier Dupont Dupond Lambert Bonnet François Le-Gall",
    "HU": "Nagy Kovács Tóth Szabó Horváth Varga Kiss Kis Molnár Németh Farkas Balogh Papp Pap Takács Juhász Lakatos Mészáros "
    "Oláh Simon Rácz Fekete Szilágyi Török Fehér Balázs Gál Szűcs Kocsis Pintér Fodor Szalai Sipos Magyar Lukács Gulyás",
}
_PLACES = {
    "NO": "0150 Oslo,0560 Oslo,5003 Bergen,7010 Trondheim,4006 Stavanger,9008 Tromsø,1337 Sandvika,3015 Drammen",
    "DE": "10115 Berlin,20095 Hamburg,80331 München,50667 Köln,60311 Frankfurt,70173 Stuttgart,04109 Leipzig,01067 Dresden",
    "GB": "SW1A 1AA London,M1 1AE Manchester,B1 1AA Birmingham,EH1 1YZ Edinburgh,LS1 1UR Leeds,G1 1XW Glasgow,BS1 4DJ Bristol",
    "US": "10001 New York,90001 Los Angeles,60601 Chicago,77001 Houston,85001 Phoenix,98101 Seattle,33101 Miami,80202 Denver",
    "FR": "75001 Paris,69001 Lyon,13001 Marseille,31000 Toulouse,06000 Nice,44000 Nantes,67000 Strasbourg,33000 Bordeaux",
    "HU": "1011 Budapest,4024 Debrecen,6720 Szeged,7621 Pécs,9021 Győr,3525 Miskolc,8000 Székesfehérvár,6000 Kecskemét",
}
_STREETS = {
    "NO": ("gata", "Stor Kirke Skole Dronningens Nedre Øvre Sjø Torg Park"), "DE": ("straße", "Haupt Bahnhof Schul Garten Berg"),
    "GB": (" Street", "High Church Park Station Mill King Queen"), "US": (" Avenue", "Oak Maple Cedar Pine Elm Washington Lake"),
    "FR": (" Rue", "Grande Haute Neuve Vieille Longue"), "HU": (" utca", "Kossuth Petőfi Rákóczi Ady Dózsa Arany"),
}  # fmt: skip
_ABBREVIATIONS = (
    ("gata", "gt."),
    ("straße", "str."),
    (" Street", " St"),
    (" Avenue", " Ave"),
    (" Rue", " R."),
    (" utca", " u."),
)
_DIALLING = {"NO": "+47", "DE": "+49", "GB": "+44", "US": "+1", "FR": "+33", "HU": "+36"}
_NATIONAL = {
    "NO": "4#######",
    "DE": "30########",
    "GB": "20########",
    "US": "212555####",
    "FR": "6########",
    "HU": "1#######",
}
_TRUNK = {"DE": "0", "GB": "0", "FR": "0", "HU": "06"}
_TRADES = (
    "Bygg Elektro Maler Transport Design Consulting Trading Foods Tools Media Garden Optik Sport Auto Print".split()
)
_FORMS = {"NO": "AS", "DE": "GmbH", "GB": "Ltd", "US": "Inc", "FR": "SARL", "HU": "Kft"}
_OFFICES = ("info", "post", "mail", "office", "kontakt", "sales", "faktura", "einkauf", "order")
_PROVIDERS = ("mail.example", "post.example", "web.example", "inbox.example")


@dataclass(frozen=True)
class Truth:
    """One customer as it is, before either system writes it down."""

    given: str
    family: str
    company: str
    email: str
    phone: str
    street: str
    postcode: str
    city: str
    country: str
    vat: str = ""
    own_mailbox: bool = True
    suffix: str = ""

    @property
    def name(self) -> str:
        """As people and companies sign."""
        if self.company:
            return self.company
        parts = (self.family, self.given) if self.country == "HU" else (self.given, self.family)
        return " ".join(part for part in (*parts, self.suffix) if part)


@dataclass(frozen=True)
class LabelledCustomers:
    """Canonical customers of both sides and the pairs (webstore id, Business Central id) that are the same customer."""

    webstore: pa.Table
    business_central: pa.Table
    same: frozenset[tuple[int, str]]


@dataclass
class _World:
    dice: random.Random
    mailboxes: set[str] = field(default_factory=set)
    vat: int = 911_000_000

    def people(self) -> Iterator[list[Truth]]:
        """Endless families, singles and offices."""
        while True:
            country = self.dice.choice(tuple(_GIVEN))
            yield self._office(country) if self.dice.random() < 0.12 else self._household(country)

    def _household(self, country: str) -> list[Truth]:
        family, place, dice = self._family(country), self._place(country), self.dice
        size = dice.choices((1, 2, 3, 4, 5), (55, 20, 10, 10, 5))[0]
        landline = self._phone(country)
        given = dice.sample(_GIVEN[country].split(), size)
        members = [
            Truth(name, family, "", self._mailbox(name, family), self._phone(country), *place, country)
            for name in given
        ]
        if size > 1 and dice.random() < 0.08:  # a son with his father's name
            members.append(
                replace(members[0], suffix="jr", email=self._mailbox(given[0], family + "jr"), phone=landline)
            )
        if size > 1 and dice.random() < 0.5:
            members = [replace(m, phone=landline) if dice.random() < 0.6 else m for m in members]
        if size > 1 and dice.random() < 0.4:
            whole = dice.random() < 0.4
            shared = self._unused(f"familie.{_ascii(family)}") if whole else members[0].email
            members = [
                replace(m, email=shared, own_mailbox=m is members[0] and not whole) if dice.random() < 0.6 else m
                for m in members
            ]
        if dice.random() < 0.03:  # her own company beside her
            owner = members[0]
            members.append(
                replace(owner, company=f"{owner.name} {_FORMS[country]}", vat=self._vat(country), own_mailbox=False)
            )
        return members

    def _office(self, country: str) -> list[Truth]:
        dice, place = self.dice, self._place(country)
        stem = f"{self._family(country)} {dice.choice(_TRADES)}"
        name, vat, phone = f"{stem} {_FORMS[country]}", self._vat(country), self._phone(country)
        domain = f"{_ascii(stem)}{len(self.mailboxes)}.example"
        office = f"{dice.choice(_OFFICES)}@{domain}"
        card = Truth(*self._names(country), name, office, phone, *place, country, vat, own_mailbox=False)
        everybody = [card]
        if dice.random() < 0.3:  # known by the one who orders: one customer under two names
            everybody = [replace(card, email=f"{_ascii(card.given)}@{domain}")]
        for given, family in dict.fromkeys(self._names(country) for _ in range(dice.choice((0, 0, 1, 3, 8, 20)))):
            own = dice.random() < 0.6
            email = f"{_ascii(given)}.{_ascii(family)}@{domain}" if own else office
            everybody.append(replace(card, given=given, family=family, company="", email=email, own_mailbox=own))
        if dice.random() < 0.15:
            street, postcode, city = self._place(country)
            everybody.append(replace(card, street=street, postcode=postcode, city=city, phone=self._phone(country)))
        if dice.random() < 0.1:
            sister = f"{name} & Co. KG" if country == "DE" else f"{stem} Holding {_FORMS[country]}"
            everybody.append(replace(card, company=sister, vat=self._vat(country)))
        return everybody

    def _names(self, country: str) -> tuple[str, str]:
        return self.dice.choice(_GIVEN[country].split()), self._family(country)

    def _family(self, country: str) -> str:
        return self.dice.choice(_FAMILY[country].split())

    def _place(self, country: str) -> tuple[str, str, str]:
        town = self.dice.choice(_PLACES[country].split(","))
        postcode, _, city = town.rpartition(" ") if town.count(" ") == 1 else _split_place(town)
        if self.dice.random() < 0.7 and postcode.isdigit():  # a town has more than one postal code
            postcode = f"{int(postcode) + self.dice.randrange(40):0{len(postcode)}d}"
        ending, stems = _STREETS[country]
        return f"{self.dice.choice(stems.split())}{ending} {self.dice.randrange(1, 160)}", postcode, city

    def _phone(self, country: str) -> str:
        return "".join(self.dice.choice("123456789") if sign == "#" else sign for sign in _NATIONAL[country])

    def _vat(self, country: str) -> str:
        self.vat += self.dice.randrange(1, 97)
        return f"{country}{self.vat}"

    def _mailbox(self, given: str, family: str) -> str:
        first, last = _ascii(given), _ascii(family)
        ways = (f"{first}.{last}", f"{first}{last}", f"{first[0]}{last}", f"{first}{self.dice.randrange(50, 99)}", last)
        return self._unused(self.dice.choice(ways))

    def _unused(self, local: str) -> str:
        provider, number = self.dice.choice(_PROVIDERS), 1
        email = f"{local}@{provider}"
        while email in self.mailboxes:
            number += 1
            email = f"{local}{number}@{provider}"
        self.mailboxes.add(email)
        return email


def labelled_customers(n: int, seed: int, overlap: float = 0.6) -> LabelledCustomers:
    """About `n` customers on each side, of whom `overlap` are on the other side too; the same seed gives the same ones."""
    dice = random.Random(f"labelled customers {seed}")
    world = _World(dice)
    total, people = round(n * (2 - overlap)), []
    for unit in world.people():
        people += unit
        if len(people) >= total:
            break
    chances = (overlap, 1 - overlap, 1 - overlap)
    rows: dict[str, list[dict[str, object]]] = {"webstore": [], "business_central": []}
    same: set[tuple[int, str]] = set()
    accounts: set[str] = set()
    for truth in people[:total]:
        where = dice.choices(("both", "webstore", "business_central"), chances)[0]
        known, key = truth, 0
        if where != "business_central":
            if truth.email in accounts:  # a webstore has one account for each e-mail
                known = replace(truth, email=world._mailbox(truth.given, truth.family), own_mailbox=True)
            accounts.add(known.email)
            key = len(rows["webstore"]) + 1
            rows["webstore"].append({"webstore_id": key, **_account(dice, world, known, known_to_both=where == "both")})
        if where != "webstore":
            for _ in range(2 if dice.random() < 0.015 else 1):  # some people stand twice in the company's list
                bc_id = f"c{dice.getrandbits(48):012x}"
                rows["business_central"].append({"bc_id": bc_id, **_card(dice, world, truth)})
                same |= {(key, bc_id)} if key else set()
    for side in rows.values():
        dice.shuffle(side)
    schema = [(name, pa.large_string()) for name in FIELDS]
    return LabelledCustomers(
        pa.Table.from_pylist(rows["webstore"], schema=pa.schema([("webstore_id", pa.int64()), *schema])),
        pa.Table.from_pylist(rows["business_central"], schema=pa.schema([("bc_id", pa.large_string()), *schema])),
        frozenset(same),
    )


def _account(dice: random.Random, world: _World, truth: Truth, *, known_to_both: bool) -> dict[str, str]:
    """As the customer typed it in the webstore."""
    record = _written(dice, world, truth)
    # one of three who order for a company gives the own name
    if truth.company and truth.own_mailbox is False and "@" in truth.email and _orders_personally(dice, truth):
        record["name"] = f"{truth.given} {truth.family}"
    recognisably_shared = truth.email.partition("@")[0] in _OFFICES or truth.email.startswith("familie.")
    if dice.random() < 0.04 and (truth.own_mailbox or recognisably_shared):
        record["name"] = ""
    if dice.random() < (0.06 if known_to_both else 0.15):  # never ordered: no billing address
        record |= dict.fromkeys(("address_1", "postcode", "city", "country", "phone"), "")
    if dice.random() < 0.4:
        record["vat"] = ""
    return record


def _orders_personally(dice: random.Random, truth: Truth) -> bool:
    return truth.email.startswith(_ascii(truth.given) + "@") and dice.random() < 0.33


def _card(dice: random.Random, world: _World, truth: Truth) -> dict[str, str]:
    """As somebody in the office typed it."""
    record = _written(dice, world, truth)
    if dice.random() < 0.06:
        record["email"] = ""
    if dice.random() < 0.15:
        record["vat"] = ""
    return record


def _written(dice: random.Random, world: _World, truth: Truth) -> dict[str, str]:
    """One system's record of a customer: the same in other words, and now and then something else."""
    email, place = truth.email, (truth.street, truth.postcode, truth.city)
    if dice.random() < 0.05 and truth.own_mailbox:
        email = world._mailbox(truth.given, truth.family)
    elif dice.random() < 0.02:
        email = _slip(dice, email.partition("@")[0]) + "@" + email.partition("@")[2]
    if dice.random() < 0.04:
        place = world._place(truth.country)
    street = place[0]
    for long, short in _ABBREVIATIONS:
        street = street.replace(long, short) if dice.random() < 0.25 else street
    phone = "" if dice.random() < 0.2 else world._phone(truth.country) if dice.random() < 0.05 else truth.phone
    vat = truth.vat if dice.random() < 0.7 else truth.vat[2:]
    return {
        "name": _signed(dice, truth), "email": email.upper() if dice.random() < 0.02 else email,
        "phone": _dialled(dice, truth.country, phone), "address_1": street, "address_2": "",
        "country": truth.country, "postcode": place[1] if dice.random() < 0.98 else _slip(dice, place[1]),
        "city": place[2], "state": "", "vat": vat,
    }  # fmt: skip


def _signed(dice: random.Random, truth: Truth) -> str:
    name, chance = truth.name, dice.random()
    if chance < 0.05:
        return _slip(dice, name)
    if chance > 0.96:
        return name.upper()
    if truth.company or truth.suffix or chance > 0.2:
        return name
    changed = (
        (0.07, name.replace(truth.given, truth.given[0] + ".")),
        (0.09, name.replace(truth.given, f"{truth.given} {dice.choice(_GIVEN[truth.country].split())}")),
        (0.12, f"{truth.family}, {truth.given}"),
        (0.20, name.replace("ü", "ue").replace("ø", "o").replace("é", "e")),
    )
    return next(written for limit, written in changed if chance <= limit)


def _dialled(dice: random.Random, country: str, national: str) -> str:
    if not national:
        return ""
    spaced = " ".join(national[i : i + 3] for i in range(0, len(national), 3)) if dice.random() < 0.5 else national
    way = dice.random()
    if way < 0.4:
        return f"{_DIALLING[country]} {spaced}"
    return f"00{_DIALLING[country][1:]}{spaced}" if way < 0.5 else _TRUNK.get(country, "") + spaced


def _slip(dice: random.Random, text: str) -> str:
    """One slip of the pen: a letter left out, doubled, swapped with its neighbour, or another one."""
    if len(text) < 3:
        return text
    at, kind = dice.randrange(1, len(text) - 1), dice.randrange(4)
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + text[at] + text[at:]
    if kind == 2:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + dice.choice("aeinrst" if text[at].isalpha() else "0123456789") + text[at + 1 :]


def _split_place(town: str) -> tuple[str, str, str]:
    first, second, *rest = town.split(" ")
    return (
        (f"{first} {second}", " ", " ".join(rest)) if second[:1].isdigit() else (first, " ", " ".join([second, *rest]))
    )


def _ascii(text: str) -> str:
    folded = text.translate(str.maketrans("øåæéèëïîôűőúóíáüöäçñŐÉ", "oaaeeeiioouooiauoacnOE")).lower()
    return "".join(letter for letter in folded if letter.isascii() and letter.isalnum())
