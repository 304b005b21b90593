"""The terminal summary: it fits 80 columns, and says the same without colour and without Unicode."""

import io
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from sim.metrics.result import Event, Result
from sim.metrics.summary import summarize
from sim.report import units
from sim.report.tables import print_summary


def printed(
    summary: dict[str, Any], encoding: str = "utf-8", width: int = 80, words: tuple[str, str] = ("", ""), **options: Any
) -> str:
    """What a terminal of that kind shows."""
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    print_summary(summary, Console(file=file, width=width, **options), *words)
    file.flush()
    return raw.getvalue().decode(encoding)


@pytest.fixture(scope="module")
def summary(shop: Result) -> dict[str, Any]:
    """The shop in figures."""
    return summarize(shop)


def test_objectives_come_first(summary: dict[str, Any]) -> None:
    """The first lines say what was promised, whether it was kept, and what was measured."""
    lines = [line.strip() for line in printed(summary).splitlines() if line.strip()]
    assert lines[0].startswith("shop  seed 7 · 3m simulated")
    assert [line.split() for line in lines[1:4]] == [
        ["✓", "browser", "p99", "<", "2500ms", "actual", units.duration(summary["latency_s"]["all"]["p99"])],
        ["✗", "browser", "availability", ">=", "90%", "actual", "83.1%"],
        ["✓", "crash", "recovery", "<", "15s", "actual", units.duration(summary["events"][0]["recovery_s"])],
    ]


def test_the_answer_stands_under_the_objectives(summary: dict[str, Any]) -> None:
    """Question and answer, broken at words; without them nothing is there."""
    words = ("Who pays for the flash sale?", "Search does: " + 12 * "more and more " + "\x1b[2J.")
    lines = printed(summary, words=words).splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("question"))
    assert lines[first].split(maxsplit=1)[1].rstrip() == words[0]
    answer = " ".join(line[10:].strip() for line in lines[first + 1 :][:3])
    assert lines[first + 1].startswith("answer    Search does: more")
    assert answer == words[1].replace("\x1b", "?")
    assert lines[first - 2].startswith("✓  crash recovery")
    assert max(map(len, lines)) <= 80
    assert not any(line.startswith(("question", "answer")) for line in printed(summary).splitlines())


def test_nothing_is_wider_than_80_columns_and_nothing_is_cut(summary: dict[str, Any]) -> None:
    """A summary can be pasted into a mail."""
    text = printed(summary)
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text


def test_every_outcome_and_the_books_are_printed(summary: dict[str, Any]) -> None:
    """Offered = ended + in flight, and each outcome with its number."""
    requests = summary["requests"]
    text = printed(summary)
    assert (
        f"{requests['offered']:,} offered = {requests['completed']:,} ended + {requests['in_flight']} in flight" in text
    )
    for word, number in requests["by_outcome"].items():
        assert any(line.split()[:2] == [word, f"{number:,}"] for line in text.splitlines())


def test_the_bars_of_the_ledger_are_equally_long(summary: dict[str, Any]) -> None:
    """A bar shows shares, so all are as long as each other."""
    lines = [line for line in printed(summary).splitlines() if line.startswith(("mean ", "p50 ", "p99 "))]
    assert [len(line.split()[1]) for line in lines] == [14, 14, 14]


def test_the_share_of_wasted_work_is_printed(summary: dict[str, Any]) -> None:
    """41.5 s of the 853.5 s that servers worked were for callers that had given up."""
    assert "wasted work 41.5s of 853.5s (4.86%)" in printed(summary)


def test_the_hottest_component_is_marked(summary: dict[str, Any]) -> None:
    """The eye finds the bottleneck without reading numbers."""
    marked = [line for line in printed(summary).splitlines() if "hottest" in line]
    assert [line.split()[0] for line in marked] == ["search"]


def test_red_is_for_what_is_near_its_limit(summary: dict[str, Any]) -> None:
    """A component that is 43% busy is the hottest, and no reason for alarm."""
    red = "\x1b[1;31m"
    calm = {**summary, "objectives": [], "events": []}
    assert red not in printed(calm, force_terminal=True, color_system="standard")
    busy = {**calm, "components": {"db": {**summary["components"]["orders_db"], "utilization": 0.9}}}
    assert printed(busy, force_terminal=True, color_system="standard").count(red) == 2


def test_a_terminal_without_unicode_gets_ascii(summary: dict[str, Any]) -> None:
    """Marks, bars and dashes have a plain form."""
    text = printed(summary, encoding="ascii")
    assert text.isascii()
    assert "+  browser p99 < 2500ms" in text
    assert "x  browser availability >= 90%" in text
    assert "#" in text


