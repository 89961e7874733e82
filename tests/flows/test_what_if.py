"""The plan under other rules beside today's, on what the last run over all customers has kept."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from connector.desk import editing
from connector.desk.activity import purge
from connector.desk.forgetting import forget
from connector.errors import InputError
from connector.extract import keeping
from connector.extract.kept import FORM, kept_of, manifest_of, place_of
from connector.planning import what_if as planning
from connector.planning.what_if import WhatIf, what_if
from connector.run.setup_source import named_setups
from connector.setup.other_settings import with_settings
from connector.store import open_store
from flows.cli import app
from tests.by_hand import by_hand
from tests.flows.shop import SHIPPED, Shop, setup_of

Told = dict[tuple[str, str], tuple[str, str]]


@pytest.fixture
def busy(shop: Shop) -> Shop:
    """Pairs in step, a cleared phone, a conflict, and somebody of whom the company knows nothing, after a plan."""
    shop.begin_with("busy for what-if", lambda: _begin(shop))
    shop.keep_extracts()
    shop.change(pull_webstore_customers="Mapped Only")
    accounts, customers = shop.accounts(), shop.customers()
    shop.type_in_company(customers["p1@nord.example"], phoneNumber="")
    shop.type_in_company(customers["p2@nord.example"], city="Bergen")
    shop.type_in_webstore(accounts["p2@nord.example"], city="Molde")
    shop.register("new@nord.example", "Nora Ny", city="Oslo")
    shop.sync(dry_run=True)
    shop.forget_requests()
    return shop


def _begin(shop: Shop) -> None:
    for number in range(1, 5):
        shop.register(f"p{number}@nord.example", f"Per{number} Nord{number}", city="Oslo", phone="+47 22 33 44 55")
    shop.sync()
    shop.settle()


def tried(shop: Shop, *settings: str, rules: Path | None = None) -> WhatIf:
    other = with_settings(shop.setup, settings)
    if rules is not None:
        flags = other.synchronization.model_copy(update={"mappings": rules})
        other = other.model_copy(update={"synchronization": flags})
    return what_if(shop.setup, other)


def told(found: WhatIf) -> Told:
    """(number or account, field) → what is said of it today, and then."""

    def words(states: Any) -> str:
        return ", ".join(f"{s.kind} {s.after}".strip() for s in states)

    return {
        (one.who.bc_number or str(one.who.webstore_id), one.field): (words(one.now), words(one.then))
        for one in found.differences
    }


def dump(shop: Shop) -> list[str]:
    with closing(sqlite3.connect(shop.store_file)) as store:
        return list(store.iterdump())


def rules_with(folder: Path, old: str, new: str) -> Path:
    """Rule files that differ from those of the shop in a line of fields.csv."""
    rules = folder / "other-rules"
    shutil.copytree(folder / "rules", rules)
    text = (SHIPPED / "fields.csv").read_text(encoding="utf-8")
    assert old in text or not old
    (rules / "fields.csv").write_text(text.replace(old, new) if old else text + new, encoding="utf-8")
    return rules


def test_each_setting_shows_whose_values_would_be_others_and_why(busy: Shop) -> None:
    customers = busy.customers()
    first, second = (busy.number(customers[f"p{n}@nord.example"]) for n in (1, 2))
    new = str(busy.accounts()["new@nord.example"])
    busy.forget_requests()
    before = dump(busy)
    assert told(tried(busy, "policies.blank=clear")) == {(first, "phone"): ("kept", "push update")}
    assert told(tried(busy, "policies.conflict=webstore")) == {
        (second, "city"): ("conflict Bergen", "pull update Molde")
    }
    assert told(tried(busy, "pull_webstore_customers=All")) == {(new, ""): ("", "pull create Nora Ny")}
    closed = tried(busy, "policies.conflict=webstore", "pull_webstore_customers=None")
    assert told(closed)[second, "city"] == ("conflict Bergen", "withheld Molde")
    assert tried(busy).differences == ()
    assert dump(busy) == before, "nothing is written in the store"
    assert not [*busy.running.webstore_log.entries, *busy.running.business_central_log.entries], "nobody is asked"


def test_breakers_and_approvals_are_told_of_both_plans(busy: Shop) -> None:
    found = tried(busy, "policies.conflict=webstore", "breakers.updates=0", "approval.required=always")
    assert not found.now.stopped and "[breakers] updates" in found.then.stopped[0]
    assert (found.now.approval, found.then.approval) == ("", "every plan needs an approval")


def test_other_rule_files_count_in_the_place_of_the_setups(busy: Shop, tmp_path: Path) -> None:
    rules = rules_with(tmp_path, "city,billing.city,city,both,,", "city,billing.city,city,pull,webstore,")
    second = busy.number(busy.customers()["p2@nord.example"])
    assert told(tried(busy, rules=rules)) == {(second, "city"): ("conflict Bergen", "pull update Molde")}


def test_expectations_are_rules_too(busy: Shop, tmp_path: Path) -> None:
    rules = rules_with(tmp_path, "", "")
    line = "does not match,billing.city,^Molde$,,quarantine,Not there."
    header = "expectation,field,value,when,severity,reason\n"
    (rules / "quality" / "webstore.csv").write_text(f"{header}{line}\n", encoding="utf-8")
    found = tried(busy, rules=rules)
    assert found.then.counts["quarantined"] == 1 and "conflict" not in found.then.counts
    assert {g.reason for g in found.groups if g.kind == "quarantined"} == {"billing.city: Not there."}


def test_what_was_not_read_is_named_and_the_rest_is_judged(busy: Shop, tmp_path: Path) -> None:
    rules = rules_with(tmp_path, "", "web,meta:site,website,both,,,,255,text,quarantine,,\n")
    found = tried(busy, "policies.blank=clear", rules=rules)
    assert (
        "web (meta:site ↔ website): the run that has kept the extracts read no site, website"
        in found.then.not_judged[0]
    )
    assert [one.field for one in found.differences] == ["phone"]


def test_templates_are_checked_against_what_the_run_has_read(busy: Shop) -> None:
    settings = ['templates=[{payment_terms = "30 DAYS", credit_limit = 5}]', "pull_webstore_customers=All"]
    found = tried(busy, *settings)
    assert found.then.not_judged == (
        "payment_terms of templates: the run that has kept the extracts read no paymentTerms.",
    )
    busy.setup = with_settings(busy.setup, settings)
    busy.sync(dry_run=True)
    found = tried(busy, 'templates=[{payment_terms = "14 DAYS", credit_limit = 5}]')
    assert [(d.field, d.now[0].after, d.then[0].after) for d in found.differences] == [
        ("(paymentTermsId)", "30 DAYS", "14 DAYS")
    ]


def test_after_a_run_its_writes_are_no_edits(busy: Shop) -> None:
    busy.change(pull_webstore_customers="All", policies={"conflict": "webstore", "blank": "clear"})
    done = busy.sync()
    assert len(done.plan.writes) == 3
    found = tried(busy, "policies.blank=keep")
    assert (found.now.plan.writes, found.left_out, found.differences) == ((), 0, ())


def test_who_was_written_since_by_a_run_that_could_not_say_so_is_left_out_and_counted(
    busy: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a run that was killed, or that another machine has carried out."""
    monkeypatch.setattr("connector.pipeline.keep_answers", lambda _run: None)
    second = busy.customers()["p2@nord.example"]
    busy.change(policies={"conflict": "webstore"})
    busy.sync(busy.number(second))
    found = tried(busy, "policies.blank=clear")
    assert found.left_out == 1
    assert [one.field for one in found.differences] == ["phone"]


