"""Every shipped scenario loads, and says what it is about and what to look for; the examples of the language run."""

import pytest

from sim.experiment import run
from sim.metrics import summarize
from sim.scenario import ScenarioError, load, shipped_scenarios

NAMES = [path.stem for path in shipped_scenarios()]
MEANT = {
    "shadowed_route": ["never reached: '/reports/**' before it takes everything that '/reports/export' matches"],
    "load_balancing_mixed": ["round_robin does not look at weights"],
}


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_scenario_loads_without_a_warning_that_is_not_meant(name):
    """Shipped scenarios are clean; two are there to show what a warning is about."""
    assert [warning.message for warning in load(name).warnings] == MEANT.get(name, [])


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_scenario_explains_itself(name):
    """Each has a title, a text, and statements to look for."""
    document = load(name).document
    assert document.scenario
    assert len(document.about.split()) >= 25
    assert document.watch_for


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_scenario_can_be_copied_from(name):
    """No option is torn from its value by a line break."""
    assert "--set\n" not in load(name).path.read_text()


@pytest.mark.parametrize(
    ("name", "shorter"),
    [
        ("quickstart", {"duration": "30s", "events[0].at": "22s", "events[1].at": "25s"}),
        ("mmc", {"duration": "400s"}),
        ("retry_storm", {"duration": "26s", "events[0].at": "22s", "events[0].for": "2s"}),
        ("replay", {}),
        ("global_failover", {"duration": "50s", "events[0].at": "35s", "events[0].for": "10s"}),
    ],
)
def test_an_example_of_the_language_runs_as_it_is_written(shared, name, shorter):
    """These files are the contract of the scenario language; they load without a warning and run, events and all."""
    scenario = load(shared / "examples" / f"{name}.yaml")
    assert scenario.warnings == ()
    requests = summarize(run(scenario.with_(shorter)))["requests"]
    assert requests["ok"] > 1000
    assert requests["offered"] == sum(requests["by_outcome"].values()) + requests["in_flight"]


@pytest.mark.parametrize(
    ("name", "unknown"),
    [
        ("payments", ["tls", "verify_signature", "sliding_window", "store", "idempotency", "circuit_breaker"]),
    ],
)
def test_an_example_with_parts_not_modelled_yet_names_them(shared, name, unknown):
    """All unknown parts are named at once, each with its line and column."""
    with pytest.raises(ScenarioError) as error:
        load(shared / "examples" / f"{name}.yaml")
    messages = [problem.message for problem in error.value.problems]
    for word in unknown:
        assert any(f"'{word}' is not known" in message for message in messages), word
    assert all(problem.line and problem.column for problem in error.value.problems)
