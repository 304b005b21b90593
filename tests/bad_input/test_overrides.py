"""Overrides that cannot be: the complaint names the override and not a place in the file, where nothing is wrong."""

# ruff: noqa: E501 - a message is one line

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sim.scenario import ScenarioError, load

Complain = Callable[..., list[str]]

OTHER_TYPE = "is a number to some YAML readers and a text to others; write"

# fmt: off
WRONG: list[tuple[str, object, str]] = [
    # a path that leads nowhere
    ("", "8", "is not a path; write it like components.search.instances or events[0].at"),
    ("components..api", "8", "components..api: is not a path; write it like components.search.instances or events[0].at"),
    ("events[-1].at", "8s", "events[-1].at: is not a path; write it like components.search.instances or events[0].at"),
    ("events[2].at", "8s", "events[2].at: events has 2 items, [0] to [1]; there is no [2]"),
    ("objectives[1]", "p99 < 1s", "objectives[1]: objectives has 1 item; there is no [1]"),
    ("events.crash", "db", "events.crash: events is a list; name an item by its number, [0] is the first"),
    ("components[0].kind", "cache", "components[0].kind: components is a mapping, and [0] is for lists; write .0"),
    ("components.api.speed[0]", 2, "components.api.speed[0]: components.api.speed is not written, so it has no [0]; set all of it"),
    ("components.api.instances.most", 8, "components.api.instances.most: components.api.instances is the number 3, and nothing can be set inside it; set all of it"),
    # a misspelt word on it
    ("sed", "7", "sed: 'sed' is not known here; did you mean 'seed'?"),
    ("component.api.instances", "8", "component: 'component' is not known here; did you mean 'components'?"),
    ("components.api.instnaces", "8", "components.api.instnaces: 'instnaces' is not known here; did you mean 'instances'?"),
    ("components.apii.instances", "8", "components.apii: 'kind' is missing; write one of 'cdn', 'waf', 'gateway', 'service', 'cache', 'database', 'external', 'queue', …; there was no 'apii' before, did you mean 'api'?"),
    ("components.bank.latency.exponental", "5ms", "components.bank.latency.exponental: 'exponental' is not a part of {exponential: MEAN}; did you mean 'exponential'?"),
    ("network.between.api/dbb", "5ms", 'network.between."api/dbb": there is no component or client \'dbb\'; did you mean \'db\'?'),
    ("network.between.gateway/api.los", "1%", 'network.between."gateway/api".los: \'los\' is not known here; did you mean \'loss\'?'),
    # a value that YAML does not hold, or not without a doubt
    ("seed", "", "seed: is empty"),
    ("seed", "on", "seed: 'on' is read as a truth value by some YAML readers; write true or quote it"),
    ("seed", "1e3", f"seed: '1e3' {OTHER_TYPE} 1000 or quote it"),
    ("seed", "[1", "seed: a ',' or the end of the '[' that starts on line 1 is missing"),
    ("seed", "!!python/name:os.system x", "seed: tags such as '!!python/name:os.system' are not part of the language"),
    ("seed", "1\n---\n2", "seed: a second document starts here; a scenario is one document"),
    ("seed", float("nan"), "seed: needs a value that YAML can hold, got nan"),
    ("seed", {1, 2}, "seed: needs a value that YAML can hold, got {1, 2}"),
    ("seed", {1: 2}, "seed: needs a value that YAML can hold, got {1: 2}"),
    ("seed", 10**5000, "seed: needs a value that YAML can hold, got a number of that size"),
    ("network", "loss: 1%\nloss: 2%", "network.loss: 'loss' is written twice; the first is on line 1"),
    # a value that does not fit
    ("seed", True, "seed: needs a whole number, got true"),
    ("seed", "'7'", "seed: needs a whole number, got the text '7'"),
    ("seed", np.float64(7), "seed: needs a whole number, got the number 7.0"),
    ("duration", 60, "duration: 60 needs a unit; a duration is written like 60ms, 60s, 60m"),
    ("duration", np.int64(60), "duration: 60 needs a unit; a duration is written like 60ms, 60s, 60m"),
    ("components.api", "8", "components.api: needs a mapping, got the number 8"),
    ("components.api", None, "components.api: needs a mapping, got null"),
    ("components.api.instances", 0, "components.api.instances: must be at least 1, not 0"),
    ("components.api.instances", "eight", "components.api.instances: 'eight' is not a count; one is written like 500, 20k or 1.5M"),
    ("components.api.queue", -1, "components.api.queue: -1 is negative; a count cannot be; or write 'unbounded'"),
    ("components.api.steps[0].call", "db", "components.api.steps[0].call: stands beside work; give one of work, call, parallel, read_through, publish, session and no more"),
    ("components.bank.latency.exponential", "5", "components.bank.latency.exponential: 5 needs a unit; a duration is written like 5ms, 5s, 5m"),
    ("clients.app.retry.on", "[timeuot]", "clients.app.retry.on[0]: 'timeuot' is not known; did you mean 'timeout'?"),
    # a name that is not there
    ("components.api.steps[2].call", "bnk", "components.api.steps[2].call: there is no component 'bnk'; did you mean 'bank'?"),
    ("components.api.steps[2].call.to", "bnk", "components.api.steps[2].call.to: there is no component 'bnk'; did you mean 'bank'?"),
    ("components.new.kind", "cache", "components.new: nobody reads this cache"),
    ("events[0].crash", "ap", "events[0].crash: there is no component 'ap'; did you mean 'api'?"),
    ("objectives[0]", "p99 < 5", "objectives[0]: 5 needs a unit; a duration is written like 5ms, 5s, 5m"),
]
# fmt: on


