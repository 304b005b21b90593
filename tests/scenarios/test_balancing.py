"""Load balancing: the same fleet and traffic under every algorithm; hot keys and shared addresses."""

from itertools import pairwise

import numpy as np
import pytest

CHOICES = "{algorithm: least_request, choices: 2}"


@pytest.fixture(scope="module")
def figures(runs):
    """Mean and p99 of a scenario under each of some algorithms, s: for each algorithm a list over seeds."""

    def measured(name, algorithms, others=None):
        found = {}
        for algorithm in algorithms:
            variants = runs(name, {"components.api.balancer": algorithm} | (others or {}))
            latencies = [run.summary["latency_s"]["all"] for run in variants]
            found[algorithm] = {figure: [latency[figure] for latency in latencies] for figure in ("mean", "p99")}
        return found

    return measured


def ranked(found, order, figure):
    """Whether each algorithm is better than the next one, with every seed."""
    return all(
        better < worse
        for one, other in pairwise(order)
        for better, worse in zip(found[one][figure], found[other][figure], strict=True)
    )


class TestHomogeneous:
    """load_balancing_homogeneous: equal machines."""

    ORDER = ("least_connections", CHOICES, "round_robin", "random")

    @pytest.mark.parametrize("figure", ["mean", "p99"])
    def test_ranking(self, figures, figure):
        """From best to worst: least_connections, least_request of two choices, round_robin, random."""
        assert ranked(figures("load_balancing_homogeneous", self.ORDER), self.ORDER, figure)

    def test_two_choices_take_most_of_the_way(self, figures):
        """Two choices take more than two thirds of the way from random to looking at every instance."""
        found = figures("load_balancing_homogeneous", self.ORDER)
        full, two, _, none = (found[algorithm]["mean"] for algorithm in self.ORDER)
        assert all(n - t > 2 / 3 * (n - f) for f, t, n in zip(full, two, none, strict=True))


class TestMixed:
    """load_balancing_mixed: two generations of machines."""

    @pytest.mark.parametrize("algorithm", ["round_robin", "random"])
    def test_equal_shares_overload_the_old_machines(self, runs, algorithm):
        """p99 is over 10 s and grows with the run, while the new ones are half idle."""
        for run in runs("load_balancing_mixed", {"components.api.balancer": algorithm}):
            utilization = run.instances("api", "utilization")
            assert min(utilization[4:]) > 0.99
            assert 0.45 < min(utilization[:4]) <= max(utilization[:4]) < 0.56
            assert run.summary["latency_s"]["all"]["p99"] > 10.0
            assert run.mean("queue", "api", 40, 50) > 1.5 * run.mean("queue", "api", 20, 30)

    def test_weights_or_attention_help(self, figures):
        """weighted_round_robin keeps p99 at about 0.3 s; least_connections does better, even if told no weights."""
        found = figures("load_balancing_mixed", ["weighted_round_robin", "least_connections"])
        blind = figures("load_balancing_mixed", ["least_connections"], {"components.api.weight": "1"})
        weighted, told = found["weighted_round_robin"]["p99"], found["least_connections"]["p99"]
        untold = blind["least_connections"]["p99"]
        assert np.mean(weighted) == pytest.approx(0.3, abs=0.03)
        assert all(best < 0.15 < better < good for best, better, good in zip(told, untold, weighted, strict=True))


class TestGray:
    """load_balancing_gray: one instance is slow, but not dead."""

    ORDER = ("least_response_time", "least_connections", CHOICES, "round_robin")

    @pytest.mark.parametrize("algorithm", ["round_robin", "random"])
    def test_equal_shares_feed_it(self, figures, algorithm):
        """round_robin and random go on giving it an eighth of the traffic, and p99 is over 15 s."""
        assert min(figures("load_balancing_gray", [algorithm])[algorithm]["p99"]) > 15.0

    def test_ranking(self, figures):
        """Whoever looks at outstanding requests keeps p99 under 0.5 s; least_response_time is best."""
        found = figures("load_balancing_gray", self.ORDER)
        assert ranked(found, self.ORDER, "p99")
        assert max(found[CHOICES]["p99"]) < 0.5

    def test_least_response_time_hardly_uses_it(self, runs):
        """least_response_time hardly uses it any more: less than a hundredth of what it is offered after the fault."""
        for run in runs("load_balancing_gray", {"components.api.balancer": "least_response_time"}):
            busy = run.mean("utilization", "api", 25, 80, instance=3)
            assert busy * 55 / 0.2 < 0.01 * len(run.sent(25, 80))


