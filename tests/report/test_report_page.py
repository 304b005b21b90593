"""The page: complete, offline, and deaf to whatever a scenario's texts try to make it do."""

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from sim.metrics.result import Event, Result
from sim.metrics.summary import summarize
from sim.report import units
from sim.report.figures import FIGURES
from sim.report.html import render_report
from sim.report.save import write_figures

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7 * 7 }}</style></title></pre>"
TWO = {name: FIGURES[name] for name in ("instances", "outcomes")}
VOID = frozenset({"meta", "br", "img", "link", "hr", "input"})


class Outline(HTMLParser):
    """Reads a page: its elements, their attributes, its text; and complains about what is not closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += f" {data}"


@pytest.fixture(scope="module")
def page(shop_report: Path) -> str:
    """The shop's page with all its figures."""
    return (shop_report / "report.html").read_text(encoding="utf-8")


def page_of(result: Result, **others: Any) -> str:
    """A page without figures."""
    return render_report(result, {**summarize(result), **others}, {}, {"command": HOSTILE})


def test_the_page_is_well_formed_and_says_everything_once(page: str) -> None:
    """Every element is closed, every identifier is unique, every link within the page has a target."""
    outline = Outline(page)
    assert outline.open == []
    identifiers = [value for _, name, value in outline.attributes if name == "id"]
    assert len(identifiers) == len(set(identifiers))
    links = {value for tag, name, value in outline.attributes if (tag, name) == ("a", "href")}
    assert links <= {f"#{identifier}" for identifier in identifiers}
    assert outline.tags.count("h1") == 1
    assert outline.tags.count("figure") == 6
    assert len(page) < 3_000_000


def test_the_page_needs_no_network_and_runs_nothing(page: str) -> None:
    """No address outside itself, no script, and a policy that forbids both."""
    outline = Outline(page)
    assert not {"script", "link", "iframe", "object"} & set(outline.tags)
    addresses = [value or "" for _, name, value in outline.attributes if name in ("src", "href", "xlink:href")]
    assert all(address.startswith(("#", "data:image/png;base64,")) for address in addresses)
    assert "url(http" not in page
    assert "@import" not in page
    assert "default-src 'none'" in page


def test_objectives_come_first_with_what_was_measured(page: str) -> None:
    """A reader sees at once which promise was broken, and by how much."""
    text = " ".join(Outline(page).text.split())
    assert text.index("Objectives: 1 of 3 missed") < text.rindex("Key numbers") < text.rindex("Latency over time")
    assert "✓ met browser p99 < 2500ms actual" in text
    assert "✗ missed browser availability >= 90% actual 83.1%" in text


def test_the_books_balance_in_the_page(page: str, shop: Result) -> None:
    """Offered is the sum of what ended and what is in flight, and the page shows the sum."""
    requests = summarize(shop)["requests"]
    text = " ".join(Outline(page).text.split())
    expected = f"{requests['offered']:,} requests offered = {requests['completed']:,} ended + {requests['in_flight']:,}"
    assert expected in text
    outcomes = " + ".join(f"{number:,} {word}" for word, number in requests["by_outcome"].items())
    assert f"{requests['completed']:,} ended = {outcomes}." in text


def test_what_never_came_back_is_called_never(shop: Result) -> None:
    """A recovery that is missing from the summary is a word in the page, not an empty cell."""
    outage = replace(
        shop, events=[Event("outage", "orders_db", 125.0, None)], warmup=121.0, objectives=["outage recovery < 1s"]
    )
    text = " ".join(Outline(page_of(outage)).text.split())
    assert "outage orders_db 125s never – 0s never" in text
    assert "✗ missed outage recovery < 1s actual never" in text


def test_hostile_texts_are_shown_and_not_obeyed(shop: Result) -> None:
    """A title, a name or a value may hold mark-up, scripts or template code: it is letters."""
    components = {
        HOSTILE: {"kind": HOSTILE, "offered": 1, HOSTILE: HOSTILE, "instances": {HOSTILE: {"served": 1}, "b": {}}}
    }
    evil = replace(
        shop,
        name=HOSTILE,
        title=HOSTILE,
        about=HOSTILE,
        watch_for=[HOSTILE],
        clients=[HOSTILE],
        routes=[HOSTILE, "b"],
        document={"scenario": HOSTILE, "question": HOSTILE, "answer": HOSTILE, HOSTILE: [HOSTILE]},
        events=[Event(HOSTILE, HOSTILE, 60.0, 90.0)],
        components=components,
        objectives=[],
    )
    outline = Outline(page_of(evil))
    assert not {"script", "img"} & set(outline.tags)
    assert not [name for _, name, _ in outline.attributes if name.startswith("on")]
    assert outline.text.count("{{ 7 * 7 }}") >= 14
    assert outline.open == []


def test_the_question_is_answered_at_the_top(shop: Result) -> None:
    """With the figures of the run, before all else; a scenario that asks nothing has no empty place there."""
    document = {**shop.document, "question": "Who pays?", "answer": "The crash takes {crash lost}, {{so}}."}
    text = " ".join(Outline(page_of(replace(shop, document=document))).text.split())
    assert text.index(shop.about) < text.index("Who pays? The crash takes 31, {so}.") < text.index("What to watch for")
    plain = page_of(shop)
    assert "<strong></strong>" not in plain
    assert "<p></p>" not in plain


