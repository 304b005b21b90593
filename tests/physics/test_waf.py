"""A firewall inspects everything, blocks what it recognises as an attack, and some honest requests by mistake."""

import pytest
from scipy import stats

WAF = """
    duration: 20s
    network: {{latency: 5ms}}
    clients:
      user: {{traffic: {{rate: 100/s, arrivals: constant}}, to: waf}}
      attacker:
        traffic: {{rate: 100/s, arrivals: constant}}
        requests: [{{send: GET /admin, attack: true}}]
        to: waf
    components:
      waf: {{kind: waf, latency: 2ms, {rules}, to: api}}
      api: {{kind: service, workers: 100, work: 10ms}}
    """


@pytest.mark.parametrize(
    ("rules", "honest", "attacks"),
    [
        ("block: 0%", 0.0, 1.0),
        ("detection: 0%", 0.0, 0.0),
        ("detection: 90%", 0.0, 0.9),
        ("detection: 100%, false_positives: 2%", 0.02, 1.0),
        ("detection: 0%, false_positives: 30%", 0.3, 0.0),
        ("block: 20%, detection: 60%", 0.2, 0.6),
        ("block: 20%, detection: 0%, false_positives: 10%", 1 - 0.8 * 0.9, 0.2),
    ],
)
def test_which_share_of_whose_requests_is_blocked(play, rules, honest, attacks):
    """`block` is a share of everybody's, `detection` of the attacks, `false_positives` of what else is honest."""
    story = play(WAF.format(rules=rules))
    blocked = 0
    for client, share in ((0, honest), (1, attacks)):
        asked = zip(story.outcomes, story.result.requests["client"], strict=True)
        verdicts = [outcome == "blocked" for outcome, sender in asked if sender == client and outcome != "in_flight"]
        assert stats.binomtest(sum(verdicts), len(verdicts), share).pvalue > 0.001
        blocked += sum(verdicts)
    waf = story.component("waf")
    in_flight = story.outcomes.count("in_flight")
    assert in_flight <= 6
    assert waf["blocked"] + waf["false_positives"] == waf["refused"]
    assert waf["refused"] == pytest.approx(blocked, abs=in_flight)


def test_what_is_blocked_costs_the_inspection_and_nothing_behind_it(play):
    story = play(WAF.format(rules="block: 100%"))
    assert story.log[0] == (0.0, 0.012, "blocked")
    assert story.ledger(0) == {"network": 0.01, "policy": 0.002}
    assert story.component("api")["offered"] == 0


def test_what_passes_is_inspected_too(play):
    story = play(WAF.format(rules="detection: 0%"))
    assert story.log[0] == (0.0, 0.032, "ok")
    assert story.ledger(0) == {"network": 0.02, "policy": 0.002, "service": 0.01}
