"""Plans that need a person: asked at a terminal, by a form, or not at all; and runs that say why they did nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.events import AutomationCore

from connector.desk import inbox, versions
from connector.desk.activity import list_runs
from connector.errors import InputError
from connector.run.run import Starter, started_by
from connector.setup import UnresolvedSecrets, load_setup
from flows import paging, waiting
from flows.automations import NOTIFY, make_automations
from flows.connection import connection
from flows.edit_customer_mapping import MappingAction, edit_customer_mapping
from flows.overrides import ApprovalOverride, Overrides, PullOverride
from flows.review_conflicts import ConflictDecision, RestoredSide, Take, review_conflicts
from flows.setups import pull_setup, push_setup
from flows.suggest_customer_mapping import suggest_customer_mapping
from flows.synchronize_all_webstores import synchronize_all_webstores
from flows.synchronize_customers import synchronize_customers, synchronize_selected_customers
from flows.undo_run import undo_run
from sandbox.command import announcement, setup_text
from sandbox.server import Running, start
from tests.by_hand import seen
from tests.flows.answering import answering, artifact
from tests.flows.shop import small_rules
from tests.servers.prefect import prefect_here

pytestmark = pytest.mark.live

ASKED = Overrides(approval=ApprovalOverride.ALWAYS)


@pytest.fixture(scope="module", autouse=True)
def prefect() -> Iterator[None]:
    with prefect_here():
        yield


@dataclass
class Shop:
    running: Running
    setup: Path
    questions: list[str] = field(default_factory=list)

    def register(self, number: int, **more: Any) -> int:
        billing = {"address_1": f"Kai {number}", "city": "Bergen", "postcode": "5003", "country": "NO"}
        name = {"first_name": f"Nora{number}", "last_name": f"Vik{number}"}
        record = {"email": f"nora{number}@shop.example", **name, "billing": billing, **more}
        return self.running.webstore.people_create(record)

    def cards(self) -> list[dict[str, Any]]:
        system = self.running.business_central
        return [system.people_get(key) for key in system.customer_ids()]

    def sync(self, *, answer: bool | None = None, scheduled: bool = False, **how: Any) -> Any:
        """As the command line does it; `answer` is what the person at the terminal says, None = there is no terminal."""

        def ask(question: str) -> bool:
            self.questions.append(question)
            return bool(answer)

        token = started_by.set(Starter("ann", scheduled, None if answer is None else ask))
        try:
            return synchronize_customers(setup=str(self.setup), return_state=True, **how)
        finally:
            started_by.reset(token)

    def setting(self, text: str) -> None:
        self.setup.write_text(f"{self.setup.read_text()}\n{text}\n", encoding="utf-8")

    def last_run(self) -> dict[str, Any]:
        return seen(list_runs, self.setup, 1)[0]


@pytest.fixture(scope="module")
def _running() -> Iterator[Running]:
    with start(empty=True) as running:
        yield running


@pytest.fixture
def shop(_running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    for system in (_running.webstore, _running.business_central):
        for key in list(system.customer_ids()):
            system.people_delete(key)
    setup = tmp_path / "setup.toml"
    text = setup_text(_running, webstore_code="shop", directory=tmp_path)
    text = text.replace("[synchronization]", f'[synchronization]\nmappings = "{small_rules(tmp_path)}"')
    setup.write_text(text, encoding="utf-8")
    for name, value in announcement(_running, setup)["env"].items():
        monkeypatch.setenv(name, value)
    return Shop(_running, setup)


def test_without_a_terminal_a_plan_is_kept_and_named_and_a_second_command_writes_exactly_it(shop: Shop) -> None:
    shop.register(1)
    state = shop.sync(overrides=ASKED)
    refused = state.result(raise_on_failure=False)
    assert isinstance(refused, InputError)
    assert (refused.exit_code, shop.cards()) == (2, [])
    plan = shop.last_run()["plan_hash"] or refused.hint.split()[-1]
    assert plan[:12] in str(refused)
    assert "every plan needs an approval" in str(refused)

    shop.register(2)
    shop.sync(approved_plan=refused.hint.split()[-1])
    assert [card["displayName"] for card in shop.cards()] == ["Nora1 Vik1"]


def test_at_a_terminal_the_person_sees_the_plan_and_decides(shop: Shop) -> None:
    shop.register(1)
    state = shop.sync(answer=False, overrides=ASKED)
    assert (state.name, shop.cards(), shop.last_run()["status"]) == ("Rejected", [], "rejected")
    assert "pull create: **1**" in shop.questions[0]
    assert "Nora1 Vik1" in shop.questions[0]
    assert shop.sync(answer=True, overrides=ASKED).name == "Completed"
    assert len(shop.cards()) == 1


def test_a_small_plan_needs_nobody_and_a_large_one_does(shop: Shop) -> None:
    shop.setting('[approval]\nrequired = "over threshold"\nmax_creates = 2')
    for number in (1, 2):
        shop.register(number)
    assert shop.sync().name == "Completed"
    for number in (3, 4, 5):
        shop.register(number)
    refused = shop.sync().result(raise_on_failure=False)
    assert "3 creates are more than 2" in str(refused)
    assert len(shop.cards()) == 2


def test_a_form_is_asked_again_when_it_leaves_out_somebody_who_is_not_in_the_plan(shop: Shop) -> None:
    shop.setting("[approval]\nhours = 1")
    key, other = shop.register(1), shop.register(2)
    shop.register(3)

    def run() -> None:
        synchronize_selected_customers([f"woo:{key}", f"woo:{other}"], setup=str(shop.setup), overrides=ASKED)

    with answering(
        {"decision": "approve", "leave_out": "woo:4711"}, {"decision": "approve", "leave_out": f"woo:{key}"}
    ):
        run()
    assert [card["displayName"] for card in shop.cards()] == ["Nora2 Vik2"]


def test_a_name_that_was_typed_stands_in_versions_decisions_tags_and_messages(shop: Shop) -> None:
    shop.setting("[approval]\nhours = 1")
    shop.register(1)
    with answering({"decision": "approve", "name": " Ada\nLovelace"}):
        state = synchronize_customers(setup=str(shop.setup), overrides=ASKED, return_state=True)
    assert state.message is not None
    assert state.message.endswith(" Approved by Ada Lovelace.")
    assert "Approved by Ada Lovelace" in artifact("summary-shop")
    assert shop.last_run()["trigger"] == "manual"
    assert seen(versions.list_versions, shop.setup)[-1]["actor"] == "Ada Lovelace"
    assert {"by:Ada Lovelace", "webstore:shop", "sync", "customer-sync"} <= set(tags_of(state))
    number = shop.cards()[0]["number"]
    untick = edit_customer_mapping(
        MappingAction.UNLINK, number, setup=str(shop.setup), your_name="<b>Bo</b>", return_state=True
    )
    assert untick.message == "1 customer unlinked; the pair is remembered as not the same. By <b>Bo</b>."
    assert seen(versions.list_versions, shop.setup)[-1]["actor"] == "<b>Bo</b>"
    assert {"mapping", "by:<b>Bo</b>", "webstore:shop"} <= set(tags_of(untick))
    dry = synchronize_customers(setup=str(shop.setup), dry_run=True, return_state=True)
    assert {"dry-run", "sync"} <= set(tags_of(dry))
    assert not [tag for tag in tags_of(dry) if tag.startswith("by:")]


def test_the_automation_that_notifies_is_made_once_switched_off_and_left_as_it_was_changed() -> None:
    assert make_automations()
    with get_client(sync_client=True) as client:
        (made,) = client.read_automations_by_name(NOTIFY)
        assert (made.enabled, made.actions[0].type) == (False, "do-nothing")
        assert made.trigger.expect == {"customer-sync.plan.waiting", "customer-sync.run.stopped"}
        own = made.model_dump(exclude={"id", "created", "updated", "owner_resource"})
        changed = AutomationCore.model_validate(own | {"name": "ring the bell", "enabled": True})
        client.update_automation(made.id, changed)
        assert not make_automations()
        (kept,) = client.read_automations()
        assert (kept.name, kept.enabled) == ("ring the bell", True)
        client.delete_automation(made.id)


def tags_of(state: Any) -> list[str]:
    with get_client(sync_client=True) as client:
        return client.read_flow_run(state.state_details.flow_run_id).tags


@pytest.mark.parametrize("given", ["", " ", "12345", "none", "0123456789ab"])
def test_an_empty_malformed_or_unknown_hash_as_a_parameter_writes_nothing(shop: Shop, given: str) -> None:
    key = shop.register(1)
    state = synchronize_customers(setup=str(shop.setup), approved_plan=given, return_state=True)
    assert (state.type.value, "Nothing was written" in (state.message or "")) == ("FAILED", True)
    state = synchronize_selected_customers(f"woo:{key}", setup=str(shop.setup), approved_plan=given, return_state=True)
    assert (state.type.value, "Nothing was written" in (state.message or "")) == ("FAILED", True)
    assert shop.cards() == []


@pytest.mark.parametrize("customers", ["", " , ", [], [""], ["woo:1", ""]])
def test_nobody_selected_is_refused(shop: Shop, customers: Any) -> None:
    shop.register(1)
    state = synchronize_selected_customers(customers, setup=str(shop.setup), return_state=True)
    assert (state.type.value, "nothing was written" in (state.message or "")) == ("FAILED", True)
    assert shop.cards() == []


@pytest.mark.parametrize("leave_out", ["", "woo:4711", ["woo:4711"], [""], "C4711, woo:1"])
def test_names_to_leave_out_as_a_parameter_are_refused_without_a_plan_and_when_it_has_them_not(
    shop: Shop, leave_out: Any
) -> None:
    shop.register(1)
    plan = shop.sync(dry_run=True).result().plan.hash
    for approved_plan in (None, plan):
        state = synchronize_customers(
            setup=str(shop.setup), approved_plan=approved_plan, leave_out=leave_out, return_state=True
        )
        assert (state.type.value, "Nothing was written" in (state.message or "")) == ("FAILED", True)
    assert shop.cards() == []


@pytest.mark.parametrize("name", ["id", "braces", "account"])
def test_the_form_takes_what_it_offers_numbers_and_ids(shop: Shop, name: str) -> None:
    keys = [shop.register(number) for number in (1, 2)]
    shop.sync()
    for key in keys:
        shop.running.webstore.people_update(key, {"billing": {"city": "Oslo"}})
    first = next(card for card in shop.cards() if card["displayName"] == "Nora1 Vik1")
    names = {"id": str(first["id"]).upper(), "braces": f"{{{first['id']}}}", "account": f"woo:{keys[0]}"}
    with answering({"decision": "approve", "leave_out": names[name], "name": "Ada"}):
        synchronize_customers(setup=str(shop.setup), overrides=ASKED)
    assert {card["displayName"]: card["city"] for card in shop.cards()} == {
        "Nora1 Vik1": "Bergen",
        "Nora2 Vik2": "Oslo",
    }


def test_who_was_dropped_is_named_in_the_state_the_artifact_and_the_report(shop: Shop, tmp_path: Path) -> None:
    shop.setting(f'[reports]\nhtml = "every run"\nfolder = "{tmp_path / "reports"}"')
    keys = [shop.register(number) for number in (1, 2, 3)]
    shop.sync()
    numbers = {card["displayName"]: card["number"] for card in shop.cards()}
    for key in keys:
        shop.running.webstore.people_update(key, {"billing": {"city": "Oslo"}})
    plan = shop.sync(dry_run=True).result().plan.hash
    shop.running.webstore.people_update(keys[0], {"billing": {"city": "Voss"}})
    state = shop.sync(approved_plan=plan, leave_out=numbers["Nora2 Vik2"])
    lines = [
        f"{numbers['Nora1 Vik1']} (pull update: city): changed since the plan was made",
        f"{numbers['Nora2 Vik2']} (pull update: city): left out by ann",
    ]
    shown = artifact("summary-shop")
    run = state.result().summary.run_id[:8]
    (report,) = (tmp_path / "reports" / "shop").glob(f"report-*-{run}.html")
    for line in lines:
        assert line in state.message
        assert line in shown
        assert line in report.read_text(encoding="utf-8")


def test_a_form_asks_for_the_deletions_of_an_undo_and_who_is_left_out_keeps_account_and_link(shop: Shop) -> None:
    shop.setting('[approval]\nrequired = "always"')
    company = shop.running.business_central
    for number in (1, 2):
        record = {"displayName": f"Nora{number} Vik{number}", "type": "Person", "email": f"nora{number}@shop.example"}
        card = company.people_get(company.people_create(record))
        edit_customer_mapping(action=MappingAction.TICK, customers=str(card["number"]), setup=str(shop.setup))
    run = shop.sync(answer=True).result().summary.run_id
    first = next(card for card in shop.cards() if card["displayName"] == "Nora1 Vik1")
    with answering({"decision": "approve", "leave_out": first["number"], "name": "Ada"}) as schemas:
        done = undo_run(run, setup=str(shop.setup), delete_accounts=True)
    told = str(schemas)
    assert "push delete: **2**" in told
    assert "2 accounts will be deleted" in told
    (left,) = [shop.running.webstore.people_get(key) for key in shop.running.webstore.customer_ids()]
    assert left["email"] == "nora1@shop.example"
    assert [(one.what.bc_number, one.reason) for one in done.summary.dropped_customers] == [
        (first["number"], "left out by Ada")
    ]


def test_several_links_in_the_form_are_one_version_or_none(shop: Shop) -> None:
    company = shop.running.business_central
    numbers = [
        company.people_get(company.people_create({"displayName": f"Office {n}", "email": f"o{n}@shop.example"}))[
            "number"
        ]
        for n in (1, 2)
    ]
    keys = [shop.register(number) for number in (1, 2)]

    def link(text: str) -> Any:
        return edit_customer_mapping(
            action=MappingAction.LINK, customers=text, setup=str(shop.setup), return_state=True
        )

    state = link(f"{numbers[0]}={keys[0]} {numbers[1]}=99999")
    assert (state.type.value, "woo:99999" in state.message) == ("FAILED", True)
    assert seen(versions.list_versions, shop.setup) == []
    assert link(f"{numbers[0]}={keys[0]}, {numbers[1]}=woo:{keys[1]}").message == "2 pairs linked."
    assert len(seen(versions.list_versions, shop.setup)) == 1
    unlink = edit_customer_mapping(
        action=MappingAction.UNLINK, customers=f"{numbers[0]} C9999", setup=str(shop.setup), return_state=True
    )
    assert (unlink.type.value, len(seen(versions.list_versions, shop.setup))) == ("FAILED", 1)
    edit_customer_mapping(action=MappingAction.UNLINK, customers=" ".join(numbers), setup=str(shop.setup))
    assert len(seen(versions.list_versions, shop.setup)) == 2


def test_pairs_accepted_and_rejected_in_one_form_are_one_version(shop: Shop) -> None:
    company = shop.running.business_central
    numbers = [
        company.people_get(company.people_create({"displayName": f"Office {n}", "email": f"o{n}@shop.example"}))[
            "number"
        ]
        for n in (1, 2)
    ]
    keys = [shop.register(number) for number in (1, 2)]
    pairs = [f"{number}={key}" for number, key in zip(numbers, keys, strict=True)]
    state = suggest_customer_mapping(setup=str(shop.setup), accept=pairs[0], reject="C9999=1", return_state=True)
    assert (state.type.value, seen(versions.list_versions, shop.setup)) == ("FAILED", [])
    suggest_customer_mapping(setup=str(shop.setup), accept=pairs[0], reject=pairs[1])
    assert len(seen(versions.list_versions, shop.setup)) == 1


def test_an_empty_list_of_webstores_starts_none_of_them() -> None:
    state = synchronize_all_webstores(setups="", return_state=True)
    assert (state.type.value, "nothing was started" in (state.message or "")) == ("FAILED", True)


def test_a_switched_off_setup_lets_scheduled_runs_do_nothing_and_manual_ones_work(shop: Shop) -> None:
    text = shop.setup.read_text().replace("enabled = true", "enabled = false")
    shop.setup.write_text(text, encoding="utf-8")
    shop.register(1)
    requests = len(shop.running.webstore_log.entries)
    state = shop.sync(scheduled=True)
    assert (state.name, "not enabled" in state.message) == ("Skipped", True)
    assert (len(shop.running.webstore_log.entries), shop.cards()) == (requests, [])
    assert shop.sync().name == "Completed"
    assert len(shop.cards()) == 1


def test_flags_of_one_run_stand_in_its_name_and_the_setup_stays_as_it_is(shop: Shop) -> None:
    shop.register(1)
    shop.sync(dry_run=True, overrides=Overrides(pull=PullOverride.NONE))
    with get_client(sync_client=True) as client:
        names = [run.name for run in client.read_flow_runs()]
    assert "synchronize all customers of setup (dry run, pull None)" in names
    assert shop.sync().result().summary.pull.created == 1


def test_a_masked_setup_shows_nobody_in_questions_and_artifacts(shop: Shop) -> None:
    shop.setting('[reports]\npersonal_data = "mask"')
    shop.register(1)
    shop.sync(answer=True, overrides=ASKED)
    assert r"N\*\*\*\*" in shop.questions[0]
    assert not {"Nora1", "nora1", "Kai 1"} & set(shop.questions[0].replace("@", " ").split())
    shown = artifact("plan-shop")
    assert "N****" in shown
    assert "Nora1" not in shown and "nora1" not in shown


def test_a_run_with_nothing_to_do_makes_no_artifact_but_its_summary(shop: Shop) -> None:
    shop.register(1)
    shop.sync()
    shop.sync()  # shows that the plan is empty now
    before = artifact_keys()
    shop.sync()
    new = artifact_keys()[: len(artifact_keys()) - len(before)]
    assert new == ["summary-shop"]
    assert "| oldest → newest | " in artifact("summary-shop")


def test_the_form_answers_who_an_id_belongs_to(shop: Shop) -> None:
    keys = [shop.register(number) for number in (1, 2)]
    shop.sync()
    stranger = {"email": "nina@shop.example", "first_name": "Nina", "last_name": "New", "billing": {"country": "NO"}}
    for key in keys:
        shop.running.webstore.people_replace(key, stranger | {"email": f"nina{key}@shop.example"})
    shop.sync()
    first, second = sorted(str(card["number"]) for card in shop.cards())

    def say(action: MappingAction, number: str) -> Any:
        return edit_customer_mapping(action=action, customers=number, setup=str(shop.setup), return_state=True)

    assert say(MappingAction.SAME, "C9999").type.value == "FAILED"
    assert say(MappingAction.SAME, first).message == f"{first}: same."
    assert say(MappingAction.OTHER, second).message == f"{second}: unlinked."
    shop.sync()
    names = {str(card["number"]): card["displayName"] for card in shop.cards()}
    assert (names[first], names[second]) == ("Nina New", "Nora2 Vik2")


def test_a_restored_side_is_decided_in_the_form_for_all_its_customers(shop: Shop) -> None:
    for number in (1, 2, 3):
        shop.register(number)
    shop.sync()
    shop.running.webstore.advance_clock(60)
    yesterday = shop.running.webstore.snapshot()
    for card in shop.cards():
        shop.running.business_central.people_update(card["id"], {"city": "Molde"})
    shop.sync()
    shop.running.webstore.restore(yesterday)
    assert "review-conflicts (restored) for webstore shows them" in shop.sync().message
    restored = [RestoredSide(side="webstore", take="business-central")]
    state = review_conflicts(setup=str(shop.setup), restored=restored, ask=False, return_state=True)
    assert state.message == "3 decided, 0 left."
    shop.sync()
    cities = {shop.running.webstore.people_get(key)["billing"]["city"] for key in shop.running.webstore.customer_ids()}
    assert cities == {"Molde"}


def test_a_conflict_is_decided_by_parameters_and_the_next_run_applies_it(shop: Shop) -> None:
    key = shop.register(1)
    shop.sync()
    card = shop.cards()[0]
    shop.running.webstore.people_update(key, {"billing": {"city": "Oslo"}})
    shop.running.business_central.people_update(card["id"], {"city": "Molde"})
    shop.sync()
    assert [row["field"] for row in seen(inbox.list_conflicts, shop.setup)] == ["city"]
    answers = [ConflictDecision(number=card["number"], field="city", take=Take.WEBSTORE)]
    assert review_conflicts(setup=str(shop.setup), decisions=answers, ask=False).data == {"decided": 1, "left": 0}
    shop.sync()
    assert shop.cards()[0]["city"] == "Oslo"


def test_a_conflict_is_decided_in_a_form_that_shows_both_values(shop: Shop) -> None:
    key = shop.register(1)
    shop.sync()
    card = shop.cards()[0]
    shop.running.webstore.people_update(key, {"billing": {"city": "Oslo"}})
    shop.running.business_central.people_update(card["id"], {"city": "Molde"})
    shop.sync()
    with answering({"take_0": "another value", "value_0": "Ålesund"}) as schemas:
        review_conflicts(setup=str(shop.setup))
    assert "<div>webstore: Oslo<br>Business Central: Molde<br>last agreed: Bergen</div>" in str(schemas)
    shop.sync()
    assert shop.cards()[0]["city"] == "Ålesund"
    assert shop.running.webstore.people_get(key)["billing"]["city"] == "Ålesund"


def cities(shop: Shop) -> dict[str, str]:
    return {str(card["displayName"]).partition(" ")[0]: str(card["city"]) for card in shop.cards()}


def test_a_form_means_the_rows_that_it_shows_and_an_answer_that_contradicts_itself_decides_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(paging, "PER_FORM", 2)
    monkeypatch.setattr(waiting, "AT_ONCE_HOURS", 12 / 3600)
    keys = [shop.register(number) for number in range(1, 6)]
    shop.sync()
    for key, card in zip(keys, shop.cards(), strict=True):
        shop.running.webstore.people_update(key, {"billing": {"city": "Oslo"}})
        shop.running.business_central.people_update(card["id"], {"city": "Molde"})
    shop.sync()

    def edited_meanwhile() -> dict[str, Any]:
        """The third customer moves again, and the conflict is about other values, while the second form waits."""
        shop.running.webstore.people_update(keys[2], {"billing": {"city": "Tromsø"}})
        shop.sync()
        return {"all": "business-central", "take_1": "another value"}

    first = {"all": "webstore", "take_1": "as above", "value_1": "Bodø"}
    with answering(first, edited_meanwhile) as schemas:
        state = review_conflicts(setup=str(shop.setup), return_state=True)
    texts = str(schemas)
    for words in ("Page 1 of 3, 2 of 5 conflicts", "Page 2 of 3, 2 of 5 conflicts"):
        assert words in texts
    assert "For each below that says" in texts
    assert state.message is not None
    assert state.message.startswith("1 decided, 4 left. Changed since they were shown, and left as they were: 1.")
    assert "a value, and “as above”" in state.message and "“another value” without one" in state.message
    logged = " ".join(caplog.messages)
    assert "Waits: page 1 of 3, 2 of 5 conflicts to decide. To answer, press Resume" in logged
    assert "Nobody answered within" in logged and "1 conflict stays as it is" in logged
    assert "Waits: page 3 of 3, 1 of 5 conflicts to decide" in artifact("question-shop")
    shop.sync()
    assert sorted(cities(shop).values()) == ["Molde", "Molde", "Molde", "Molde", "Oslo"]


def test_the_switch_of_a_form_links_the_plain_pairs_that_it_shows_as_they_were_shown(shop: Shop) -> None:
    keys = [shop.register(number) for number in (1, 2, 3)]
    company = shop.running.business_central
    cards = [company.people_create({"displayName": f"Nora{number} Vik{number}"}) for number in (1, 2, 3)]

    def renamed_meanwhile() -> dict[str, Any]:
        company.people_update(cards[1], {"displayName": "Hafen AS"})
        return {"plain": True, "pair_2": "leave it"}

    with answering(renamed_meanwhile) as schemas:
        state = suggest_customer_mapping(setup=str(shop.setup), ask=True, return_state=True)
    assert "Link the 3 plain pairs of this page" in str(schemas)
    number = company.people_get(cards[1])["number"]
    changed = f"changed since they were shown: {number}={keys[1]}."
    assert state.message == f"3 suggested, 1 accepted, 0 rejected. Left as they were, because they have {changed}"
    assert "**Answered:** page 1 of 1, 3 of 3 pairs to decide" in artifact("question-shop")
    assert seen(versions.list_versions, shop.setup)[-1]["added"] == 1


def test_suggested_pairs_are_linked_when_a_person_accepts_them(shop: Shop) -> None:
    key = shop.register(1)
    shop.running.business_central.people_create({"displayName": "Nora1 Vik1"})
    told = suggest_customer_mapping(setup=str(shop.setup))
    assert [(row["standing"], row["webstore_id"]) for row in told.data] == [("plain", key)]
    pair = told.data[0]["pair"]
    assert "1 accepted" in suggest_customer_mapping(setup=str(shop.setup), accept=pair).message
    shown = edit_customer_mapping(action=MappingAction.SHOW, setup=str(shop.setup))
    assert shown.data == {"rows": 1}


def test_a_setup_moves_to_a_block_and_back_without_loss_and_runs_from_there(shop: Shop, tmp_path: Path) -> None:
    shop.setting(
        '[approval]\nrequired = "over threshold"\nmax_creates = 7\n'
        '[webhooks]\nsecret = "file:secrets/hook"\n[metrics]\ntoken = "file:secrets/token"\n'
        '[extracts]\nkeep = false\nfolder = "elsewhere"\n[[templates]]\ncountry = "NO"\ncredit_limit = 5'
    )
    push_setup(shop.setup, "norway")
    back = tmp_path / "away" / "back.toml"
    back.parent.mkdir()
    assert pull_setup("norway", back, overwrite=False) == {}
    assert load_setup(back) == load_setup(shop.setup)
    assert shop.running.consumer_key not in back.read_text()
    assert 'consumer_key = "env:SANDBOX_CONSUMER_KEY"' in back.read_text()
    assert "passed" in connection(setup="norway").message
    with pytest.raises(InputError, match="exists"):
        pull_setup("norway", back, overwrite=False)


def test_a_secret_typed_into_a_block_comes_back_as_a_reference_only(shop: Shop, tmp_path: Path) -> None:
    secret = shop.running.consumer_secret
    text = shop.setup.read_text().replace("env:SANDBOX_CONSUMER_SECRET", secret)
    shop.setup.write_text(text, encoding="utf-8")
    push_setup(shop.setup, "typed")
    back = tmp_path / "back.toml"
    needed = pull_setup("typed", back, overwrite=False)
    assert needed == {"SHOP_WEBSTORE_CONSUMER_SECRET": "webstore.consumer_secret of block typed"}
    assert secret not in back.read_text()


def test_what_stands_before_a_system_is_secret_in_a_block_and_comes_back_as_references(
    shop: Shop, tmp_path: Path
) -> None:
    before = """
