"""A waterfall in a terminal: who did something for the request, who waited, and how long."""

import io

import pytest
from rich.console import Console

from sim.metrics.trace import BRANCH, PARALLEL, PLACE, Span, Trace
from sim.report.trace.listing import print_traces
from sim.report.trace.waterfall import print_waterfall
from tests.report.trace_examples import SCENARIOS, by_hand, refused, traces_of


def printed(what, width=80, encoding="utf-8", colours=None, show=print_waterfall):
    """What a terminal of a given kind shows."""
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    show(what, Console(file=file, width=width, force_terminal=colours is not None, color_system=colours))
    file.seek(0)
    return file.read()


def test_a_request_with_a_retry():
    """Crossings lead to a place and back, attempts and pauses follow each other, work for nobody is crossed out."""
    assert printed(by_hand()).splitlines() == [
        "#17 GET /search by user: ok after 240ms",
        "sent at 10s, 2 attempts, kept as one of the slowest",
        "",
        "▒▒ service 140ms   ██ queue 40ms   ·· backoff 40ms   ░░ network 20ms",
        "── waits for what is below   ×× goes on, nobody waits",
        "",
        "                                           0              100ms           200ms",
        "attempt 1  timeout                  100ms  ────────────────",
        "  api[0]                            160ms  ░░▒▒▒▒▒▒▒▒▒▒▒▒▒××××××××××",
        "pause                                40ms                 ·······",
        "attempt 2                           100ms                       ────────────────",
        "  api[1]                            100ms                       ░░▒▒▒───────────",
        "    cache  miss                      10ms                            ▒▒",
        "    2 calls at once  decided by b    60ms                             ──────────",
        "      a                              20ms                             ▒▒▒▒",
        "      b                              60ms                             ███████▒▒▒",
        "",
        "140ms of work went into attempts that were given up.",
    ]


def test_a_request_that_takes_no_time():
    assert printed(refused()).splitlines() == [
        "#3 GET / by user: refused after 0s",
        "sent at 1s, 1 attempt, kept as one that failed",
        "",
        "                      0",
        "api  refused      0s  |",
    ]


def test_without_unicode_it_says_the_same():
    """Every texture has a letter of its own."""
    text = printed(by_hand(), encoding="ascii")
    assert "  api[0]                            160ms  ..=============xxxxxxxxxx" in text
    assert "      b                              60ms                             #######===" in text
    assert "?" not in text


def test_colour_adds_nothing_but_colour():
    """A terminal with colours shows the same letters."""
    coloured = printed(by_hand(), colours="truecolor")
    assert "\x1b[" in coloured
    plain = io.StringIO()
    letters = iter(coloured)
    for letter in letters:
        if letter == "\x1b":
            while next(letters) != "m":
                pass
        else:
            plain.write(letter)
    assert plain.getvalue() == printed(by_hand())


@pytest.mark.parametrize("width", [60, 80, 132])
@pytest.mark.parametrize("name", SCENARIOS)
def test_it_fits_the_terminal(name, width):
    """Whatever the request, no line is longer."""
    for trace in traces_of(name):
        assert max(map(len, printed(trace, width=width).splitlines())) <= width, trace.request


def many_calls(count: int) -> Trace:
    """A request that makes many calls at once, each a millisecond longer than the one before."""
    branches = tuple(
        Span(
            BRANCH, "call leaf", "page", 0.0, end, to="leaf", outcome="ok",
            children=(
                Span(PLACE, "leaf", "leaf", 0.0, end, "external", outcome="ok",
                     children=(Span("service", "answer", "leaf", 0.0, end),)),
            ),
        )
        for end in (0.001 * number for number in range(1, count + 1))
    )  # fmt: skip
    last = branches[-1].end
    parallel = Span(PARALLEL, "parallel", "page", 0.0, last, children=branches)
    page = Span(PLACE, "page", "page", 0.0, last, "service", outcome="ok", children=(parallel,))
    attempt = Span("attempt", "attempt 1", "user", 0.0, last, to="page", outcome="ok", number=1, children=(page,))
    return Trace(0, "random", Span("request", "GET /", "user", 0.0, last, outcome="ok", children=(attempt,)))


def rows_of(trace: Trace) -> list[list[str]]:
    """The words before the bar of each row."""
    return [line.split()[:-1] for line in printed(trace, width=100).splitlines()[6:]]


def test_few_calls_at_once_are_all_shown():
    assert rows_of(many_calls(3)) == [
        ["page", "3ms"],
        ["3", "calls", "at", "once", "3ms"],
        ["leaf", "1ms"],
        ["leaf", "2ms"],
        ["leaf", "3ms"],
    ]


def test_of_many_calls_at_once_the_slowest_are_shown():
    assert rows_of(many_calls(100)) == [
        ["page", "100ms"],
        ["100", "calls", "at", "once", "100ms"],
        ["leaf", "100ms"],
        ["leaf", "99ms"],
        ["leaf", "98ms"],
        ["97", "others", "median", "49ms", "97ms"],
    ]


def test_one_call_at_once_is_a_call():
    assert rows_of(many_calls(1)) == [["page", "1ms"], ["leaf", "1ms"]]


def test_work_that_goes_on_much_longer_does_not_squeeze_the_request():
    """A request of 1.2 s whose attempts wait in a queue for another half a minute keeps two thirds of the width."""
    trace = max(traces_of("retry_storm"), key=lambda trace: trace.last - trace.root.end)
    assert trace.last - trace.root.end > 2 * trace.latency
    text = printed(trace)
    attempts = [line for line in text.splitlines() if line.startswith("attempt")]
    bars = [line.rindex("─") for line in attempts]
    axis = next(line for line in text.splitlines() if line.lstrip().startswith("0"))
    begin = axis.index("0")
    assert bars[-1] - begin >= 0.6 * (80 - begin)
    assert "after the user's answer" in text or "when the run ended" in text


def test_the_list_of_traces():
    lines = printed([by_hand(), refused()], show=print_traces).splitlines()
    assert [line.split() for line in lines] == [
        ["request", "sent", "at", "latency", "tries", "outcome", "kept", "as", "asked", "for"],
        ["17", "10s", "240ms", "2", "ok", "slow", "GET", "/search"],
        ["3", "1s", "0s", "1", "refused", "failed", "GET", "/"],
    ]


def test_the_list_names_the_client_where_there_are_several():
    lines = printed(traces_of("tail_at_scale"), show=print_traces).splitlines()
    assert {line.split()[-1] for line in lines[1:]} >= {"hundred", "ten"}
    assert max(map(len, lines)) <= 80
