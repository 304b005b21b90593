"""A partial document holds what can be understood of a wrong one, and whoever asks for the rest is told so."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal, Self

import pytest
from pydantic import Discriminator, Field, model_validator

from sim.scenario.partial import Gap, partial
from sim.scenario.yaml import parse_yaml
from sim.values import Config, Unknown, known, wrong_key


class Call(Config):
    shorthand: ClassVar[str | None] = "to"
    to: str
    times: int = 1


class Service(Config):
    kind: Literal["service"]
    low: int = 0
    high: int = 9
    for_: int | None = Field(None, alias="for")
    calls: list[Call] = Field(default_factory=list)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low > self.high:
            raise wrong_key("high", "is below low")
        return self

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if not self.calls and self.for_ is None:
            raise ValueError("'calls' or 'for' is missing")
        return self


class Cache(Config):
    kind: Literal["cache"]


class Document(Config):
    seed: int
    parts: dict[str, Annotated[Service | Cache, Discriminator("kind")]]
    words: list[str] = Field(default_factory=list)


def read(text: str) -> tuple[Document, list[str]]:
    document, problems = partial(Document, parse_yaml(text, "x.yaml"), None)
    return document, [str(problem) for problem in problems]


def test_what_is_right_is_all_there() -> None:
    """Defaults, aliases and shorthands too, as strict reading has it."""
    text = "{seed: 3, parts: {a: {kind: service, for: 5, calls: [b, {to: c, times: 2}]}, b: {kind: cache}}}"
    document, problems = read(text)
    assert document == Document.model_validate(parse_yaml(text, "x.yaml").data)
    assert problems == []


@pytest.mark.parametrize("low", ["x", "[1]", "null", "010", "{}"])
def test_a_wrong_value_is_not_known_and_all_others_are(low: str) -> None:
    document, problems = read(f"{{seed: 3, parts: {{a: {{kind: service, low: {low}, high: 5, for: 1}}}}, words: [x]}}")
    service = document.parts["a"]
    assert isinstance(service, Service)
    assert (document.seed, document.words, service.kind, service.high, service.for_) == (3, ["x"], "service", 5, 1)
    with pytest.raises(Unknown):
        _ = service.low
    assert problems == []


def test_what_is_missing_is_not_known() -> None:
    """And is no default."""
    document, _ = read("parts: {a: {kind: service, calls: [{times: 2}]}}")
    service = document.parts["a"]
    assert isinstance(service, Service)
    assert service.calls[0].times == 2
    with pytest.raises(Unknown):
        _ = service.calls[0].to
    with pytest.raises(Unknown):
        _ = document.seed


def test_what_a_misspelt_key_means_is_not_known() -> None:
    """Its default is not meant; a key that resembles none takes nothing away."""
    document, _ = read("{seed: 3, parts: {a: {kind: service, hihg: 5, zzz: 1, for: 1}}}")
    service = document.parts["a"]
    assert isinstance(service, Service)
    assert (service.low, service.model_extra) == (0, {"hihg": 5, "zzz": 1})
    with pytest.raises(Unknown):
        _ = service.high


def test_a_wrong_item_leaves_a_gap() -> None:
    """The others keep their places and names."""
    document, _ = read("{seed: 3, parts: {a: {kind: servce}, b: {kind: cache}, c: 5}, words: [x, 5, y]}")
    assert [type(part) for part in document.parts.values()] == [Gap, Cache, Gap]
    assert [word if isinstance(word, str) else None for word in document.words] == ["x", None, "y"]
    with pytest.raises(Unknown):
        _ = document.parts["a"].kind


def test_what_is_no_mapping_at_all_is_a_gap() -> None:
    document, _ = read("[1, 2]")
    assert isinstance(document, Gap)


def test_what_does_not_fit_together_is_told_beside_a_wrong_value() -> None:
    """What a check blames is not known afterwards; a check that needs what is not known says nothing."""
    document, problems = read("{seed: 3, parts: {a: {kind: service, low: 5, high: 1, for: x, calls: []}}}")
    assert problems == ["parts.a.high: is below low  x.yaml:1:46"]
    with pytest.raises(Unknown):
        _ = document.parts["a"].high  # type: ignore[union-attr]


def test_where_something_is_missing_nothing_that_is_not_written_is_known() -> None:
    document, problems = read("{seed: x, parts: {a: {kind: service, low: 5}}}")
    service = document.parts["a"]
    assert isinstance(service, Service)
    assert problems == ["parts.a: 'calls' or 'for' is missing  x.yaml:1:19"]
    assert service.low == 5
    with pytest.raises(Unknown):
        _ = service.high


def test_a_check_goes_as_far_as_things_are_known() -> None:
    def check(document: Document) -> Iterator[int]:
        yield 1
        yield document.seed
        yield 2

    assert list(known(check(read("{seed: x, parts: {a: {kind: cache}}}")[0]))) == [1]
    assert list(known(check(read("{seed: 3, parts: {a: {kind: cache}}}")[0]))) == [1, 3, 2]
