"""Arrival processes against theory: Poisson moments, counts under a changing rate, a Markov-modulated process."""

import numpy as np
import pytest
from scipy import stats

from sim.components.traffic import Spike, TrafficConfig, arrival_times
from sim.kernel import Streams

SEEDS = range(1, 21)


def interval(samples):
    """The 99% confidence interval of the mean over seeds."""
    half_width = stats.t.ppf(0.995, len(samples) - 1) * np.std(samples, ddof=1) / np.sqrt(len(samples))
    return np.mean(samples) - half_width, np.mean(samples) + half_width


def agrees(samples, expected, precision):
    """Whether theory is in the 99% interval over seeds, and the interval is narrow enough to mean something."""
    low, high = interval(samples)
    assert high - low <= 2 * precision * expected, "too few arrivals to tell"
    return low <= expected <= high


def arrivals(config, duration, seed, spikes=()):
    rate = config.rate_function(duration, spikes)
    return np.concatenate(list(arrival_times(config, rate, Streams(seed), "app", duration)))


def index_of_dispersion(times, window, duration):
    """Variance over mean of the counts in windows of one length."""
    counts = np.histogram(times, np.arange(0.0, duration + window / 2, window))[0]
    return np.var(counts, ddof=1) / np.mean(counts)


def test_poisson_gaps_are_exponential():
    """Mean 1/rate, coefficient of variation 1, and the share of gaps above t is exp(-rate t)."""
    config = TrafficConfig(rate="400/s")
    gaps = [np.diff(arrivals(config, 100.0, seed)) for seed in SEEDS]
    assert agrees([gap.mean() for gap in gaps], 1 / 400, 0.01)
    assert agrees([gap.std() / gap.mean() for gap in gaps], 1.0, 0.01)
    assert agrees([(gap > 2 / 400).mean() for gap in gaps], np.exp(-2.0), 0.02)


def test_poisson_counts_have_their_mean_as_variance():
    """The index of dispersion of counts is 1 at every time scale."""
    config = TrafficConfig(rate="400/s")
    for window in (0.01, 1.0):
        assert agrees([index_of_dispersion(arrivals(config, 600.0, seed), window, 600.0) for seed in SEEDS], 1.0, 0.05)


@pytest.mark.parametrize(
    ("said", "spikes"),
    [
        pytest.param({"shape": [{"at": "40s", "rate": "300/s"}, {"at": "60s", "rate": "50/s"}]}, (), id="ramps"),
        pytest.param({"rate": "100/s"}, (Spike(15.0, 45.0, 3.0), Spike(30.0, 60.0, 0.5)), id="spikes"),
        pytest.param({"diurnal": {"low": "20/s", "high": "400/s", "period": "40s"}}, (), id="diurnal"),
    ],
)
def test_counts_in_windows_follow_the_integral_of_the_rate(said, spikes):
    """A Poisson process whose rate changes: in every window mean and variance are the integral of the rate over it."""
    config = TrafficConfig.model_validate(said)
    edges = np.linspace(0.0, 80.0, 9)
    expected = np.diff(config.rate_function(80.0, spikes).cumulative(edges))
    counts = np.array([np.histogram(arrivals(config, 80.0, seed, spikes), edges)[0] for seed in range(1, 101)])
    # all windows together: sum of squared deviations is chi-squared with one degree of freedom a window and run
    deviations = ((counts - expected) ** 2 / expected).sum()
    low, high = stats.chi2.ppf([0.005, 0.995], counts.size)
    assert low <= deviations <= high
    # each window by itself, with all windows right at once in 99 of 100 cases
    scores = (counts.mean(axis=0) - expected) / np.sqrt(expected / len(counts))
    assert np.abs(scores).max() <= stats.norm.ppf(1 - 0.005 / len(expected))


class TestModulatedPoisson:
    """A17-mmpp-120-40: 120/s and 40/s, each left at 5/s; the mean is 80/s, of which 120/s is 1.5 times."""

    CONFIG = TrafficConfig.model_validate(
        {"rate": "80/s", "arrivals": {"bursty": {"factor": 1.5, "on": "200ms", "off": "200ms"}}}
    )

    def test_the_mean_rate_is_the_rate_of_the_client(self):
        """Bursts do not add load: 80 requests a second in the long run."""
        assert agrees([len(arrivals(self.CONFIG, 2000.0, seed)) / 2000.0 for seed in SEEDS], 80.0, 0.01)

    @pytest.mark.parametrize("window", [0.05, 0.2, 1.0])
    def test_counts_are_overdispersed_as_they_must_be(self, window):
        """Variance over mean of the counts in windows of length t, for rates a, b that are left at r and s.

        1 + 2 r s (a - b)² / ((r + s)² (a s + b r)) (1 - (1 - e^(-(r + s) t)) / ((r + s) t)); Heffes and Lucantoni, "A
        Markov modulated characterization of packetized voice", IEEE JSAC 4(6), 1986.
        """
        a, b, r, s = 120.0, 40.0, 5.0, 5.0
        limit = 2 * r * s * (a - b) ** 2 / ((r + s) ** 2 * (a * s + b * r))
        expected = 1 + limit * (1 + np.expm1(-(r + s) * window) / ((r + s) * window))
        samples = [index_of_dispersion(arrivals(self.CONFIG, 2000.0, seed), window, 2000.0) for seed in SEEDS]
        assert agrees(samples, expected, 0.05)
