"""Verdicts on short real runs: a storm that stays, one that ends by itself, and one that ends because load is shed."""

import pytest

from sim.experiment import run
from sim.experiment.metastability import Verdict, judge
from sim.metrics import components_timeline, summarize, timeline
from sim.scenario import load

STORM = """\
scenario: A storm of retries
seed: 1
duration: 45s
warmup: 2s
clients:
  app:
    traffic: {rate: 70/s}
    timeout: 300ms
    retry: {attempts: 4, backoff: none, on: [timeout, 5xx]}
    to: api
components:
  api:
    kind: service
    instances: 2
    workers: 5
    queue: 30
    balancer: {algorithm: least_request}
    work: {p50: 90ms, p99: 250ms}
events:
  - {at: 10s, for: 5s, spike: app, factor: 2}
"""


@pytest.fixture
def judged(tmp_path):
    """Runs the storm with other values and judges it."""

    def judge_(**changes):
        path = tmp_path / "storm.yaml"
        path.write_text(STORM)
        scenario = load(path, {name.replace("__", "."): value for name, value in changes.items()})
        result = run(scenario)
        return judge(summarize(result), timeline(result), components_timeline(result), scenario)

    return judge_


class TestVerdict:
    """Each verdict, on the same system."""

    def test_never(self, judged):
        """With a queue longer than patience the retries of the spike keep it full for good."""
        found = judged()
        assert (found.verdict, found.back_s, found.shed) == (Verdict.NEVER, None, "")
        assert found.after.goodput < 0.1 * found.before.goodput
        assert found.meanwhile.attempts == pytest.approx(4.0, abs=0.2)

    def test_recovered(self, judged):
        """With a queue shorter than patience it is well within seconds."""
        found = judged(components__api__queue="10")
        assert found.verdict is Verdict.RECOVERED
        assert found.back_s < 3.0
        assert found.after.goodput == pytest.approx(70.0, rel=0.1)

    def test_recovered_after_the_traffic_fell(self, judged):
        """At 30 s three of four users leave: what is left of the retries fits, and the queue empties."""
        found = judged(clients__app__traffic="{rate: 70/s, shape: [{at: 30s, rate: 18/s, ramp: step}]}")
        assert found.verdict is Verdict.SHED
        assert 13.0 < found.back_s < 20.0
        assert found.shed.startswith("the traffic fell to ")

    def test_recovered_after_an_intervention(self, judged):
        """Somebody takes the traffic away for five seconds, and all is well afterwards at full load."""
        cut = "[{at: 10s, for: 5s, spike: app, factor: 2}, {at: 25s, for: 5s, spike: app, factor: 0.2}]"
        found = judged(events=cut)
        assert found.verdict is Verdict.SHED
        assert found.trigger["start_s"] == 10.0
        assert found.after.offered == pytest.approx(70.0, rel=0.15)
        assert found.after.goodput == pytest.approx(found.after.offered, rel=0.05)

    def test_no_trigger_no_verdict(self, judged):
        """Nothing happened."""
        assert judged(events="[]") is None


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ("[{at: 10s, crash: 'api[0]'}]", "the crash of api[0] lasts to the end of the run"),
        ("[{at: 10s, for: 30s, slow: api, factor: 2}]", "the run ends less than 10s after the last event"),
        ("[{at: 4s, for: 5s, spike: app, factor: 2}]", "there are less than 5s between warm-up and the first event"),
    ],
)
def test_there_is_no_verdict_without_evidence(judged, events, reason):
    """What lasts to the end, comes too late or too early leaves nothing to compare."""
    found = judged(events=events)
    assert (found.verdict, found.reason) == (None, reason)


def test_a_backlog_that_drains_is_no_metastable_failure(judged):
    """With a budget of 20% the 335 requests that the spike leaves behind go down by 17 a second, which takes 20 s.

    A run that ends after 13 of those has no verdict; a longer one has.
    """
    budget = "{attempts: 4, backoff: none, budget: 20%, on: [timeout]}"
    slow = {"components__api__queue": "unbounded", "clients__app__retry": budget}
    found = judged(**slow, duration="28s")
    assert (found.verdict, found.on_its_way) == (None, True)
    assert judged(**slow, duration="90s").verdict is Verdict.RECOVERED


def test_traffic_that_goes_on_rising_is_no_aftermath(judged):
    """Where the traffic itself has doubled, the trigger is not what is felt at the end."""
    found = judged(clients__app__traffic="{rate: 70/s, shape: [{at: 20s, rate: 140/s, ramp: step}]}")
    assert found.verdict is None
    assert found.reason == "the traffic at the end is still above that before the first event"