@pytest.mark.parametrize("count", [1, 3])
def test_a_divided_run_keeps_partitions_and_tells_the_same(busy: Shop, count: int) -> None:
    whole = told(tried(busy, "policies.blank=clear", "policies.conflict=webstore", "pull_webstore_customers=All"))
    divided = busy.setup.partitions.model_copy(update={"count": count})
    busy.setup = busy.setup.model_copy(update={"partitions": divided})
    busy.sync(dry_run=True)
    assert kept_of(busy.setup).count == count
    settings = ("policies.blank=clear", "policies.conflict=webstore", "pull_webstore_customers=All")
    assert told(tried(busy, *settings)) == whole and len(whole) == 3
    # a pair that was made since is in another partition than its halves were
    account, card = (
        busy.register("x@nord.example", "Xenia Ekker"),
        busy.employ("y@nord.example", "Xenia Ekker", city="Voss"),
    )
    busy.sync(dry_run=True)
    before = dump(busy)
    by_hand(editing.link, busy.setup, [(busy.number(card), account)])
    assert dump(busy) != before
    found = tried(busy, "policies.first_link=webstore")
    assert {s.field for s in found.now.plan.standing if s.webstore_id == account} | {
        c.field for w in found.now.plan.writes if w.webstore_id == account for c in w.changes
    }


