"""What a scenario may say about a balancer, and what comes of it."""

from typing import get_args

import pytest
from pydantic import ValidationError

from sim.balancing import ALGORITHMS, Algorithm, Balancer, BalancerConfig, make_balancer
from sim.kernel import Streams


def test_every_algorithm_has_a_name_and_every_name_an_algorithm():
    """The names of the language are those of the registry, in the same order."""
    assert get_args(Algorithm) == tuple(ALGORITHMS)


def test_an_algorithm_may_be_written_alone():
    """`balancer: maglev`; and round robin is the default."""
    assert BalancerConfig.model_validate("maglev").algorithm == "maglev"
    assert BalancerConfig().algorithm == "round_robin"


def test_every_field_is_described():
    """Descriptions become the hover text of editors."""
    assert [name for name, field in BalancerConfig.model_fields.items() if not field.description] == []


def test_options_are_complete():
    """What was left out has the algorithm's default; what was given counts."""
    assert BalancerConfig.model_validate({"algorithm": "least_response_time", "decay": "3s"}).options == {
        "choices": None,
        "decay": 3.0,
    }
    assert BalancerConfig.model_validate("maglev").options == {"key": "key", "table_size": 65537}
    assert BalancerConfig.model_validate("round_robin").options == {}


@pytest.mark.parametrize(
    ("value", "where", "message"),
    [
        ("least_conn", "algorithm", "Input should be 'random'"),
        (
            {"algorithm": "round_robin", "choices": 2},
            "choices",
            "'choices' means nothing to round_robin; it belongs to least_request and least_response_time",
        ),
        (
            {"algorithm": "least_request", "decay": "1s"},
            "decay",
            "'decay' means nothing to least_request; it belongs to least_response_time",
        ),
        (
            {"algorithm": "ip_hash", "key": "path"},
            "key",
            "'key' means nothing to ip_hash; it belongs to consistent_hash and maglev",
        ),
        (
            {"algorithm": "random", "probe_work": "1ms"},
            "probe_work",
            "'probe_work' means nothing to random; it belongs to prequal",
        ),
        (
            {"algorithm": "maglev", "virtual_nodes": 100},
            "virtual_nodes",
            "'virtual_nodes' means nothing to maglev; it belongs to consistent_hash",
        ),
        ({"algorithm": "random", "pool": 16}, "pool", "'pool' means nothing to random; it belongs to prequal"),
        (
            {"algorithm": "maglev", "table_size": 65536},
            "table_size",
            "a Maglev table needs a prime number of rows, and 65536 is none; 65537 is",
        ),
        ({"algorithm": "maglev", "table_size": 1}, "table_size", "1 is none"),
        (
            {"algorithm": "maglev", "key": "cookie"},
            "key",
            "'cookie' is no part of a request; write key, path, caller or header:NAME",
        ),
        ({"algorithm": "maglev", "key": "header:"}, "key", "'header:' is no part of a request"),
        ({"algorithm": "least_request", "choices": 0}, "choices", "greater than or equal to 1"),
        ({"algorithm": "consistent_hash", "bound": 1}, "bound", "greater than 1"),
        ({"algorithm": "consistent_hash", "virtual_nodes": 0}, "virtual_nodes", "greater than or equal to 1"),
        ({"algorithm": "least_response_time", "decay": "0s"}, "decay", "greater than 0"),
        ({"algorithm": "least_response_time", "decay": 5}, "decay", "5"),
        ({"algorithm": "prequal", "hot_quantile": "101%"}, "hot_quantile", "101%"),
        ({"algorithm": "prequal", "probes_per_request": 0}, "probes_per_request", "greater than 0"),
        ({"algorithm": "prequal", "probe_age": "0s"}, "probe_age", "greater than 0"),
        ({"algorithm": "random", "panic_threshold": 2}, "panic_threshold", "2"),
        ({"algorithm": "random", "sticky": True}, "sticky", "Extra inputs are not permitted"),
    ],
)
def test_what_makes_no_sense_is_an_error(value, where, message):
    """At the field that is wrong, with the reason."""
    with pytest.raises(ValidationError) as error:
        BalancerConfig.model_validate(value)
    (problem,) = error.value.errors()
    assert problem["loc"] == (where,)
    assert message in problem["msg"]


VARIANTS = [
    *ALGORITHMS,
    {"algorithm": "least_request", "choices": 2},
    {"algorithm": "least_response_time", "choices": 2},
    {"algorithm": "consistent_hash", "bound": 1.25},
    {"algorithm": "maglev", "key": "header:x-tenant"},
]


def history(variant, endpoints, request_for, seed=3):
    """Three hundred picks, with answers after twenty requests and an instance that leaves for a while."""
    balancer = make_balancer(BalancerConfig.model_validate(variant), endpoints, Streams(seed).uniform("balancer"))
    picked = []
    for number in range(300):
        now = number / 100
        if number == 100:
            balancer.update(endpoints[:2] + endpoints[3:], now)
        if number == 200:
            balancer.update(endpoints, now)
        endpoint = balancer.pick(request_for(key=number, caller=number), now)
        endpoint.outstanding += 1
        picked.append(endpoint)
        for target in balancer.probe_targets(now):
            balancer.probed(target, target.outstanding, 0.010 * (1 + target.index), now)
        if number >= 20:
            done = picked[number - 20]
            done.outstanding -= 1
            balancer.answered(done, 0.010 * (1 + done.index), True, now)
    return [endpoint.index for endpoint in picked]


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_the_same_seed_gives_the_same_picks(variant, service, request_for):
    """Bit for bit."""
    assert history(variant, service(5), request_for) == history(variant, service(5), request_for)


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_only_eligible_instances_are_picked_and_all_are_used(variant, service, request_for):
    """The one that left gets nothing while it is away."""
    picked = history(variant, service(5), request_for)
    assert 2 not in picked[100:200]
    assert set(picked) == set(range(5))


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_an_empty_service_can_fill_again(variant, service, names, uniform):
    """Nobody is eligible for a while; the first that comes back gets all."""
    endpoints = service(3)
    balancer = make_balancer(BalancerConfig.model_validate(variant), [], uniform)
    balancer.update(endpoints, 1.0)
    balancer.update([], 2.0)
    balancer.update(endpoints[1:2], 3.0)
    assert names(balancer, 5) == "bbbbb"


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_a_balancer_says_what_it_needs_to_be_told(variant, service, uniform):
    """Only one learns from answers, only one asks for probes; what ignores weights says so."""
    config = BalancerConfig.model_validate(variant)
    balancer: Balancer = make_balancer(config, service(3), uniform)
    assert balancer.learns is (config.algorithm == "least_response_time")
    assert balancer.probes is (config.algorithm == "prequal")
    assert balancer.weighted is (config.algorithm not in ("random", "round_robin", "ip_hash", "prequal"))
    assert balancer.probes or balancer.probe_targets(0.0) == []