def test_without_colour_there_are_no_escape_sequences(summary: dict[str, Any]) -> None:
    """A log file gets words only; a terminal gets colours."""
    assert "\x1b" not in printed(summary)
    assert "\x1b" in printed(summary, force_terminal=True, color_system="truecolor")


def test_names_cannot_colour_or_command_the_terminal(shop: Result) -> None:
    """Mark-up and control characters in a name are letters."""
    evil = replace(shop, name="[red]x\x1b[2J", events=[Event("crash", "[bold]a\x07", 60.0, None)], objectives=[])
    text = printed(summarize(evil))
    assert "[red]x?[2J" in text
    assert "crash [bold]a?" in text
    assert "\x1b" not in text


def test_what_never_came_back_is_called_never(shop: Result) -> None:
    """No recovery within the run is a word."""
    outage = replace(shop, events=[Event("outage", "db", 120.0, None)], objectives=["outage recovery < 1s"])
    lines = printed(summarize(outage)).splitlines()
    row = next(line.split() for line in lines if line.startswith("outage db"))
    assert (row[3], row[5]) == ("–", "never")
    assert any("outage recovery < 1s" in line and line.rstrip().endswith("never") for line in lines)


def test_a_run_without_requests_prints_dashes(shop: Result) -> None:
    """Nothing to divide by, nothing to crash on."""
    silent = replace(shop, requests=shop.requests[:0], attempt_starts=[], attempt_latencies=[], clients=[], routes=[])
    silent = replace(silent, events=[], objectives=[], components={}, wasted=[], useful=[])
    text = printed(summarize(silent))
    assert "0 offered = 0 ended + 0 in flight" in text
    assert "–" in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (units.duration(0.4123), "412.3ms"),
        (units.duration(None), "–"),
        (units.duration(float("nan")), "–"),
        (units.share(0.99996), "99.996%"),
        (units.count(0.123456), "0.123"),
        (units.count(84083), "84.1k"),
        (units.rate(526.4), "526/s"),
        (units.moment(90.0), "90s"),
        (units.moment(7200.0), "2h"),
        (units.lapse(120.47), "120s"),
        (units.lapse(0.09133), "91.3ms"),
        (units.or_never(None), "never"),
        (units.or_never(1.5), "1.5s"),
        (units.measured({"objective": "browser availability >= 90%", "actual": 0.831}), "83.1%"),
        (units.duration(2.41e-24), "0s"),
        (units.duration(1e-9), "0.001us"),
        (
            units.measured({"objective": "availability >= 90%", "actual": 0.77, "overdue": 1234}),
            "77% (1,234 without an answer count as failed)",
        ),
        (units.measured({"objective": "crash recovery < 15s", "actual": None}), "never"),
        (units.plain("a\nb"), "a?b"),
    ],
)
def test_numbers_are_written_for_people(text: str, expected: str) -> None:
    """Three digits, the unit that fits, a dash for nothing."""
    assert text == expected


def test_what_events_cost_replicated_databases_stands_below_them(shop: Result) -> None:
    """RTO, RPO and writes lost, in a table of their own, where there is such a database; never is said in words."""
    down, cut = (
        Event("region_down", "us-east", 60.0, 90.0, rto=22.5, rpo=0.1, writes_lost=4),
        Event("partition", "us-east/eu-west", 120.0, None, rto=None, rpo=61.0, writes_lost=905),
    )
    assert "rpo" not in printed(summarize(shop))
    lines = printed(summarize(replace(shop, events=[down, cut]))).splitlines()
    assert [line.split() for line in lines if line.strip()][-3:] == [
        ["database", "rto", "rpo", "writes", "lost"],
        ["region_down", "us-east", "22.5s", "100ms", "4"],
        ["partition", "us-east/eu-west", "never", "61s", "905"],
    ]
    assert max(map(len, lines)) <= 80


def test_what_queues_did_stands_below_the_components(shop: Result, mails: dict[str, Any]) -> None:
    """A table of their own, where there is one; what is left counts as not done, what was shed as lost."""
    assert "published" not in printed(summarize(shop))
    lines = printed(summarize(replace(shop, components=shop.components | {"mails": mails}, events=[]))).splitlines()
    assert [line.split() for line in lines if line.strip()][-2:] == [
        ["queue", "published", "done", "p50", "p99", "lag", "left", "twice", "dead", "lost"],
        ["mails", "1000", "980", "800ms", "9s", "12.5s", "12", "2", "3", "5"],
    ]
    assert max(map(len, lines)) <= 80