def test_selected_runs_keep_nothing_and_full_ones_one_extract_for_their_owner_only(busy: Shop) -> None:
    before = kept_of(busy.setup)
    busy.sync(busy.number(busy.customers()["p1@nord.example"]), dry_run=True)
    assert kept_of(busy.setup) == before
    busy.sync(dry_run=True)
    assert kept_of(busy.setup).folder != before.folder
    assert [path.name for path in place_of(busy.setup).iterdir() if path.is_dir()] == [kept_of(busy.setup).folder]
    found = [place_of(busy.setup), *place_of(busy.setup).rglob("*")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in found} == {0o600, 0o700}
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in found if path.is_file())


def test_a_forgotten_customer_is_in_no_kept_file_nor_comes_back(busy: Shop) -> None:
    busy.sync()
    by_hand(forget, busy.setup, busy.number(busy.customers()["p3@nord.example"]))
    assert not place_of(busy.setup).exists()
    with pytest.raises(InputError, match="No extracts of webstore shop are kept"):
        tried(busy)
    busy.sync(dry_run=True)
    kept = kept_of(busy.setup)
    held = {
        email
        for file in place_of(busy.setup).rglob("*.parquet")
        for email in pq.ParquetFile(file).read(["email"])["email"].to_pylist()
    }
    assert held == {"p1@nord.example", "p2@nord.example", "p4@nord.example", "new@nord.example"}
    assert tried(busy, "policies.blank=clear").left_out == 0 and kept.rows["webstore"] == 4  # type: ignore[index]


