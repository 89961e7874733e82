"""Probabilistic suggestions for many unmapped customers: Fellegi-Sunter record linkage with splink on DuckDB.

Every piece of evidence gets a weight in bits: how many times likelier it is seen with the same customer than with two
strangers, as a power of two. The weights add up. Evidence that many share (an office's mailbox, a common name) weighs less,
which the engine learns from the customers themselves. The result only ever suggests; a person accepts or rejects.

Everything happens in this process and in memory: no network, no file, and the same customers give the same figures.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from connector.core.evidence import evidence_of
from connector.core.likeness import LEGAL_FORMS, words
from connector.core.phone_numbers import e164
from connector.desk.linkage_model import A_WORLD, BLOCKS, COMPARISONS, IDENTIFYING, comparison, shared_by_others
from connector.errors import InputError

__all__ = ["COLUMNS", "suggest_by_linkage"]

COLUMNS = (
    "webstore_id", "bc_id", "standing", "probability", "weight", "weight_prior", "weight_name", "weight_email",
    "weight_phone", "weight_address", "weight_vat", "weight_shared", "explanation",
)  # fmt: skip
_NO_LETTERS = re.compile(r"[^a-z]+")
_KINDS = LEGAL_FORMS | {"jr", "sr", "junior", "senior", "ii", "iii", "iv"}
SUGGESTED, RUNNER_UP = "suggested", "runner-up"


def suggest_by_linkage(
    webstore: pa.Table,
    business_central: pa.Table,
    *,
    rejected: Collection[tuple[str, int]] = (),
    threshold: float = 0.1,
    expected_overlap: float = 0.5,
) -> pd.DataFrame:
    """Suggest which unmapped customers are the same.

    Args:
        webstore, business_central: unmapped customers, canonical: the id column, then one text column per field.
        rejected: pairs (Business Central id, webstore id) that a person said are not the same.
        threshold: probability from which a pair is named at all.
        expected_overlap: which share of the smaller side is guessed to be on the other side, too.

    Returns:
        One row per pair, columns COLUMNS. `standing` is `suggested` for at most one pair per customer of either side, the
        likeliest first, and `runner-up` for likely pairs beside these. `weight` is in bits and the sum of `weight_prior`
        (how unlikely any two customers are the same) and of the weights of the evidence; 0 = nothing to compare.
        `explanation` says the same in words, without personal values. Sorted by weight, then ids.

    Raises:
        InputError: the optional extra `match` is not installed.
    """
    splink = _engine()
    left, right = _records(webstore), _records(business_central)
    if left.empty or right.empty:
        return _frame([])
    prior = max(min(expected_overlap * min(len(left), len(right)) / (len(left) * len(right)), 0.5), 1e-12)
    pairs, refused = _weighed(splink, left, right, prior, threshold), frozenset(rejected)
    rows = [
        (int(w[1:]), c[1:], probability, float(np.log2(prior / (1 - prior))), weights, texts)
        for w, c, probability, weights, texts in pairs
        if (c[1:], int(w[1:])) not in refused
    ]
    return _frame(_one_to_one(rows))


def _engine() -> ModuleType:
    try:
        import splink  # noqa: PLC0415 - optional, and slow to import
    except ImportError:
        raise InputError(
            "Probabilistic suggestions need the record-linkage engine, which is not installed.",
            hint="Install it with: pip install 'customer-sync[match]'",
        ) from None
    return splink


def _records(canonical: pa.Table) -> pd.DataFrame:
    """What the engine compares: one row per customer, missing evidence is None."""
    evidence = evidence_of(canonical)
    sign = "w" if canonical.column_names[0] == "webstore_id" else "c"
    streets = canonical["address_1"].to_pylist() if "address_1" in canonical.column_names else [""] * len(canonical)
    cities = canonical["city"].to_pylist() if "city" in canonical.column_names else [""] * len(canonical)
    rows = []
    for row, street, city in zip(evidence.to_pylist(), streets, cities, strict=True):
        mailbox = row["email"].partition("@")[0]
        road, house = words(street), row["house"].strip()
        name = words(row["name"]) or _name_in(mailbox)
        start = next((word[:4] for word in road if not word.isdigit()), "")
        rows.append(
            {
                "unique_id": f"{sign}{row[canonical.column_names[0]]}",
                "full_name": " ".join(sorted(name)),
                "letters": "".join(name) or _NO_LETTERS.sub("", mailbox),
                "beginning": " ".join(name[:2]) if len(name) > 1 else "",
                "kind": " ".join(sorted(_KINDS & set(name))) or "-",
                "given": name[0] if name else "",
                "family": name[-1] if len(name) > 1 else "",
                "email": row["email"],
                "email_digits": "".join(filter(str.isdigit, row["email"])) or "-",  # a number is no slip of another
                "mailbox": mailbox,
                "phone": e164(row["phone"], row["country"]),
                "street": start,
                "house": house,
                "postcode": row["postcode"],
                "city": " ".join(words(city)),
                "place": f"{row['postcode']} {start} {house}" if row["postcode"] else "",
                "vat": row["vat"],
            }
        )
    frame = pd.DataFrame(rows)
    return frame.astype(object).where(frame != "", None) if rows else frame


def _name_in(mailbox: str) -> tuple[str, ...]:
    """First and last name as in anna.berg@, for customers who give none; nothing where that is not plain."""
    found = tuple(_NO_LETTERS.sub(" ", mailbox).split())
    return found if len(found) == 2 and min(map(len, found)) > 2 else ()


def _weighed(
    splink: Any, left: pd.DataFrame, right: pd.DataFrame, prior: float, threshold: float
) -> list[tuple[str, str, float, dict[str, float], list[str]]]:
    """Every pair from the threshold on: ids, probability, weight per comparison, and the levels in words."""
    import duckdb  # noqa: PLC0415 - as splink

    with duckdb.connect(":memory:", config={"autoinstall_known_extensions": False, "temp_directory": ""}) as connection:
        linker = splink.Linker(
            [left, right],
            splink.SettingsCreator(
                link_type="link_only",
                comparisons=[*map(comparison, COMPARISONS), shared_by_others(max(len(left) + len(right), A_WORLD))],
                blocking_rules_to_generate_predictions=[splink.block_on(*columns) for columns in BLOCKS],
                probability_two_random_records_match=prior,
                retain_intermediate_calculation_columns=True,
            ),
            db_api=splink.DuckDBAPI(connection=connection),
            set_up_basic_logging=False,
            input_table_aliases=["a", "b"],
        )
        for column in IDENTIFYING:
            shares = _shares(pd.concat([left[column], right[column]]))
            linker.table_management.register_term_frequency_lookup(shares, column)
        found = linker.inference.predict(threshold_match_probability=threshold).as_pandas_dataframe()
    return _read(found)


def _shares(column: pd.Series[Any]) -> pd.DataFrame:
    """Value → the share of customers who have it, counted as if they were many: a handful says little about the world."""
    counts = column.dropna().value_counts().sort_index()
    shares = counts / max(len(column), A_WORLD)
    return pd.DataFrame({column.name: shares.index, f"tf_{column.name}": shares.to_numpy()})


def _read(found: pd.DataFrame) -> list[tuple[str, str, float, dict[str, float], list[str]]]:
    pairs = []
    for row in found.to_dict(orient="records"):
        weights, texts = {}, []
        for name, (_, levels) in COMPARISONS.items():
            weights[name] = float(np.log2(row[f"bf_{name}"] * row.get(f"bf_tf_adj_{name}", 1.0)))
            level = row[f"gamma_{name}"]
            if level >= 0:
                texts.append(f"{levels[len(levels) - 1 - level].text} ({weights[name]:+.1f})")
        weights["shared"] = float(np.log2(row["bf_shared"]))
        if weights["shared"]:
            texts.append(f"families and offices share these ({weights['shared']:+.1f})")
        w, c = sorted((row["unique_id_l"], row["unique_id_r"]), reverse=True)
        pairs.append((w, c, float(row["match_probability"]), weights, texts))
    return pairs


def _one_to_one(rows: Sequence[tuple[int, str, float, float, dict[str, float], list[str]]]) -> list[dict[str, Any]]:
    """Mark at most one pair per customer as suggested, the weightiest first."""
    taken: set[int | str] = set()
    result = []
    for webstore_id, bc_id, probability, prior, weights, texts in sorted(
        rows, key=lambda row: (-round(row[3] + sum(row[4].values()), 6), row[0], row[1])
    ):
        free = webstore_id not in taken and bc_id not in taken
        taken |= {webstore_id, bc_id} if free else set()
        result.append(
            {
                "webstore_id": webstore_id,
                "bc_id": bc_id,
                "standing": SUGGESTED if free else RUNNER_UP,
                "probability": round(probability, 6),
                "weight": round(prior + sum(weights.values()), 2),
                "weight_prior": round(prior, 2),
                **{f"weight_{name}": round(weight, 2) for name, weight in weights.items()},
                "explanation": ", ".join(texts),
            }
        )
    return result


def _frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    texts = dict.fromkeys(("bc_id", "standing", "explanation"), "string")
    numbers = dict.fromkeys((name for name in COLUMNS if name not in {"webstore_id", *texts}), "float64")
    return frame.astype({"webstore_id": "int64", **texts, **numbers})