proxy = "environment"
api_key_as_query_param = true
web_login = "staging:password"
headers = { X-Gateway-Key = "a key of the gateway", X-Shop = "env:SHOP_HEADER" }
rest_prefix = "api"
"""
    company = """
proxy = "http://user:password@proxy.example:3128"
tenant = "hafen"
token_command = "broker token"
client_certificate_password = "the password of the file"
headers = { X-Gateway-Key = "another key of the gateway" }
"""
    text = shop.setup.read_text().replace("api_key_as_query_param = false\n", before)
    text = text.replace('auth = "client-credentials"\n', company).replace("client_secret", "# client_secret")
    shop.setup.write_text(text, encoding="utf-8")
    push_setup(shop.setup, "before")
    back = tmp_path / "back.toml"
    needed = pull_setup("before", back, overwrite=False)
    assert needed == {
        "SHOP_WEBSTORE_WEB_LOGIN": "webstore.web_login of block before",
        "SHOP_WEBSTORE_HEADERS_X_GATEWAY_KEY": "webstore.headers.X-Gateway-Key of block before",
        "SHOP_BUSINESS_CENTRAL_PROXY": "business_central.proxy of block before",
        "SHOP_BUSINESS_CENTRAL_HEADERS_X_GATEWAY_KEY": "business_central.headers.X-Gateway-Key of block before",
        "SHOP_BUSINESS_CENTRAL_CLIENT_CERTIFICATE_PASSWORD": "business_central.client_certificate_password of block before",
    }
    assert "password" not in back.read_text().replace("_password", "")
    assert "key of the gateway" not in back.read_text()
    pulled, pushed = load_setup(back, UnresolvedSecrets()), load_setup(shop.setup, UnresolvedSecrets())
    assert pulled.webstore.proxy == pushed.webstore.proxy
    assert (pulled.webstore.rest_prefix, pulled.business_central.tenant) == ("api", "hafen")
    assert pulled.business_central.auth == "token-command"
    with get_client(sync_client=True) as client:  # without the right to see secrets nobody does
        for kind in ("woocommerce-credentials/before-webstore", "business-central-credentials/before-business-central"):
            shown = str(
                client.read_block_document_by_name(kind.split("/")[1], kind.split("/")[0], include_secrets=False)
            )
            assert ":password" not in shown
            assert "the password" not in shown
            assert "key of the gateway" not in shown


def artifact_keys() -> list[str]:
    """The newest first."""
    with get_client(sync_client=True) as client:
        return [str(a.key) for a in sorted(client.read_artifacts(), key=lambda a: a.created, reverse=True)]
