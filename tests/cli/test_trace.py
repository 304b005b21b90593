"""`sim run --trace` and `sim show RESULT`: traces in the results folder, listed and drawn."""

import json
import signal
import time

import pytest

from sim.experiment.tracing.tracer import Tracer

TINY = ("--set", "duration=2s", "--set", "warmup=0s", "--no-report", "--quiet")


@pytest.fixture
def traced(sim, folder):
    """A results folder `out` with nine traces."""
    assert sim("run", "small.yaml", "--trace", "9", "--out", "out", *TINY).exit_code == 0
    return folder / "out"


def test_the_folder_holds_both_files(traced):
    """One for Perfetto, one for Jaeger, each of nine requests."""
    events = json.loads((traced / "trace.json").read_text())["traceEvents"]
    assert len({event["pid"] for event in events}) == 9
    spans = [
        span
        for resource in json.loads((traced / "trace.otlp.json").read_text())["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]
    assert len({span["traceId"] for span in spans}) == 9
    started = json.loads((traced / "manifest.json").read_text())["started"]
    epoch = time.mktime(time.strptime(started[:19], "%Y-%m-%dT%H:%M:%S"))
    starts = [int(span["startTimeUnixNano"]) / 1e9 for span in spans]
    assert epoch <= min(starts) < max(starts) < epoch + 2


def test_a_run_with_traces_is_the_same_run(sim, folder, traced):
    """Nothing else in the folder is different."""
    assert sim("run", "small.yaml", "--out", "plain", *TINY).exit_code == 0
    for name in ("timeline.csv", "components.csv", "scenario.yaml"):
        assert (traced / name).read_text() == (folder / "plain" / name).read_text()
    assert sorted(
        path.name for path in traced.iterdir() if path.name not in ("trace.json", "trace.otlp.json")
    ) == sorted(path.name for path in (folder / "plain").iterdir())


def test_the_run_says_where_the_traces_are(sim):
    result = sim("run", "small.yaml", "--trace", "3", "--out", "out", *TINY[:-1])
    assert result.stdout.splitlines()[-1] == "3 requests traced in out/trace.json; sim show out lists them"
    result = sim("run", "small.yaml", "--trace", "1", "--out", "other", "--json", *TINY[:-1])
    assert json.loads(result.stdout)["requests"]["offered"] > 0
    assert result.stderr.splitlines()[-1] == "1 request traced in other/trace.json; sim show other lists them"


def test_a_results_folder_lists_its_traces(sim, traced):
    """Two thirds are slow, as nothing failed."""
    lines = sim("show", "out").stdout.splitlines()
    assert lines[0].split() == ["request", "sent", "at", "latency", "tries", "outcome", "kept", "as", "asked", "for"]
    rows = [line.split() for line in lines[1:10]]
    assert [row[5] for row in rows] == ["slow"] * 6 + ["random"] * 3
    assert lines[-1] == f"sim show out --request {rows[0][0]} draws the first of them"


def test_a_request_is_drawn(sim, traced):
    """Its number, its latency and where the time went, then the waterfall."""
    number = sim("show", "out").stdout.splitlines()[1].split()[0]
    lines = sim("show", "out", "--request", number).stdout.splitlines()
    assert lines[0].startswith(f"#{number} GET / by people: ok after ")
    assert "service" in lines[3]
    assert lines[6].startswith("shop[")


def test_a_folder_is_found_in_results_by_its_name(sim, folder):
    assert sim("run", "small.yaml", "--trace", "3", "--out", "results/today", *TINY).exit_code == 0
    assert sim("show", "today").stdout.startswith("request ")
    assert sim("show", "results/today").stdout.startswith("request ")
    assert sim("show", "toda", "--request", "1").stderr == (
        "error: there is no results folder 'toda'; did you mean 'today'?\n"
    )


def test_a_scenario_is_shown_as_before(sim, folder):
    """Even if a results folder has its name."""
    assert sim("run", "small.yaml", "--trace", "3", "--out", "results/mmc", *TINY).exit_code == 0
    assert sim("show", "mmc").stdout.splitlines()[2].split()[1] == "client"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "out", "--request", "1000000"), "request 1000000 was not traced; near it are "),
        (("show", "plain"), "plain has no traces; sim run SCENARIO --trace 50 keeps those of 50 requests"),
        (("show", "plain", "--request", "3"), "plain has no traces; sim run SCENARIO --trace 50 keeps those of 50"),
        (("show", "empty"), "empty is not the results folder of a run: it has no summary.json"),
        (("show", "out", "--set", "seed=3"), "--set and --format are about a scenario, and out is a results folder"),
        (
            ("show", "out", "--format", "mermaid"),
            "--set and --format are about a scenario, and out is a results folder",
        ),
        (("show", "small.yaml", "--request", "3"), "small.yaml is a scenario; --request is about a results folder"),
        (("show", "mmc", "--request", "3"), "mmc is a scenario; --request is about a results folder"),
        (("show", "nowhere", "--request", "3"), "there is no results folder 'nowhere'; sim run SCENARIO makes one"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(sim, folder, traced, arguments, message):
    (folder / "empty").mkdir()
    assert sim("run", "small.yaml", "--out", "plain", *TINY).exit_code == 0
    result = sim(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"error: {message}")


def test_an_unknown_request_is_answered_with_the_nearest(sim, traced):
    """Three that were traced, in order."""
    numbers = sorted(int(line.split()[0]) for line in sim("show", "out").stdout.splitlines()[1:10])
    wanted = next(number for number in range(numbers[0], numbers[-1]) if number not in numbers)
    nearest = sorted(sorted(numbers, key=lambda number: abs(number - wanted))[:3])
    assert sim("show", "out", "--request", str(wanted)).stderr == (
        f"error: request {wanted} was not traced; near it are {', '.join(map(str, nearest))} (sim show out lists all)\n"
    )


@pytest.mark.parametrize("number", ["0", "-1", "x", "10001"])
def test_a_wrong_number_of_traces(sim, folder, number):
    """Nothing is run and nothing is written."""
    result = sim("run", "small.yaml", "--trace", number)
    assert result.exit_code == 2
    assert "Invalid value for '--trace'" in result.stderr
    assert not (folder / "results").exists()


def test_a_damaged_file_is_named_with_line_and_column(sim, traced):
    (traced / "trace.otlp.json").write_text('{"resourceSpans": oops}')
    result = sim("show", "out")
    assert (result.exit_code, result.stderr) == (
        2,
        "error: out/trace.otlp.json:1:19 is damaged: expecting value\n",
    )


def test_a_run_without_an_answer_has_no_traces(sim, folder):
    """The files are there, and empty."""
    slow = ("--set", "components.shop.work=100s", "--set", "clients.people.timeout=null", "--set", "objectives=[]")
    assert sim("run", "small.yaml", "--trace", "3", "--out", "out", *slow, *TINY).exit_code == 0
    assert json.loads((folder / "out" / "trace.json").read_text())["traceEvents"] == []
    assert sim("show", "out").stderr == "error: out has no traces: no request ended in this run\n"


def test_ctrl_c_while_tracing_keeps_the_results(sim, folder, monkeypatch):
    """The exit status is that of an interrupted command; everything but the traces is there."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    assemble = Tracer.assemble

    def interrupted(tracer, scenario, seed):
        signal.raise_signal(signal.SIGINT)
        return assemble(tracer, scenario, seed)

    monkeypatch.setattr(Tracer, "assemble", interrupted)
    result = sim("run", "small.yaml", "--trace", "3", "--out", "out", *TINY)
    signal.signal(signal.SIGINT, before)
    assert result.exit_code == 130
    assert result.stderr == "interrupted: while tracing: the results are kept, without traces\n"
    assert {path.name for path in (folder / "out").iterdir()} == {
        "summary.json", "timeline.csv", "components.csv", "scenario.yaml", "manifest.json",
    }  # fmt: skip
    assert "interrupted" not in json.loads((folder / "out" / "summary.json").read_text())
