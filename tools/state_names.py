"""Adds to mappings/states.csv the names of states that people of the country write.

    pip install iso3166-2 && python -m tools.state_names

The source is ISO 3166-2 with the names in the languages of each country and common abbreviations, as the package iso3166-2 keeps
them (it is no dependency). A name is added if the states of its country do not understand it yet, and if it means one of them
alone; what is doubtful is told and left out. What is added is reviewed as data: read the diff.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from connector.core.state_names import StateNames

STATES = Path(__file__).parents[1] / "mappings" / "states.csv"
# languages (ISO 639-3) in which people of a country write addresses; other names there are translations and nicknames
LANGUAGES = {
    "AL": "sqi", "AO": "por", "AR": "spa", "BD": "ben", "BG": "bul eng", "BJ": "fra", "BO": "spa", "BR": "por",
    "CA": "fra", "CH": "deu fra ita roh gsw", "CL": "spa", "CN": "zho", "CO": "spa", "CR": "spa", "DE": "deu", "DO": "spa",
    "DZ": "ara fra", "EC": "spa", "EG": "ara eng", "ES": "spa cat eus glg val", "GR": "ell eng", "GT": "spa",
    "HK": "zho yue", "HN": "spa", "HR": "hrv ita", "HU": "hun", "ID": "ind", "IE": "gle",
    "IN": "hin ben tam tel mar guj kan mal pan ori asm urd", "IR": "fas eng", "IT": "ita deu fra slv", "JP": "jpn",
    "KE": "swa", "LA": "lao", "MA": "ara fra", "MD": "ron rus", "MX": "spa", "MY": "msa", "MZ": "por", "NI": "spa",
    "NP": "nep", "NZ": "mri", "PA": "spa", "PE": "spa", "PH": "fil tgl", "PK": "urd", "PY": "spa", "RO": "ron hun",
    "RS": "srp hun", "SN": "fra", "SV": "spa", "TH": "tha", "TR": "tur", "TZ": "swa", "UA": "ukr rus eng",
    "US": "spa", "UY": "spa", "VE": "spa", "ZA": "afr zul xho",
}  # fmt: skip
_NAME = re.compile(r"\s*(.+?)\s*\(([a-z0-9 ,]+)\)(?:,|$)")
_ABBREVIATION = re.compile(r"[A-Z]{2,6}")
_NICKNAME = re.compile(
    r"(The|La|El|Los|Las|Le|Das|Die|Der|A|O) .*\b(of|de|del|des|do|da|am|an|der|y) |Ciudad de l|.* of |The ",
    re.IGNORECASE,
)
_LONGEST = 60
# what the review found: nicknames, and names of other regions
_NO_NAMES = frozenset(
    """La Linda|Estado Bandeirante|Locomotiva do Brasil|La Atenas Suramericana|Muy Noble y Muy Leal Ciudad|Tierra de Héroes
    Primer Santiago de América|Serambi Mekah|Pulau Dewata|Bumi Rafflesia|Bumi Serambi Madinah|Provinsi Seribu Sungai
    Bumi Tambun Bungai|Bumi Cenderawasih|Bumi Sriwijaya|Devbhumi|DMV|El Estado Grande|Orașul din piatră albă|Negeri Jelapang Padi
    Negeri Che Siti Wan Kembang|Pulau Mutiara Borneo|Negeri Beradat|Pulau Mutiara|Bumi Di Bawah Bayu|Sabah Bumi Di Bawah Bayu
    Bumi Kenyalang|Negeri Bersejarah|Melaka Negeri Bersejarah|Micul Paris|Parisul Estului|Tartomány|Mehádia|Галичина|Слобожанщина
    Прикарпаття|Шевченків край|El Primer Puerto|Departamento de la Capital|Huamanga|Lalawigan ng mga Magigiting|Pradesh 4
    Pradesh 6|Halychyna|Slobozhanshchyna|Shevchenkiv krai|Central Khorasan|Bulgarian Macedonia|Pirin Macedonia|Western governorate
    উপত্যকার শহর|প্রাকৃতিক সৌন্দর্যের রাণী|নতুন শহর|সাগরকন্যা""".replace("\n    ", "|").split("|")
)


def main() -> int:
    """Add what is missing, and print what was left out."""
    package = find_spec("iso3166_2")  # its data alone: to import it takes more packages
    if package is None or not package.origin:
        sys.stderr.write("The package iso3166-2 is not installed.\n")
        return 2
    source = Path(package.origin).with_name("iso3166-2.json").read_text(encoding="utf-8")
    subdivisions: dict[str, dict[str, Any]] = json.loads(source)
    with STATES.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    by_country: dict[str, list[list[str]]] = defaultdict(list)
    for row in rows:
        by_country[row[0]].append(row)
    for country, known in by_country.items():
        more = [row for row in known if row[3]] + _added(country, known, subdivisions.get(country, {}))
        known[:] = [row for row in known if not row[3]] + sorted(more, key=lambda row: (row[1], row[2]))
    with STATES.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([header, *(row for known in by_country.values() for row in known)])
    return 0


def _added(country: str, known: list[list[str]], subdivisions: dict[str, Any]) -> list[list[str]]:
    """New rows of a country."""
    found: list[list[str]] = []
    for code, names in _named(country, known, subdivisions):
        for name, source in names:
            rows = [(row[1], row[2]) for row in (*known, *found)]
            meant = StateNames(country, rows).code(name)
            if meant is None and not _disturbs(country, rows, code, name):
                found.append([country, code, name, source])
            elif meant not in {None, code}:
                sys.stdout.write(f"{country}: {name} is {code}, and understood as {meant}\n")
    return found


def _disturbs(country: str, rows: list[tuple[str, str]], code: str, name: str) -> bool:
    """Whether something that is understood would not be understood any more beside the new name."""
    before, after = StateNames(country, rows), StateNames(country, [*rows, (code, name)])
    return after.code(name) != code or any(after.code(text) != before.code(text) for row in rows for text in row)


def _named(
    country: str, known: list[list[str]], subdivisions: dict[str, Any]
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The webstore's code of each subdivision that it has as a state, with the names that are its own."""
    states = StateNames(country, [(row[1], row[2]) for row in known])
    names = {key: dict(_names(country, each)) for key, each in subdivisions.items()}
    same = {key: _same(country, key, {row[1] for row in known}) for key in subdivisions}
    # a region that the webstore has not as a state may be called like one that it has
    counted = [each for key, each in names.items() if same[key]] or list(names.values())
    shared = Counter(name for each in counted for name in each)
    meant = {key: {states.code(name) for name in each if shared[name] <= 1} - {None} for key, each in names.items()}
    agree = [key for key in subdivisions if same[key] and meant[key] == {same[key]}]
    # does this webstore's table use the codes of ISO? Then a name alone proves nothing: regions are called like their capitals
    is_iso = len(agree) * 2 > len({row[1] for row in known})
    for key, each in names.items():
        code = same[key] if is_iso and same[key] and meant[key] <= {same[key]} else None
        code = code or (next(iter(meant[key])) if not is_iso and len(meant[key]) == 1 else None)
        if code:
            yield str(code), [(name, source) for name, source in each.items() if shared[name] <= 1]
        elif meant[key] and (not is_iso or same[key]):
            sys.stdout.write(
                f"{country}: {key} {subdivisions[key]['name']} left out: it may be {sorted(map(str, meant[key]))}\n"
            )


def _same(country: str, key: str, codes: set[str]) -> str | None:
    part = key.partition("-")[2]
    return next((code for code in (key, f"{country}{part}", part) if code in codes), None)


def _names(country: str, subdivision: dict[str, Any]) -> Iterator[tuple[str, str]]:
    languages = LANGUAGES.get(country, "").split()
    for name in re.split(r"\s*[\[\]]\s*", subdivision["name"]):
        if name:
            yield name.rstrip("*"), "ISO 3166-2"
    for name, language in _NAME.findall(subdivision["localOtherName"] or ""):
        wanted = any(each in languages for each in language.replace(",", " ").split())
        if name in _NO_NAMES:
            continue
        if _ABBREVIATION.fullmatch(name) or (wanted and not _NICKNAME.match(name) and len(name) <= _LONGEST):
            yield name, f"iso3166-2 {language}"


if __name__ == "__main__":
    sys.exit(main())
