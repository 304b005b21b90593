"""Everything that is wrong with a scenario is reported at once, with its place and the nearest right word."""

import json
import pickle
from enum import Enum
from typing import Annotated, Any, ClassVar, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from sim.scenario.errors import Problem, ScenarioError
from sim.scenario.locate import validate
from sim.scenario.overrides import apply_overrides
from sim.scenario.paths import parse_path
from sim.scenario.yaml import parse_yaml
from sim.values import Config


def seconds(value: float) -> float:
    """Stands for a value type with an opinion."""
    if value > 10:
        raise ValueError(f"{value:g} is more than 10 seconds")
    return value


def parse(value: object) -> float:
    """Stands for a value type with a unit."""
    return float(str(value).removesuffix("s"))


class Call(Config):
    shorthand: ClassVar[str] = "to"
    to: str
    timeout: Annotated[float, AfterValidator(seconds)] = 1.0


class Backoff(Config):
    base: float
    jitter: Literal["none", "full", "equal"] = "full"


class Retry(Config):
    attempts: Annotated[int, Field(gt=0, le=10)]
    backoff: Literal["none"] | float | Backoff = "none"
    on: tuple[Literal["timeout", 429, "5xx"], ...] = ()


class Balancer(Config):
    algorithm: Literal["round_robin", "least_connections", "maglev", "a", "b", "c", "d", "e", "f"] = "round_robin"


class Order(Enum):
    FIFO = "fifo"
    LIFO = "lifo"


class Work(Config):
    work: float


class CallStep(Config):
    call: Call


class Loop(Config):
    loop: "list[Step]"


def verb(step: Any) -> str | None:
    return next((key for key in ("work", "call", "loop") if key in step), None) if isinstance(step, dict) else None


Step = Annotated[
    Annotated[Work, Tag("work")] | Annotated[CallStep, Tag("call")] | Annotated[Loop, Tag("loop")], Discriminator(verb)
]


class Service(Config):
    kind: Literal["service"]
    instances: int = 1
    queue: Annotated[int, Field(ge=0)] | Literal["unbounded"] = 100
    order: Order = Order.FIFO
    balancer: Balancer = Balancer()
    retry: Retry | None = None
    steps: Annotated[list[Step], Field(min_length=1)] | None = None
    speed: tuple[float, float] = (1.0, 1.0)
    from_: str | None = Field(None, alias="from")
    sticky: bool = False
    pause: Annotated[float, Field(gt=0.0), BeforeValidator(parse)] = 1.0


class Cache(Config):
    kind: Literal["cache"]
    cache: Call | None = None
    size: int | None = None


class Document(Config):
    seed: int = 1
    components: dict[str, Annotated[Service | Cache, Discriminator("kind")]] | None = None

    @field_validator("seed")
    @classmethod
    def _lucky(cls, seed: int, info: ValidationInfo) -> int:
        if info.context is not None and seed == info.context["unlucky"]:
            raise ValueError(f"{seed} brings bad luck")
        return seed

    @model_validator(mode="after")
    def _not_too_many(self) -> "Document":
        if self.components and len(self.components) > 3:
            raise ValueError("more than three components")
        return self


Loop.model_rebuild()


def problems(text: str, context: dict[str, Any] | None = None, **overrides: object) -> list[str]:
    source = parse_yaml(text, "x.yaml")
    with pytest.raises(ScenarioError) as caught:
        validate(Document, apply_overrides(source, overrides), context)
    return str(caught.value).splitlines()


def service(body: str) -> list[str]:
    """The problems of one service, given as the inside of a flow mapping, without the common part of their paths."""
    lines = problems(f"components:\n  api:\n    kind: service\n    {body}\n")
    assert all(line.startswith("components.api") for line in lines)
    return [line.removeprefix("components.api").removeprefix(".").replace("  x.yaml", "  ") for line in lines]


def test_what_is_right_becomes_the_model() -> None:
    """Without problems there is no error."""
    text = "components: {api: {kind: service, steps: [{call: db}, {loop: [{work: 1}]}], queue: unbounded}}"
    document = validate(Document, parse_yaml(text, "x.yaml"))
    assert document.components is not None
    api = document.components["api"]
    assert isinstance(api, Service)
    assert api.queue == "unbounded"
    assert api.steps is not None
    assert [type(step) for step in api.steps] == [CallStep, Loop]
    assert api.steps[0] == CallStep(call=Call(to="db"))