class TestHotKey:
    """hot_key: the shard that everybody asks for."""

    def test_one_shard_is_overloaded(self, runs):
        """Its home is busy all the time and its queue grows to hundreds, while no other is busier than 75%."""
        for run in runs("hot_key"):
            *others, home = sorted(run.instances("shards", "utilization"))
            assert home > 0.99
            assert others[-1] < 0.75
            assert run.summary["components"]["shards"]["queue_max"] > 400
            assert run.summary["latency_s"]["all"]["p99"] > 7.0

    def test_bounded_loads_spread_it(self, runs):
        """With bounded loads no shard is busier than 70%, and p99 falls to a tenth of a second."""
        for run in runs("hot_key", {"components.shards.balancer.bound": "1.25"}):
            assert max(run.instances("shards", "utilization")) < 0.7
            assert run.summary["latency_s"]["all"]["p99"] < 0.115

    def test_virtual_nodes_do_not(self, runs):
        """More virtual nodes even out the arcs of the ring, but not the keys."""
        for run in runs("hot_key", {"components.shards.balancer.virtual_nodes": "1000"}):
            assert max(run.instances("shards", "utilization")) > 0.99
            assert run.summary["latency_s"]["all"]["p99"] > 1.0


class TestNatSkew:
    """nat_skew: an office looks like one very busy user."""

    @staticmethod
    def skew(run):
        """What the busiest instance serves, in averages."""
        served = run.instances("web", "served")
        return max(served) * len(served) / sum(served)

    def test_one_instance_gets_an_office(self, runs):
        """The busiest instance serves more than twice the average, is busy all the time, and its queue grows."""
        for run in runs("nat_skew"):
            assert self.skew(run) > 2.0
            assert max(run.instances("web", "utilization")) > 0.99
            assert run.mean("queue", "web", 40, 50) > 1.5 * run.mean("queue", "web", 20, 30)
            assert run.summary["latency_s"]["all"]["p99"] > 10.0

    def test_many_addresses_are_fair(self, runs):
        """With 20,000 addresses the busiest one serves less than 10% more than the average, and p99 is 0.2 s."""
        for run in runs("nat_skew", {"clients.people.population": "20k"}):
            assert self.skew(run) < 1.1
            assert run.summary["latency_s"]["all"]["p99"] == pytest.approx(0.2, abs=0.05)


class TestLeastResponseTimeFeedback:
    """least_response_time_feedback: a balancer that forgets too soon."""

    def test_an_overloaded_instance_attracts_more(self, runs):
        """One instance attracts the traffic of all - over a thousand requests queue there, and p99 is over 10 s."""
        for run in runs("least_response_time_feedback"):
            queued = [run.mean("queue", "api", 39, 40, index) for index in range(8)]
            assert max(queued) > 1500
            assert max(queued) > 0.99 * sum(queued)
            assert run.summary["latency_s"]["all"]["p99"] > 10.0

    @pytest.mark.parametrize("cure", [{"decay": "10s"}, {"choices": "2"}])
    def test_memory_or_chance_damps_it(self, runs, cure):
        """With a decay of 10 s, or with two choices, p99 is under 0.25 s at the same traffic."""
        overrides = {f"components.api.balancer.{option}": value for option, value in cure.items()}
        for run in runs("least_response_time_feedback", overrides):
            assert run.summary["latency_s"]["all"]["p99"] < 0.25
