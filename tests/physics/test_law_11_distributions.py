"""Law 11: a distribution is what it says: its quantiles and its mean, through the whole simulator."""

import numpy as np
import pytest
from scipy import stats

SAMPLE = """
    duration: 20s
    clients: {{user: {{traffic: {{rate: 1000/s, arrivals: constant}}, to: far}}}}
    components: {{far: {{kind: external, latency: {latency}}}}}
    """


def latencies(story):
    """The latencies of the answered requests that were sent early enough to be answered for certain."""
    rows = story.result.requests
    early = rows[rows["arrived"] < 15.0]
    assert (early["outcome"] == 0).all()
    return early["latency"]


def has_share(sample, below, share):
    """Whether the share of a sample below a value is what it should be, by a binomial test."""
    return stats.binomtest(int((sample < below).sum()), len(sample), share).pvalue > 0.001


@pytest.mark.parametrize(("p50", "p99"), [(0.010, 0.060), (0.120, 0.700), (0.004, 0.005)])
def test_p50_and_p99_are_hit(play, p50, p99):
    """Half of the answers take less than the p50, and 99 % less than the p99."""
    sample = latencies(play(SAMPLE.format(latency=f"{{p50: {p50}s, p99: {p99}s}}")))
    assert has_share(sample, p50, 0.5)
    assert has_share(sample, p99, 0.99)


@pytest.mark.parametrize(
    ("latency", "mean", "sd"),
    [
        ("{exponential: 20ms}", 0.020, 0.020),
        ("{erlang: 20ms, k: 4}", 0.020, 0.010),
        ("{gamma: 20ms, cv: 2}", 0.020, 0.040),
        ("{uniform: [10ms, 30ms]}", 0.020, 0.020 / np.sqrt(12)),
        ("{mixture: [{weight: 3, of: 10ms}, {weight: 1, of: 50ms}]}", 0.020, 0.04 * np.sqrt(3 / 16)),
    ],
)
def test_the_mean_and_the_spread_are_hit(play, latency, mean, sd):
    """Within four standard errors of a sample of 15 000."""
    sample = latencies(play(SAMPLE.format(latency=latency)))
    assert sample.mean() == pytest.approx(mean, abs=4 * sd / np.sqrt(len(sample)))
    assert sample.std() == pytest.approx(sd, rel=0.1)


def test_the_service_time_of_a_server_is_its_distribution(play):
    """Service times keep their distribution however the requests queue."""
    story = play(
        """
        duration: 100s
        clients: {user: {traffic: {rate: 90/s}, to: api}}
        components: {api: {kind: service, queue: unbounded, work: {p50: 5ms, p99: 30ms}}}
        """
    )
    rows = story.result.requests
    sample = rows["service"][rows["arrived"] < 80.0]
    assert has_share(sample, 0.005, 0.5)
    assert has_share(sample, 0.030, 0.99)


def test_the_latency_of_a_link_is_its_distribution_in_each_direction(play):
    """A round trip is two independent draws: uniform on 10 to 30 ms twice is a triangle with its top at 40 ms."""
    text = SAMPLE.format(latency="0ms").replace("to: far", "to: far, network: {latency: {uniform: [10ms, 30ms]}}")
    sample = latencies(play(text))
    triangle = stats.triang(0.5, loc=0.020, scale=0.040)
    assert stats.kstest(sample, triangle.cdf).pvalue > 0.001


def test_arrivals_are_poisson(play):
    """Gaps between requests are exponential, and their number in 20 s varies as it should."""
    text = SAMPLE.format(latency="1ms").replace(", arrivals: constant", "").replace("1000/s", "200/s")
    arrived = play(text).result.requests["arrived"]
    assert stats.kstest(np.diff(arrived) * 200.0, "expon").pvalue > 0.001
    assert abs(len(arrived) - 4000) < 4 * np.sqrt(4000)
