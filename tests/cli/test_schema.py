"""`sim schema`: the language as a JSON Schema that an editor can use."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from sim.cli import main
from sim.scenario import shipped_scenarios
from sim.scenario.yaml import load_yaml


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """What the command prints."""
    result = CliRunner().invoke(main, ["schema"])
    assert (result.exit_code, result.stderr) == (0, "")
    loaded: dict[str, Any] = json.loads(result.stdout)
    return loaded


@pytest.fixture(scope="module")
def validator(schema: dict[str, Any]) -> Draft202012Validator:
    """Judges plain data."""
    return Draft202012Validator(schema)


def properties(schema: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every property anywhere in a schema."""
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
            for name, described in schema["properties"].items():
                yield f"{path}.{name}", described
        for key, inner in schema.items():
            yield from properties(inner, f"{path}/{key}")
    elif isinstance(schema, list):
        for number, inner in enumerate(schema):
            yield from properties(inner, f"{path}/{number}")


def test_it_is_a_schema_of_the_2020_draft(schema: dict[str, Any]) -> None:
    """With a title and a name of its own."""
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"] == "tailsim scenario"
    assert schema["$id"].startswith("urn:")


def test_every_property_says_what_it_is(schema: dict[str, Any]) -> None:
    """Descriptions are what an editor shows; steps, policies and events have them too."""
    found = dict(properties(schema))
    assert [path for path, described in found.items() if not described.get("description")] == []
    last = {path.rpartition(".")[2] for path in found}
    assert {"read_through", "parallel", "authenticate", "rate_limit", "spike", "crash", "restart_after"} <= last


@pytest.mark.parametrize("path", shipped_scenarios(), ids=lambda path: path.stem)
def test_shipped_scenarios_conform(validator: Draft202012Validator, path: Path) -> None:
    """What runs is what the schema allows."""
    assert [error.json_path for error in validator.iter_errors(load_yaml(path).data)] == []


@pytest.mark.parametrize("name", ["quickstart", "mmc", "retry_storm", "replay", "global_failover"])
def test_examples_conform(validator: Draft202012Validator, shared: Path, name: str) -> None:
    """So are the examples of the language."""
    data = load_yaml(shared / "examples" / f"{name}.yaml").data
    assert [error.json_path for error in validator.iter_errors(data)] == []


WRONG: list[tuple[tuple[str | int, ...], Any]] = [
    (("duration",), 5),
    (("duration",), "5 parsecs"),
    (("colour",), "blue"),
    (("components", "search", "kind"), "servcie"),
    (("components", "search", "worker"), 4),
    (("components", "search", "steps", 0), {"wrok": "5ms"}),
    (("components", "search", "steps", 0, "work"), {"p50": "4ms", "p98": "9ms"}),
    (("components", "search", "balancer", "algorithm"), "least_conn"),
    (("components", "gateway", "policies", 0), {"authenticate": {"reject": "lots"}}),
    (("clients", "browser", "traffic", "rate"), "many"),
    (("clients", "browser", "retry", "on"), ["timeouts"]),
    (("events", 0), {"at": "5s", "explode": "search"}),
    (("events", 0, "at"), "soon"),
]


@pytest.mark.parametrize(("where", "value"), WRONG, ids=lambda part: str(part))
def test_wrong_scenarios_do_not_conform(
    validator: Draft202012Validator, where: tuple[str | int, ...], value: Any
) -> None:
    """An editor underlines what `sim validate` refuses."""
    quickstart = next(path for path in shipped_scenarios() if path.stem == "quickstart")
    data = copy.deepcopy(load_yaml(quickstart).data)
    place = data
    for key in where[:-1]:
        place = place[key]
    assert validator.is_valid(data)
    place[where[-1]] = value
    assert not validator.is_valid(data)