WRONG = [
    ("instnaces: 4", ["instnaces: 'instnaces' is not known here; did you mean 'instances'?  :4:5"]),
    (
        "zzz: 4",
        ["zzz: 'zzz' is not known here; known: kind, instances, queue, order, balancer, retry, steps, speed, …  :4:5"],
    ),
    ("form: x", ["form: 'form' is not known here; did you mean 'from'?  :4:5"]),
    ("from: 5", ["from: needs a text, got the number 5  :4:11"]),
    ("instances: many", ["instances: needs a whole number, got the text 'many'  :4:16"]),
    ("instances: 2.5", ["instances: needs a whole number, got the number 2.5  :4:16"]),
    ("instances: null", ["instances: needs a whole number, got null  :4:16"]),
    ("sticky: {}", ["sticky: needs true or false, got a mapping  :4:13"]),
    ("pause: 0s", ["pause: must be above 0, not 0s  :4:12"]),
    ("order: fifi", ["order: 'fifi' is not known; did you mean 'fifo'?  :4:12"]),
    ("order: 5", ["order: needs one of 'fifo', 'lifo', got the number 5  :4:12"]),
    ("balancer: maglev", ["balancer: needs a mapping, got the text 'maglev'  :4:15"]),
    (
        "balancer: {algorithm: least_conn}",
        ["balancer.algorithm: 'least_conn' is not known; did you mean 'least_connections'?  :4:27"],
    ),
    (
        "balancer: {algorithm: xyz}",
        [
            "balancer.algorithm: 'xyz' is not known; "
            "known: round_robin, least_connections, maglev, a, b, c, d, e, …  :4:27"
        ],
    ),
    ("retry: {attempts: 0}", ["retry.attempts: must be above 0, not 0  :4:23"]),
    ("retry: {attempts: 11}", ["retry.attempts: must be at most 10, not 11  :4:23"]),
    ("retry: {}", ["retry: 'attempts' is missing  :4:5"]),
    ("retry: {atempts: 3}", ["retry.atempts: 'atempts' is not known here; did you mean 'attempts'?  :4:13"]),
    ("retry: {attempts: 2, on: 5xx}", ["retry.on: needs a list, got the text '5xx'  :4:30"]),
    (
        "retry: {attempts: 2, on: [timeuot, 430, 5xx, []]}",
        [
            "retry.on[0]: 'timeuot' is not known; did you mean 'timeout'?  :4:31",
            "retry.on[1]: needs one of 'timeout', 429, '5xx', got the number 430  :4:40",
            "retry.on[3]: needs one of 'timeout', 429, '5xx', got a list  :4:50",
        ],
    ),
    ("speed: [1]", ["speed: item [1] is missing  :4:5"]),
    ("speed: [1, fast]", ["speed[1]: needs a number, got the text 'fast'  :4:16"]),
    ("steps: []", ["steps: needs at least 1 item  :4:12"]),
    ("steps: [{wrok: 1}]", ["steps[0].wrok: 'wrok' is not known here; did you mean 'work'?  :4:14"]),
    ("steps: [{zzz: 1}]", ["steps[0].zzz: 'zzz' is not known here; known: work, call, loop  :4:14"]),
    ("steps: [{x: 1, y: 2}]", ["steps[0]: needs one of 'work', 'call', 'loop', got a mapping  :4:13"]),
    ("steps: [wrok]", ["steps[0]: 'wrok' is not known; did you mean 'work'?  :4:13"]),
    (
        "steps: [{work: x, cal: 1}]",
        [
            "steps[0].work: needs a number, got the text 'x'  :4:20",
            "steps[0].cal: 'cal' is not known here; known: work  :4:23",
        ],
    ),
    ("steps: [{call: 5}]", ["steps[0].call: needs a text, got the number 5  :4:20"]),
    ("steps: [{call: {too: db}}]", ["steps[0].call.too: 'too' is not known here; did you mean 'to'?  :4:21"]),
    ("steps: [{call: {to: db, timeout: 11}}]", ["steps[0].call.timeout: 11 is more than 10 seconds  :4:38"]),
    (
        "steps: [{loop: [{loop: [{work: x}]}]}]",
        ["steps[0].loop[0].loop[0].work: needs a number, got the text 'x'  :4:36"],
    ),
]


