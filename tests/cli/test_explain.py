"""`sim explain`: findings on the terminal and as data, tipping points, and what is answered to a wrong word."""

import json

import pytest

STORM = """\
scenario: A storm of retries
duration: 32s
warmup: 2s
clients:
  app:
    traffic: {rate: 70/s}
    timeout: 300ms
    retry: {attempts: 4, backoff: none, on: [timeout, 5xx]}
    to: api
components:
  api: {kind: service, instances: 2, workers: 5, queue: 30, balancer: least_request, work: {p50: 90ms, p99: 250ms}}
events:
  - {at: 10s, for: 5s, spike: app, factor: 2}
"""


@pytest.fixture
def small(sim):
    """The small shop has been run into results/small-5."""
    assert sim("run", "small.yaml", "--no-report", "--quiet", "--out", "results/small-5").exit_code == 0


def test_findings_are_numbered_sentences(sim, small, monkeypatch):
    """A headline, then the sentences below it, in 80 columns without trailing blanks."""
    monkeypatch.setenv("COLUMNS", "80")
    result = sim("explain", "small-5")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == "small  seed 5, 4s simulated"
    assert lines[2].startswith("1.  p99 is ")
    assert lines[3].startswith("    Around p99 ")
    assert any(line.startswith("3.  Nothing was saturated: the busiest is shop, at ") for line in lines)
    assert all(len(line) <= 80 and line == line.rstrip() for line in lines)


def test_findings_as_data(sim, small, folder):
    """The same findings, with the figures that they were made from."""
    data = json.loads(sim("explain", "results/small-5", "--json").stdout)
    summary = json.loads((folder / "results" / "small-5" / "summary.json").read_text())
    assert (data["result"], data["scenario"], data["seed"]) == ("results/small-5", "small", 5)
    first = data["findings"][0]
    assert list(first) == ["weight", "title", "text", "figures"]
    assert first["weight"] == "cause"
    assert first["title"].startswith("p99 is ")
    assert first["figures"]["p99_s"] == summary["latency_s"]["all"]["p99"]


def test_the_tipping_point(sim, folder):
    """The storm recovers from a weak spike and not from a strong one; the sizes tried are told."""
    (folder / "storm.yaml").write_text(STORM)
    sim("run", "storm.yaml", "--no-report", "--quiet", "--out", "storm")
    result = sim("explain", "storm", "--tip", "--by", "factor", "--seeds", "1", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    first = json.loads(result.stdout)["findings"][0]
    low, high = first["figures"]["recovers_up_to"], first["figures"]["never_from"]
    assert 1.0 < low < high <= 2.0
    assert first["title"] == f"It tips between factor {low:g} and factor {high:g} of the spike of app"
    assert first["text"] == (
        f"It recovers in 1 of 1 runs at factor {low:g}; never in 1 of 1 at factor {high:g}. "
        "In the scenario it has a factor of 2."
    )
    sizes = [trial["size"] for trial in first["figures"]["trials"]]
    assert sizes == sorted(set(sizes))
    assert {low, high} <= set(sizes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["smal-5"], "there is no results folder 'smal-5'; did you mean 'small-5'?"),
        (["small-5", "--event", "0"], "--event and --by say what --tip varies: give --tip as well"),
        (
            ["small-5", "--tip"],
            "the scenario has no event with 'for' or 'factor' above 1: there is no trigger to vary",
        ),
        (["small-5", "--tip", "--event", "2"], "there is no events[2]; the scenario has none"),
    ],
)
def test_a_wrong_word_is_answered_in_one_line(sim, small, arguments, message):
    """Exit status 2, the message on standard error, nothing on standard output."""
    result = sim("explain", *arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"error: {message}\n")


def test_a_scenario_that_can_no_longer_be_read(sim, small, folder):
    """Its problems are those of any scenario, with file, line and column."""
    path = folder / "results" / "small-5" / "scenario.yaml"
    path.write_text(path.read_text().replace("kind: service", "kind: servise"))
    result = sim("explain", "small-5")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "'servise' is not known; did you mean 'service'?" in result.stderr
    assert "results/small-5/scenario.yaml:" in result.stderr


def test_a_system_that_cannot_be_judged_has_no_tipping_point(sim, folder):
    """The reason is said, and nothing else."""
    (folder / "storm.yaml").write_text(STORM.replace("duration: 32s", "duration: 18s"))
    sim("run", "storm.yaml", "--no-report", "--quiet", "--out", "storm")
    result = sim("explain", "storm", "--tip", "--seeds", "1")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == ("error: no tipping point can be found: the run ends less than 10s after the last event\n")