def test_a_run_without_requests_has_a_page(shop: Result) -> None:
    """Nobody came: zeros and dashes, no crash."""
    silent = replace(shop, requests=shop.requests[:0], attempt_starts=[], attempt_latencies=[], clients=[], routes=[])
    silent = replace(silent, events=[], objectives=[], components={}, wasted=[], useful=[])
    text = " ".join(Outline(page_of(silent)).text.split())
    assert "0 requests offered = 0 ended + 0 still in flight" in text
    assert "Objectives" not in text


def test_an_interrupted_run_says_so(shop: Result) -> None:
    """Figures of half a run are not mistaken for those of a whole one."""
    assert "interrupted before its end" in page_of(replace(shop, interrupted=True))
    assert "interrupted" not in page_of(shop)


def test_what_the_log_held_is_said(shop: Result) -> None:
    """Lines that could not be read are no secret of the terminal."""
    assert "Note: access.log: 4 lines could not be read" in page_of(
        replace(shop, notes=("access.log: 4 lines could not be read",))
    )
    assert "Note:" not in page_of(shop)


def test_the_scenario_in_the_page_can_be_run(shop: Result) -> None:
    """It is what was run, its seed included, in words that the language reads: no exponents, no `on` without quotes."""
    document = {"retry": {"on": ["5xx"]}, "latency": 1e-05, "seed": 1}
    text = Outline(page_of(replace(shop, document=document, seed=9))).text
    assert '"on": [5xx]' in text
    assert "latency: 0.00001" in text
    assert "seed: 9" in text


def test_a_system_without_workers_has_a_page(shop: Result) -> None:
    """An external provider and a firewall have no utilization, so none of them is the hottest."""
    components = {"provider": {"kind": "external", "utilization": None, "offered": 5}, "waf": {"kind": "waf"}}
    assert 'class="hot' not in page_of(replace(shop, components=components))


def test_red_is_for_what_is_near_its_limit(shop: Result) -> None:
    """The busiest component is bold; only one that is more than 80% busy is a warning."""
    mild = {"api": {"kind": "service", "utilization": 0.4}, "db": {"kind": "database", "utilization": 0.1}}
    busy = {"api": {"kind": "service", "utilization": 0.9}, "db": {"kind": "database", "utilization": 0.85}}
    assert page_of(replace(shop, components=mild)).count('class="hot"') == 0
    assert page_of(replace(shop, components=mild)).count('class="hottest"') == 1
    assert page_of(replace(shop, components=busy)).count('class="hot"') == 2


def test_a_report_has_no_empty_figure(shop: Result, tmp_path: Path) -> None:
    """Without a component of several instances there is nothing to compare, and no heat map."""
    alone = replace(shop, places=[(f"{component}_{n}", -1) for n, (component, _) in enumerate(shop.places)])
    assert set(write_figures(alone, tmp_path, plots=TWO)) == {"outcomes"}
    assert {path.stem for path in tmp_path.iterdir()} == {"outcomes"}


def test_figures_are_written_as_svg_and_png(shop: Result, shop_report: Path, tmp_path: Path) -> None:
    """One pair of files for each figure that applies, and the same bytes each time."""

    def files(folder: Path) -> set[str]:
        return {path.name for path in folder.iterdir()}

    applying = [name for name, plot in FIGURES.items() if plot.is_about(shop)]
    assert files(shop_report / "figures") == {f"{name}.{kind}" for name in applying for kind in ("png", "svg")}
    assert set(write_figures(shop, tmp_path, plots=TWO)) == set(TWO)
    assert len(files(tmp_path)) == 4
    for name in files(tmp_path):
        assert (tmp_path / name).read_bytes() == (shop_report / "figures" / name).read_bytes()


def test_what_events_cost_replicated_databases_is_in_the_table_of_events(shop: Result) -> None:
    """Three columns more, where there is such a database."""
    down = Event("region_down", "us-east", 60.0, 90.0, rto=22.5, rpo=0.1, writes_lost=4)
    text = " ".join(Outline(page_of(replace(shop, events=[down]))).text.split())
    assert "attempts lost requests lost RTO RPO writes lost" in text
    lost = summarize(replace(shop, events=[down]))["events"][0]["requests_lost"]
    assert f"0 {units.count(lost)} 22.5s 100ms 4" in text
    assert "RTO" not in Outline(page_of(shop)).text


def test_queues_have_a_section_of_their_own(shop: Result, mails: dict[str, Any]) -> None:
    """With what became of their messages; it is said once, so not among the other counters of components too."""
    text = " ".join(Outline(page_of(replace(shop, components=shop.components | {"mails": mails}))).text.split())
    assert "mails 1000 980 800ms 9s 12.5s 450 12 8s 5 2 3 5" in text
    assert "delivered 1005" in text
    assert "lag max s" not in text
    assert "dead letters" not in Outline(page_of(shop)).text