@pytest.mark.parametrize(("body", "lines"), WRONG)
def test_what_the_model_refuses(body: str, lines: list[str]) -> None:
    """Path, message and place; an unknown key stands for itself, a missing one for the mapping that lacks it."""
    assert service(body) == lines


NEAREST_BRANCH = [
    ("queue: unbouned", "queue: 'unbouned' is not known; did you mean 'unbounded'?  :4:12"),
    ("queue: -1", "queue: must be at least 0, not -1; or write 'unbounded'  :4:12"),
    ("queue: x", "queue: needs a whole number, got the text 'x'; or write 'unbounded'  :4:12"),
    ("retry: {attempts: 1, backoff: nne}", "retry.backoff: 'nne' is not known; did you mean 'none'?  :4:35"),
    ("retry: {attempts: 1, backoff: {}}", "retry.backoff: 'base' is missing  :4:26"),
    (
        "retry: {attempts: 1, backoff: {bse: 1}}",
        "retry.backoff.bse: 'bse' is not known here; did you mean 'base'?  :4:36",
    ),
    (
        "retry: {attempts: 1, backoff: {base: 1, jitter: ful}}",
        "retry.backoff.jitter: 'ful' is not known; did you mean 'full'?  :4:53",
    ),
    ("retry: {attempts: 1, backoff: []}", "retry.backoff: needs a number, got a list; or write 'none'  :4:35"),
]


@pytest.mark.parametrize(("body", "line"), NEAREST_BRANCH)
def test_of_several_forms_the_nearest_is_meant(body: str, line: str) -> None:
    """A value that may be one of several things is told what it lacks for that which it resembles."""
    assert service(body) == [line]


@pytest.mark.parametrize(
    ("component", "line"),
    [
        ("{kind: servce}", "components.x.kind: 'servce' is not known; did you mean 'service'?  x.yaml:1:24"),
        ("{}", "components.x: 'kind' is missing; write one of 'service', 'cache'  x.yaml:1:14"),
        ("{knd: cache}", "components.x.knd: 'knd' is not known here; did you mean 'kind'?  x.yaml:1:18"),
        ("cache", "components.x: needs a mapping, got the text 'cache'  x.yaml:1:17"),
        ("{kind: cache, cache: {to: 5}}", "components.x.cache.to: needs a text, got the number 5  x.yaml:1:43"),
        ("{kind: cache, cache: db, size: x}", "components.x.size: needs a whole number, got the text 'x'  x.yaml:1:48"),
    ],
)
def test_the_kind_decides_what_is_known(component: str, line: str) -> None:
    """A key that is called as its kind is not taken for it."""
    assert problems(f"components: {{x: {component}}}") == [line]


def test_what_validators_say_is_kept() -> None:
    """With the context that was handed in, and for the document as a whole."""
    assert problems("seed: 13", {"unlucky": 13}) == ["seed: 13 brings bad luck  x.yaml:1:7"]
    four = "components: {a: {kind: cache}, b: {kind: cache}, c: {kind: cache}, d: {kind: cache}}"
    assert problems(four) == ["more than three components  x.yaml:1:1"]
    assert problems("- 1") == ["needs a mapping, got a list  x.yaml:1:1"]


def test_all_problems_are_reported_at_once() -> None:
    """YAML's traps and the model's refusals together, in the order of the file."""
    text = """\
seed: on
componets: {}
components:
  a: {kind: service, instances: 1e3, queue: x}
  b: {kind: cahce, kind: cache}
"""
    assert problems(text) == [
        "seed: 'on' is read as a truth value by some YAML readers; write true or quote it  x.yaml:1:7",
        "componets: 'componets' is not known here; did you mean 'components'?  x.yaml:2:1",
        "components.a.instances: '1e3' is a number to some YAML readers and a text to others; write 1000 or quote it"
        "  x.yaml:4:33",
        "components.a.queue: needs a whole number, got the text 'x'; or write 'unbounded'  x.yaml:4:45",
        "components.b.kind: 'kind' is written twice; the first is on line 5  x.yaml:5:20",
    ]