@pytest.mark.parametrize(("path", "value", "message"), WRONG, ids=[message[:60] for _, _, message in WRONG])
def test_what_cannot_be_set(complaints: Complain, path: str, value: object, message: str) -> None:
    """The path of the culprit, what is wrong with it, and the override."""
    assert complaints(overrides={path: value}) == [f"{message}  --set {path}"]


def test_an_unknown_client_lacks_everything(complaints: Complain) -> None:
    """Each thing it lacks is named, and the client that was probably meant."""
    assert complaints(overrides={"clients.ap.timeout": "1s"}) == [
        "clients.ap: 'traffic' is missing; there was no 'ap' before, did you mean 'app'?  --set clients.ap.timeout",
        "clients.ap: 'to' is missing; there was no 'ap' before, did you mean 'app'?  --set clients.ap.timeout",
    ]


def test_all_overrides_are_judged_at_once(complaints: Complain) -> None:
    """Together with what is wrong in the file."""
    overrides = {"sed": 3, "components.api.workers": "x", "events[7].at": "1s"}
    assert complaints("timeout: 2s", "timeout: 2", overrides=overrides) == [
        "components.api.workers: 'x' is not a count; one is written like 500, 20k or 1.5M  --set components.api.workers",
        "events[7].at: events has 2 items, [0] to [1]; there is no [7]  --set events[7].at",
        "sed: 'sed' is not known here; did you mean 'seed'?  --set sed",
        "clients.app.timeout: 2 needs a unit; a duration is written like 2ms, 2s, 2m  :12:14",
    ]


def test_what_an_override_makes_wrong_elsewhere_is_shown_there(complaints: Complain) -> None:
    """A shorter run leaves nothing after the warm-up, which stands in the file."""
    assert complaints(overrides={"duration": "5s"}) == ["warmup: a warm-up of 5s leaves nothing of 5s  :4:9"]


def test_a_scenario_survives_a_wrong_variant_of_it(folder: Path) -> None:
    """What is refused changes nothing."""
    scenario = load("shop.yaml")
    with pytest.raises(ScenarioError):
        scenario.with_({"components.api.instances": 0})
    assert scenario.with_({"components.api.instances": 4}).document.components["api"].instances == 4
    assert scenario.document.components["api"].instances == 3


