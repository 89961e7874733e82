"""The report as a document: complete, self-contained, and harmless whatever customers are called."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from connector.report import PlanRow, fair_share, render_report
from connector.report.charts import BASE_LINE, WIDTH, charts_of
from connector.run.result import Failure
from connector.run.summary import DirectionSummary, RunSummary
from tests.unit.report.example import HOSTILE, HOSTILE_ATTRIBUTE, NOW, OVERRIDE, ROWS, THIS, figures


class Seen(HTMLParser):
    """The elements of a document, its text, and whatever makes a browser ask somebody for something."""

    VOID = frozenset({"meta", "br", "input", "img", "link", "hr"})

    def __init__(self, document: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in {"script", "style"}:
            self.text += data


def of_row(row: PlanRow) -> Seen:
    return Seen(render_report(figures(row), NOW))


def test_it_refers_to_nothing_outside_of_itself() -> None:
    document = render_report(figures(), NOW)
    seen = Seen(document)
    assert not {"link", "img", "iframe", "object", "embed", "base", "a"} & set(seen.elements)
    assert not {name for name, _ in seen.attributes} & {"src", "href", "action", "srcset", "style", "xlink:href"}
    assert "url(" not in document
    assert "@import" not in document
    assert "http" not in document.replace("http-equiv", "")


def test_every_element_is_closed_and_no_attribute_runs_a_script() -> None:
    seen = Seen(render_report(figures(), NOW))
    assert not seen.open
    assert not [name for name, _ in seen.attributes if name.startswith("on")]


def test_it_shows_who_ran_what_and_what_came_of_it() -> None:
    text = Seen(render_report(figures(), NOW)).text
    for words in (THIS, "anne", "completed", "2026-11-24 12:00:00 UTC", "The e-mail is in use.", "2123 webstore"):
        assert words in text


@pytest.mark.parametrize(
    "hostile", [HOSTILE, HOSTILE_ATTRIBUTE, "{{ 7 * 7 }}", "</td></tr></table>", "&lt;b&gt;", "'\"`"]
)
@pytest.mark.parametrize("place", ["bc_number", "field", "before", "after", "reason", "message", "action", "direction"])
def test_what_customers_are_called_stays_text(place: str, hostile: str) -> None:
    plain = of_row(replace(ROWS[2], outcome="refused"))
    seen = of_row(replace(ROWS[2], outcome="refused", **{place: hostile}))
    assert hostile in seen.text
    assert seen.elements.count("script") == 1
    assert seen.elements.count("img") == 0
    assert seen.elements.count("tr") == plain.elements.count("tr")


@pytest.mark.parametrize("place", ["run_id", "actor", "mode", "trigger", "webstore_code"])
def test_a_hostile_name_of_a_person_or_shop_stays_text(place: str) -> None:
    seen = Seen(render_report(figures(**{place: HOSTILE}), NOW))
    assert HOSTILE in seen.text
    assert seen.elements.count("script") == 1


@pytest.mark.parametrize("place", ["customer", "system", "message"])
def test_a_hostile_error_stays_text(place: str) -> None:
    error = replace(Failure("C1", "webstore", "x", "no"), **{place: HOSTILE})
    run = figures()
    told = replace(run.summary, errors=(error,), stopped=(HOSTILE,))
    seen = Seen(render_report(replace(run, summary=told), NOW))
    assert seen.text.count(HOSTILE) == 2
    assert seen.elements.count("script") == 1


def test_a_text_that_turns_itself_around_is_isolated_and_named() -> None:
    document = render_report(figures(replace(ROWS[2], after=OVERRIDE)), NOW)
    assert "\u202e" not in document
    assert "U+202E" in Seen(document).text


def test_half_a_surrogate_pair_and_control_characters_can_be_written_to_a_file() -> None:
    document = render_report(figures(replace(ROWS[2], after="a\ud800b\0c", field="\udfff"), actor="\ud800"), NOW)
    document.encode("utf-8")
    assert "\0" not in document


def test_right_to_left_writing_is_kept_as_it_is() -> None:
    assert "שלום עולם" in of_row(replace(ROWS[2], after="שלום עולם")).text


def test_masked_values_do_not_show_where_they_differ() -> None:
    row = replace(ROWS[2], before="+****", after="+****", masked=True, is_changed=True)
    document = render_report(figures(row, masked=True), NOW)
    assert document.count("<mark>+****</mark>") == 2
    assert "no names, addresses or e-mails" in document


def test_a_capped_plan_says_how_much_there_is_and_where() -> None:
    text = " ".join(Seen(render_report(figures(total_rows=70_000), NOW)).text.split())
    assert f"{len(ROWS)} of 70000 rows are shown here." in text
    assert "plan-20261124-120000-7c1f0a52.csv" in text


def test_fifty_thousand_creates_do_not_hide_three_conflicts() -> None:
    assert fair_share({"create": 50_000, "conflict": 3, "update": 900}, 2_000) == {
        "conflict": 3, "update": 900, "create": 1_097,
    }  # fmt: skip


def test_a_plan_that_fits_is_shown_whole() -> None:
    assert fair_share({"create": 5, "conflict": 3}, 2_000) == {"create": 5, "conflict": 3}


def test_a_run_that_ended_before_it_counted_anything_is_reported_too() -> None:
    told = RunSummary.from_stored({"error": "The webstore does not answer."})
    run = figures(summary=told, status="stopped", rows=(), total_rows=0, totals={})
    text = Seen(render_report(replace(run, rows=()), NOW)).text
    assert "The webstore does not answer." in text
    assert "Mapping version" not in text
    assert "Took" not in text
    assert "Nothing was to be written" in text


def test_the_first_run_has_a_report_though_there_is_nothing_to_compare_it_with() -> None:
    render_report(figures(last_runs=figures().last_runs[-1:]), NOW)
    render_report(figures(last_runs=()), NOW)


def test_charts_stay_inside_and_gaps_are_told() -> None:
    charts = charts_of(figures())
    assert [chart.name for chart in charts] == ["created", "updated", "withheld", "failed", "conflicts", "seconds"]
    for chart in charts:
        assert sum(bar.is_this_run for bar in chart.bars) == 1
        assert [bar.is_gap for bar in chart.bars].index(True) == 11
        for bar in chart.bars:
            assert bar.x + bar.width <= WIDTH
            assert all(0 <= y <= BASE_LINE for _, y, _ in bar.parts)
            assert sum(height for *_, height in bar.parts) <= BASE_LINE


def test_one_failure_among_thousands_of_updates_can_be_seen() -> None:
    run = figures()
    many = replace(run.summary, push=DirectionSummary(updated=90_000), pull=DirectionSummary(updated=1))
    last = [*run.last_runs[:-1], replace(run.last_runs[-1], summary=many)]
    parts = charts_of(replace(run, last_runs=last))[1].bars[-1].parts
    assert [kind for kind, _, height in parts if height > 1] == ["push", "pull"]
