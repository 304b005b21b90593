"""reference_path: the model whose speed is measured is the one that it says it is."""

import numpy as np
import pytest


def test_the_cdn_answers_three_in_ten(runs):
    """The CDN answers three requests in ten, after 2 ms; the others take 19 ms (median), and all 15 ms."""
    for run in runs("reference_path"):
        latency = run.sent(until=39)["latency"]
        edge = latency < 0.0021
        assert edge.mean() == pytest.approx(0.3, abs=0.01)
        assert latency[edge] == pytest.approx(0.002)
        assert np.median(latency[~edge]) == pytest.approx(0.019, abs=0.0005)
        assert np.median(latency) == pytest.approx(0.0153, abs=0.0005)


def test_a_worker_is_held_while_it_waits(runs):
    """An instance holds its worker while it waits for the database: it is 61% busy, 35% with its own 8 ms of work."""
    for run in runs("reference_path"):
        own = 0.7 * 1000 * 0.008 / 16
        assert own == pytest.approx(0.35)
        assert run.summary["components"]["api"]["utilization"] == pytest.approx(0.61, abs=0.01)
        rate = run.summary["components"]["api"]["served"] / run.result.duration
        assert run.summary["components"]["db"]["utilization"] == pytest.approx(rate * 0.004 / 8, rel=0.02)