def test_an_override_finds_the_mapping_that_a_scalar_is_short_for(folder: Path) -> None:
    """`balancer: least_request` is short for a mapping with one key: it and its siblings can be set by their paths."""
    shop = folder / "shop.yaml"
    assert (
        load(shop, {"components.api.balancer.algorithm": "random"}).document.components["api"].balancer.algorithm
        == "random"
    )
    balancer = load(shop, {"components.api.balancer.choices": "2"}).document.components["api"].balancer
    assert (balancer.algorithm, balancer.choices) == ("least_request", 2)
    with pytest.raises(
        ScenarioError, match=r"components\.api\.balancer\.choces: 'choces' is not known here; did you mean 'choices'"
    ):
        load(shop, {"components.api.balancer.choces": "2"})


def test_an_override_finds_what_a_value_in_a_mapping_or_a_list_is_short_for(folder: Path) -> None:
    """A latency is short for what is said of a pair, and a text for a kind of request."""
    shop = folder / "shop.yaml"
    lossy = load(shop, {"network.between.gateway/api.loss": "1%", "network.between.api/db.jitter": "5%"})
    links = lossy.document.network.between
    assert (links["gateway/api"].latency.mean, links["gateway/api"].loss, links["api/db"].jitter) == (0.002, 0.01, 0.05)
    shop.write_text(shop.read_text().replace("{send: POST /orders, weight: 1}", "POST /orders"))
    assert load(shop, {"clients.app.requests[1].weight": "3"}).document.clients["app"].requests[1].weight == 3.0


def test_an_override_tells_a_pairs_latency_from_the_pair(folder: Path) -> None:
    """A distribution is short for a latency: its own keys can be set as they can, and so can those beside it."""
    shop = folder / "shop.yaml"
    shop.write_text(shop.read_text().replace("{gateway/api: 2ms}", "{gateway/api: {p50: 2ms, p99: 5ms}}"))
    overrides = {"network.between.gateway/api.p99": "9ms", "network.between.gateway/api.loss": "1%"}
    link = load(shop, overrides).document.network.between["gateway/api"]
    assert link.latency.to_yaml() == {"p50": "2ms", "p99": "9ms"}
    assert link.loss == 0.01


CHOOSY = "balancer: {algorithm: least_request, choices: 2, panic_threshold: 30%}"


def test_a_comparison_over_algorithms_varies_the_algorithm_alone(folder: Path) -> None:
    """What the file wrote for the other algorithm is left out with a warning; what it wrote for all stays."""
    both = f"{CHOOSY}\n    outlier_ejection: {{}}"
    text = (folder / "shop.yaml").read_text().replace("balancer: least_request", both)
    (folder / "shop.yaml").write_text(text)
    shop = load("shop.yaml")
    for algorithm in ("round_robin", "random", "consistent_hash", "prequal"):
        variant = shop.with_({"components.api.balancer.algorithm": algorithm})
        assert variant.document.components["api"].balancer.algorithm == algorithm
        assert variant.data["components"]["api"]["balancer"] == {"algorithm": algorithm, "panic_threshold": "30%"}
        text = f"components.api.balancer.choices: left out, for {algorithm} does not read it  shop.yaml:25:42"
        assert [str(warning) for warning in variant.warnings] == [text]
    same = shop.with_({"components.api.balancer.algorithm": "least_response_time"})
    assert same.document.components["api"].balancer.choices == 2
    assert same.warnings == ()


@pytest.mark.parametrize("first", ["choices", "algorithm"])
def test_an_option_that_is_set_beside_an_algorithm_that_does_not_read_it_is_wrong(
    complaints: Complain, first: str
) -> None:
    """Whoever sets it means it; the order does not matter."""
    overrides: dict[str, object] = {"components.api.balancer.algorithm": "random", "components.api.balancer.choices": 3}
    if first == "choices":
        overrides = dict(reversed(overrides.items()))
    text = "'choices' means nothing to random; it belongs to least_request and least_response_time"
    assert complaints("balancer: least_request", CHOOSY, overrides=overrides) == [
        f"components.api.balancer.choices: {text}  --set components.api.balancer.choices"
    ]