def test_who_is_forgotten_while_a_run_reads_is_not_kept_by_it(busy: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    number = busy.number(busy.customers()["p3@nord.example"])
    publish = keeping.write_private

    def forgotten_first(*arguments: Any, **more: Any) -> None:
        by_hand(forget, busy.setup, number)
        place_of(busy.setup).mkdir(parents=True)
        publish(*arguments, **more)

    monkeypatch.setattr(keeping, "write_private", forgotten_first)
    busy.type_in_webstore(busy.accounts()["p4@nord.example"], city="Voss")
    busy.sync(dry_run=True)
    assert not place_of(busy.setup).exists()


def test_retention_and_the_setting_remove_them(busy: Shop) -> None:
    by_hand(purge, busy.setup, 1)
    assert manifest_of(busy.setup).exists()
    # answers to later writes make it no younger
    _edited(read_at="2020-01-01T00:00:00Z")(busy)
    assert by_hand(purge, busy.setup, 1)["files"] == 3 and not place_of(busy.setup).exists()
    busy.sync(dry_run=True)
    extracts = busy.setup.extracts.model_copy(update={"keep": False})
    busy.setup = busy.setup.model_copy(update={"extracts": extracts})
    with pytest.raises(InputError, match="keep = false"):
        tried(busy)
    busy.sync(dry_run=True)
    assert not place_of(busy.setup).exists()


def test_whoever_the_shop_has_erased_is_in_no_kept_file(busy: Shop) -> None:
    blank = {"first_name": "", "last_name": "", "email": "deleted@site.invalid"}
    busy.running.webstore.people_update(
        busy.accounts()["p3@nord.example"],
        {**blank, "billing": dict.fromkeys(("first_name", "last_name", "email", "phone", "city"), "")},
    )
    assert busy.sync().plan.orphans[0].erased
    assert not place_of(busy.setup).exists()


def _cannot_be_removed(_setup: Any) -> int:
    raise InputError("The kept extracts cannot be removed.")


def test_what_cannot_be_removed_ends_no_undo_that_has_deleted(busy: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    busy.employ("ola@nord.example", "Ola Nordmann", ticked=True)
    made = busy.sync()
    monkeypatch.setattr(keeping, "remove_extracts", _cannot_be_removed)
    undone = busy.undo(made.run_id, delete_accounts=True)
    assert "ola@nord.example" not in busy.accounts()
    assert any("cannot be removed" in warning for warning in undone.summary.warnings)


def test_what_cannot_be_removed_keeps_no_other_file_of_somebody_who_is_forgotten(
    busy: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reports = busy.setup.reports.model_copy(update={"folder": tmp_path / "reports"})
    busy.setup = busy.setup.model_copy(update={"reports": reports})
    file = tmp_path / "reports" / "shop" / "plan-20260101-1.csv"
    file.parent.mkdir(parents=True)
    file.write_text("p1@nord.example")
    monkeypatch.setattr("connector.desk.forgetting.remove_extracts", _cannot_be_removed)
    with pytest.raises(InputError, match="cannot be removed"):
        by_hand(forget, busy.setup, busy.number(busy.customers()["p1@nord.example"]))
    assert not file.exists()


@pytest.mark.parametrize("how", ["replaced", "purged", "none wanted", "forgotten"])
def test_what_somebody_else_keeps_in_the_place_stays(busy: Shop, how: str) -> None:
    place = place_of(busy.setup)
    theirs = [place / "mappings" / "fields.csv", place / "store.sqlite", place / "reports" / "plan-1-2.csv"]
    for file in theirs:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("theirs")
    if how == "replaced":
        busy.sync(dry_run=True)
    elif how == "purged":
        _edited(read_at="2020-01-01T00:00:00Z")(busy)
        by_hand(purge, busy.setup, 1)
    elif how == "none wanted":
        extracts = busy.setup.extracts.model_copy(update={"keep": False})
        busy.setup = busy.setup.model_copy(update={"extracts": extracts})
        busy.sync(dry_run=True)
    else:
        by_hand(forget, busy.setup, busy.number(busy.customers()["p1@nord.example"]))
    assert [file.read_text() for file in theirs] == ["theirs"] * 3
    assert manifest_of(busy.setup).exists() == (how == "replaced")


def _edited(**changes: Any) -> Callable[[Shop], None]:
    def edit(shop: Shop) -> None:
        file = manifest_of(shop.setup)
        file.write_text(json.dumps(json.loads(file.read_text()) | changes))

    return edit


def _cut(shop: Shop) -> None:
    file = next(place_of(shop.setup).glob("*/webstore/*.parquet"))
    file.write_bytes(file.read_bytes()[:-20])


DAMAGES: dict[str, tuple[Callable[[Shop], Any], str]] = {
    "another form": (_edited(form=99), "another version"),
    "a form with other fields": (
        lambda s: manifest_of(s.setup).write_text('{"form": 99, "rows": []}'),
        "another version",
    ),
    "no JSON": (lambda s: manifest_of(s.setup).write_text("{"), "damaged"),
    "a field too few": (lambda s: manifest_of(s.setup).write_text(json.dumps({"form": FORM})), "damaged"),
    "a file cut": (_cut, "damaged"),
    "a file gone": (lambda s: next(place_of(s.setup).glob("*/business_central/*.parquet")).unlink(), "damaged"),
    "a folder gone": (lambda s: shutil.rmtree(place_of(s.setup) / kept_of(s.setup).folder), "damaged"),
    "another shop's": (_edited(webstore_code="outlet"), "of the webstore outlet"),
    "another company's": (_edited(company="11111111-1111-1111-1111-111111111111"), "another company"),
    "of no known run": (_edited(run_id="nobody"), "a run that this store does not know"),
    "everything gone": (lambda s: shutil.rmtree(place_of(s.setup)), "No extracts"),
}


def test_what_cannot_be_used_is_refused_with_what_to_do(busy: Shop, tmp_path: Path) -> None:
    place, whole = place_of(busy.setup), tmp_path / "whole"
    shutil.copytree(place, whole)
    for how, (damage, words) in DAMAGES.items():
        damage(busy)
        with pytest.raises(InputError, match=words) as refused:
            tried(busy, "policies.blank=clear")
        assert "customer-sync plan" in str(refused.value), how
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(whole, place)
    _cut(busy)
    busy.sync(dry_run=True)
    assert tried(busy, "policies.blank=clear").differences, "a new plan mends it"


def test_a_store_that_is_gone_is_not_made_anew(busy: Shop) -> None:
    busy.store_file.unlink()
    with pytest.raises(InputError, match="is not there"):
        tried(busy)
    assert not busy.store_file.exists()


def test_what_a_run_replaces_meanwhile_is_read_anew(busy: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [lambda: busy.sync(dry_run=True)]
    read = planning.kept_partitions

    def overtaken(*arguments: Any) -> Any:
        while runs:
            runs.pop()()
        return read(*arguments)

    monkeypatch.setattr(planning, "kept_partitions", overtaken)
    before = kept_of(busy.setup).folder
    found = tried(busy, "policies.blank=clear")
    assert [one.field for one in found.differences] == ["phone"] and found.kept.folder != before


def test_it_needs_no_lease(busy: Shop) -> None:
    with closing(open_store(busy.setup.store.url)) as store, store.lease("shop", "a run"):
        assert tried(busy, "policies.blank=clear").differences


def test_what_cannot_be_kept_fails_no_run(shop: Shop) -> None:
    shop.keep_extracts()
    shop.register("kari@nord.example")
    shop.setup.extracts.folder.parent.mkdir(parents=True, exist_ok=True)
    shop.setup.extracts.folder.write_text("a file stands there")
    done = shop.sync()
    assert done.summary.pull.created == 1
    assert any("What was read is not kept" in warning for warning in done.summary.warnings)


@pytest.fixture
def command(busy: Shop) -> Callable[..., Any]:
    """`customer-sync plan` with some arguments on the setup of the shop, whose secrets are not needed."""

    def call(*arguments: str) -> Any:
        token = named_setups.set(lambda _name, _with_secrets: busy.setup)
        try:
            return CliRunner().invoke(app, ["plan", "--setup", "shop.toml", *arguments])
        finally:
            named_setups.reset(token)

    return call


def test_the_command_shows_it_for_people_and_for_programs(
    busy: Shop, command: Callable[..., Any], tmp_path: Path
) -> None:
    first = busy.number(busy.customers()["p1@nord.example"])
    shown = command("--set", "policies.blank=clear")
    assert shown.exit_code == 0, shown.output
    # the tables break lines where the terminal is narrow
    words = " ".join(re.sub(r"[│┃]", " ", shown.output).split())
    assert first in words and "55' → ''" in words
    assert re.search(r"read (just now|\d+ minute)", words)
    rules = rules_with(tmp_path, "city,billing.city,city,both,,", "city,billing.city,city,pull,webstore,")
    found = json.loads(command("--rules", str(rules), "--conflicts", "webstore", "--json").stdout)
    assert found["extracts"]["customers"] == {"webstore": 5, "business_central": 4}
    assert [(one["field"], one["then"][0]["after"]) for one in found["differences"]] == [("city", "Molde")]
    assert found["now"]["counts"]["conflict"] == 1 and "conflict" not in found["then"]["counts"]


def test_the_command_refuses_what_cannot_be_tried(command: Callable[..., Any]) -> None:
    for words, arguments in {
        "policies.blank": ["--set", "policies.blnk=clear"],
        "given twice": ["--set", "blank=clear", "--conflicts", "ask", "--set", "policies.conflict=ask"],
        "folder is empty": ["--rules", ""],
        "no such folder": ["--rules", "no/such/folder"],
        "--customer": ["--set", "blank=clear", "--customer", "C1"],
        "--on-prefect": ["--set", "blank=clear", "--on-prefect"],
    }.items():
        refused = command(*arguments)
        assert refused.exit_code == 2 and words in refused.output, arguments


def test_the_folder_counts_from_the_setups(tmp_path: Path, running: Any) -> None:
    assert setup_of(running, tmp_path, "shop").extracts.folder == tmp_path / "customer-sync-data" / "extracts"
