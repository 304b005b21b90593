"""The JSON Schema describes every word of the language, accepts what loads, and sees in an editor what is wrong."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sim.scenario import shipped_scenarios
from sim.scenario.document import Document
from sim.scenario.overrides import apply_overrides
from sim.scenario.yaml import load_yaml
from sim.values import SpelledDefaults

SCHEMA = Document.model_json_schema(schema_generator=SpelledDefaults)
QUICKSTART = next(file for file in shipped_scenarios() if file.stem == "quickstart")


def objects(node: Any) -> Iterator[dict[str, Any]]:
    """All parts of the schema that name properties."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict):
            yield node
        for inner in node.values():
            yield from objects(inner)
    if isinstance(node, list):
        for inner in node:
            yield from objects(inner)


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    target: dict[str, Any] = SCHEMA["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else {}
    return target | node


def test_it_is_a_json_schema() -> None:
    """A valid one, of the dialect that editors know."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_property_is_described() -> None:
    """The description is what an editor shows beside the word; steps, policies and events have one too."""
    names = {name for each in objects(SCHEMA) for name in each["properties"]}
    assert {"read_through", "parallel", "authenticate", "rate_limit", "spike", "crash", "restart_after"} <= names
    silent = [name for each in objects(SCHEMA) for name, prop in each["properties"].items() if not description(prop)]
    assert silent == []


def description(prop: dict[str, Any]) -> str:
    text: str = resolved(prop).get("description", "")
    return text.strip()


def test_descriptions_are_sentences() -> None:
    """With a capital, and a full stop."""
    for each in objects(SCHEMA):
        for prop in each["properties"].values():
            text = description(prop)
            assert text[0].isupper() or text[0] in "`*", text
            assert text.endswith("."), text


def test_no_mapping_is_open() -> None:
    """An unknown key is an error everywhere, so a misspelt one is underlined."""
    assert [each for each in objects(SCHEMA) if each.get("additionalProperties") is not False] == []


def test_bounds_are_in_the_words_of_json_schema() -> None:
    """pydantic's own words for them would be ignored."""
    assert resolved(SCHEMA["$defs"]["Slow"]["properties"]["factor"])["exclusiveMinimum"] == 0
    for each in objects(SCHEMA):
        for prop in each["properties"].values():
            assert not {"ge", "gt", "le", "lt"} & set(prop)


def test_an_event_that_is_over_at_once_has_no_length() -> None:
    """An editor does not offer `for` where it is an error."""
    momentary = [name for name in ("Flush", "Failback", "Promote") if "for" in SCHEMA["$defs"][name]["properties"]]
    assert momentary == []
    assert "for" in SCHEMA["$defs"]["Drain"]["properties"]


def problems(file: Path, overrides: dict[str, object]) -> list[str]:
    source = apply_overrides(load_yaml(file), overrides)
    assert source.problems == ()
    validator = jsonschema.Draft202012Validator(SCHEMA)
    return ["/".join(map(str, error.absolute_path)) for error in validator.iter_errors(source.data)]


@pytest.mark.parametrize("file", shipped_scenarios(), ids=lambda file: file.stem)
def test_it_accepts_what_is_right(file: Path) -> None:
    """All scenarios that come with the package."""
    assert problems(file, {}) == []


@pytest.mark.parametrize("name", ["quickstart", "mmc", "replay", "retry_storm", "global_failover"])
def test_it_accepts_the_examples(shared: Path, name: str) -> None:
    """All that this version can run."""
    assert problems(shared / "examples" / f"{name}.yaml", {}) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("clients.browser.retry", "3"),
        ("clients.browser.retry.on", "5xx"),
        ("clients.browser.retry.on", "[timeout, 429]"),
        ("clients.browser.retry.backoff", "none"),
        ("clients.browser.traffic", "300/s"),
        ("clients.browser.traffic", "{users: 20k, think: {exponential: 5s}}"),
        ("components.search.queue", "unbounded"),
        ("components.search.workers", "2k"),
        ("components.search.balancer", "random"),
        (
            "components.search.steps[0].work",
            "{mixture: [{weight: 9, of: 2ms}, {weight: 10%, of: {exponential: 4ms}}]}",
        ),
        ("components.gateway.routes[0].match", "{host: shop.example, path: /search, method: [GET, HEAD]}"),
        ("events[0]", "{at: 1s, for: 2s, partition: {between: [search, catalog_db]}}"),
        ("network.loss", "0.01"),
        ("network.between", "{edge/gateway: 5ms, gateway/search: {p50: 1ms, p99: 4ms}}"),
        ("network.between", "{edge/gateway: {latency: {exponential: 1ms}, loss: 1%, bandwidth: 1Gbit/s}}"),
    ],
)
def test_it_knows_the_short_and_the_long_forms(path: str, value: str) -> None:
    """Whatever may be written as a scalar or a list may be."""
    assert problems(QUICKSTART, {path: value}) == []


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("duration", 180, "duration"),
        ("duration", "3min", "duration"),
        ("seed", "'7'", "seed"),
        ("seed", "true", "seed"),
        ("sed", 7, ""),
        ("scenario", "''", "scenario"),
        ("clients", "{}", "clients"),
        ("clients.browser.timeout", 2, "clients/browser/timeout"),
        ("clients.browser.timeuot", "2s", "clients/browser"),
        ("clients.browser.traffic", "{rate: 300}", "clients/browser/traffic"),
        ("clients.browser.retry.on", "[timeouts]", "clients/browser/retry"),
        ("clients.browser.retry.backoff.jitter", "ful", "clients/browser/retry"),
        ("clients.browser.requests[0].idempotency_key", "1", "clients/browser/requests/0"),
        ('clients."a b"', "{traffic: 1/s, to: edge}", "clients"),
        ("components.search.kind", "servce", "components/search"),
        ("components.search.instances", 2.5, "components/search"),
        ("components.search.steps[0]", "{}", "components/search"),
        ("components.search.steps[0].call", "catalog_db", "components/search"),
        ("components.search.order", "random", "components/search"),
        ("components.search.worker", 4, "components/search"),
        ("components.search.steps[0]", "{wrok: 5ms}", "components/search"),
        ("components.search.steps[0].work", "{p50: 4ms, p98: 9ms}", "components/search"),
        ("components.search.balancer.algorithm", "least_conn", "components/search"),
        ("components.gateway.policies[0]", "{authenticate: {reject: lots}}", "components/gateway"),
        ("events[0].crsh", "search", "events/0"),
        ("events[0].at", "soon", "events/0"),
        ("events[1].factor", "0", "events/1"),
        ("events[0]", "{at: 1s, for: 2s, promote: db@eu}", "events/0"),
        ("regions", "{us: {role: idle}}", "regions/us/role"),
        ("network.loss", "5/s", "network/loss"),
        ("network.bandwidth", "100Mbps", "network/bandwidth"),
        ("network.between", "{edge/gateway: {}}", "network/between/edge/gateway"),
        ("network.between", "{edge/gateway: {lss: 1%}}", "network/between/edge/gateway"),
        ("objectives", "p99 < 300ms", "objectives"),
    ],
)
def test_it_refuses_what_is_wrong(path: str, value: object, place: str) -> None:
    """Units, kinds of values, words and unknown keys; what needs the whole document it leaves to the loading."""
    assert problems(QUICKSTART, {path: value}) == [place]