def test_a_trap_where_a_text_would_do_is_still_an_error() -> None:
    """Even if the model would take it."""
    assert problems("components: {a: {kind: service, from: NO}}") == [
        "components.a.from: 'NO' is read as a truth value by some YAML readers; write false or quote it  x.yaml:1:39"
    ]


def test_a_problem_with_an_override_points_to_it() -> None:
    """A file position would mislead."""
    text = "components:\n  search: {kind: service}\n"
    path = "components.search.instances"
    assert problems(text, **{path: "x"}) == [f"{path}: needs a whole number, got the text 'x'  --set {path}"]
    path = "components.search.retry.on"
    assert problems(text, **{path: "[]"}) == [f"components.search.retry: 'attempts' is missing  --set {path}"]


def test_an_override_of_a_misspelt_component_is_explained() -> None:
    """It creates a component that lacks everything; the message says which one was probably meant."""
    text = "components:\n  search: {kind: service}\n"
    assert problems(text, **{"components.serach.instances": "8"}) == [
        "components.serach: 'kind' is missing; write one of 'service', 'cache'; "
        "there was no 'serach' before, did you mean 'search'?  --set components.serach.instances"
    ]


def test_an_aliased_problem_is_shown_where_it_is_written() -> None:
    """Once for each use, at the place that has to be mended."""
    text = "components:\n  a: &a {kind: cache, size: x}\n  b: *a\n"
    assert problems(text) == [
        "components.a.size: needs a whole number, got the text 'x'  x.yaml:2:29",
        "components.b.size: needs a whole number, got the text 'x'  x.yaml:2:29",
    ]


def test_a_problem_is_one_line() -> None:
    """Path, message, place; what is not known is left out."""
    assert str(Problem("a.b", "is wrong", "x.yaml", 3, 7)) == "a.b: is wrong  x.yaml:3:7"
    assert str(Problem("", "is empty", "x.yaml")) == "is empty  x.yaml"
    assert str(Problem("a", "one\ntwo", "--set a")) == "a: one two  --set a"


def test_problems_are_sorted_by_place() -> None:
    """Whatever finds them first."""
    places = [(10, 1), (2, 5), (2, 30), (2, 4)]
    error = ScenarioError(Problem("a", "no", "x.yaml", *place) for place in places)
    assert [(problem.line, problem.column) for problem in error.problems] == sorted(places)


def test_a_long_list_is_cut() -> None:
    """Twenty-five are enough to start with; the error holds all."""
    error = ScenarioError(Problem("a", "no", "x.yaml", line, 1) for line in range(1, 31))
    lines = str(error).splitlines()
    assert len(lines) == 26
    assert lines[24:] == ["a: no  x.yaml:25:1", "… and 5 more"]
    assert len(error.problems) == 30


def test_an_error_can_be_pickled() -> None:
    """It comes back from other processes."""
    error = ScenarioError([Problem("a", "no", "x.yaml", 1, 1)])
    assert pickle.loads(pickle.dumps(error)).problems == error.problems


KEYS = st.sampled_from(
    [
        "seed",
        "components",
        "kind",
        "steps",
        "work",
        "call",
        "loop",
        "to",
        "retry",
        "backoff",
        "base",
        "on",
        "speed",
        "from",
    ]
)
SCALARS = st.sampled_from([None, True, 0, -1, 2.5, "x", "service", "cache", "none", "timeout", "unbounded", "fifo"])
TREES = st.recursive(
    SCALARS, lambda it: st.lists(it, max_size=3) | st.dictionaries(KEYS, it, max_size=4), max_leaves=15
)
COMPONENTS = st.dictionaries(
    KEYS, st.dictionaries(KEYS, TREES, max_size=5).map(lambda body: {"kind": "service"} | body)
)


@settings(deadline=None)
@given(st.fixed_dictionaries({"components": COMPONENTS}, optional={"seed": TREES, "steps": TREES}))
def test_whatever_is_wrong_is_located(data: dict[str, Any]) -> None:
    """Every problem has a line and a path that leads through the data."""
    source = parse_yaml(json.dumps(data), "x.yaml")
    try:
        validate(Document, source)
    except ScenarioError as error:
        for problem in error.problems:
            assert problem.line == 1
            value = data
            for segment in parse_path(problem.path) if problem.path else ():
                value = value[segment]
