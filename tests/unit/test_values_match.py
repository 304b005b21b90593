"""Which requests a rule is for, and which rules leave nothing to the rules behind them."""

import pickle
from dataclasses import dataclass, field
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.values import Match


@dataclass
class Kind:
    """A kind of request, as far as a match looks at it."""

    method: str = "GET"
    path: str = "/"
    host: str = ""
    headers: dict[str, str] = field(default_factory=dict)


def match(written: Any) -> Match:
    """Reads a match."""
    return Match.model_validate(written)


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("/", "/", True),
        ("/", "/a", False),
        ("/search", "/search", True),
        ("/search", "/search/", True),
        ("/search", "//search", True),
        ("/search", "/search?q=shoes/red", True),
        ("/search", "/Search", False),
        ("/search", "/searches", False),
        ("/search", "/search/deep", False),
        ("/users/*", "/users/7", True),
        ("/users/*", "/users", False),
        ("/users/*", "/users/7/orders", False),
        ("/users/*/orders", "/users/7/orders", True),
        ("/**", "/", True),
        ("/**", "/a/b/c", True),
        ("/static/**", "/static", True),
        ("/static/**", "/static/js/app.js", True),
        ("/static/**", "/statics", False),
        ("/static/**/*.js", "/static/app.js", True),
        ("/static/**/*.js", "/static/a/b/app.js", True),
        ("/static/**/*.js", "/static/a/b/app.css", False),
        ("/a/**/z/**", "/a/z", True),
        ("/a/**/z/**", "/a/b/z/c/d", True),
        ("/a.b", "/axb", False),
        ("/v*/users", "/v2/users", True),
    ],
)
def test_paths_are_matched_segment_by_segment(pattern: str, path: str, expected: bool) -> None:
    """`*` is one segment, `**` any number; trailing slashes and queries make no difference."""
    assert match(pattern).matches(Kind(path=path), "browser") is expected


@pytest.mark.parametrize(
    ("written", "kind", "client", "expected"),
    [
        ("POST /checkout", Kind("POST", "/checkout"), "web", True),
        ("POST /checkout", Kind("GET", "/checkout"), "web", False),
        ({"method": ["PUT", "POST"]}, Kind("POST", "/anything"), "web", True),
        ({"method": ["PUT", "POST"]}, Kind("GET", "/anything"), "web", False),
        ({"host": "Shop.example"}, Kind(host="shop.example"), "web", True),
        ({"host": "shop.example"}, Kind(), "web", False),
        ({"host": "*.example"}, Kind(host="a.b.example"), "web", True),
        ({"host": "*.example"}, Kind(host="example"), "web", False),
        ({"headers": {"X-Beta": 1}}, Kind(headers={"x-beta": "1"}), "web", True),
        ({"headers": {"X-Beta": "*"}}, Kind(headers={"x-beta": "yes"}), "web", True),
        ({"headers": {"X-Beta": 1}}, Kind(headers={"x-beta": "2"}), "web", False),
        ({"headers": {"X-Beta": "*"}}, Kind(), "web", False),
        ({"client": "web"}, Kind(), "web", True),
        ({"client": ["app", "web"]}, Kind(), "web", True),
        ({"client": "app"}, Kind(), "web", False),
        ({"version": "v2"}, Kind(path="/v2/orders"), "web", True),
        ({"version": 2}, Kind(path="/v2/orders"), "web", True),
        ({"version": "2025-10-01"}, Kind(headers={"x-api-version": "2025-10-01"}), "web", True),
        ({"version": "v2"}, Kind(headers={"accept": "application/vnd.shop.v2+json"}), "web", True),
        ({"version": "v2"}, Kind(path="/v1/orders"), "web", False),
        ({"version": "v2"}, Kind(), "web", False),
        ({"path": "/a", "client": "web"}, Kind(path="/a"), "app", False),
    ],
    ids=str,
)
def test_every_part_that_is_given_must_match(written: Any, kind: Kind, client: str, expected: bool) -> None:
    """What is left out may be anything."""
    assert match(written).matches(kind, client) is expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("/**", "/", True),
        ("/**", "GET /a/b", True),
        ("/**", {"client": "web"}, True),
        ("/a/*", "/a/b", True),
        ("/a/*", "/a/*", True),
        ("/a/*", "/a/*.js", True),
        ("/a/*.js", "/a/app.js", True),
        ("/a/*.js", "/a/*", False),
        ("/a/*", "/a/b/c", False),
        ("/a/*", "/a/**", False),
        ("/a/**", "/a", True),
        ("/a/**", "/a/*/c/**", True),
        ("/a/**/z", "/a/b/*/z", True),
        ("/a/**/z", "/a/**", False),
        ("/x", "GET /x", True),
        ("GET /x", "/x", False),
        ("/x", {"client": "web"}, False),
        ({"method": ["GET", "POST"]}, "GET /x", True),
        ({"method": ["GET"]}, {"method": ["GET", "POST"]}, False),
        ({"host": "*.example"}, {"host": "*.example"}, True),
        ({"host": "*.example"}, {"host": "a.example"}, True),
        ({"host": "*.example"}, {"host": "*.a.example"}, True),
        ({"host": "a.example"}, {"host": "*.example"}, False),
        ({"host": "a.example"}, "/x", False),
        ({"headers": {"a": "*"}}, {"headers": {"a": 1, "b": 2}}, True),
        ({"headers": {"a": 1}}, {"headers": {"a": "*"}}, False),
        ({"client": ["web", "app"]}, {"client": "web"}, True),
        ({"client": "web"}, "/x", False),
        ({"version": "v2"}, {"version": "v2", "path": "/x"}, True),
        ({"version": "v2"}, {"version": "v3"}, False),
    ],
    ids=str,
)
def test_a_match_covers_another_when_nothing_is_left_for_it(first: Any, second: Any, expected: bool) -> None:
    """A rule behind one that covers it can never be reached."""
    assert match(first).covers(match(second)) is expected


segments = st.lists(st.sampled_from(["a", "b", "ab", "*", "a*", "*b", "**"]), max_size=4)
words = st.lists(st.sampled_from(["a", "b", "ab", "aab"]), max_size=5)


@given(first=segments, second=segments, path=words)
def test_covering_is_sound(first: list[str], second: list[str], path: list[str]) -> None:
    """Whatever the covered pattern matches, the covering one matches."""
    one, other = match("/" + "/".join(first)), match("/" + "/".join(second))
    kind = Kind(path="/" + "/".join(path))
    if one.covers(other) and other.matches(kind, "web"):
        assert one.matches(kind, "web")


@given(pattern=segments)
def test_every_pattern_covers_itself_and_is_covered_by_everything(pattern: list[str]) -> None:
    """A repeated rule is idle, and so is any rule behind `/**`."""
    one = match("/" + "/".join(pattern))
    assert one.covers(one)
    assert match("/**").covers(one)


@pytest.mark.parametrize(
    ("written", "text", "spelled"),
    [
        ("/search", "/search", "/search"),
        ("POST  /checkout", "POST /checkout", "POST /checkout"),
        ({"path": "/x"}, "/x", "/x"),
        ({"client": "web"}, "{client: web}", {"client": "web"}),
        (
            {"path": "/x", "method": ["GET", "PUT"], "host": "*.shop", "headers": {"X-Beta": 1}},
            '{path: /x, method: [GET, PUT], host: "*.shop", headers: {x-beta: "1"}}',
            {"path": "/x", "method": ["GET", "PUT"], "host": "*.shop", "headers": {"x-beta": "1"}},
        ),
    ],
    ids=str,
)
def test_a_match_is_spelled_and_read_back(written: Any, text: str, spelled: Any) -> None:
    """As text for people, as plain data and as a pickle."""
    rule = match(written)
    assert str(rule) == text
    assert rule.model_dump(mode="json") == spelled
    for copy in (match(spelled), pickle.loads(pickle.dumps(rule))):
        assert copy == rule
        assert hash(copy) == hash(rule)


HELP = 'one is written like /search, "POST /checkout" or "GET /static/**"'


@pytest.mark.parametrize(
    ("written", "place", "message"),
    [
        ("GTE /x", ("method",), "unknown method 'GTE'; did you mean 'GET'?"),
        ("get /x", ("method",), "unknown method 'get'; did you mean 'GET'?"),
        ("search", ("path",), f"'search' is not a path pattern: it must start with /; {HELP}"),
        ("/a?b=c", ("path",), "'/a?b=c' has a query string; queries are not matched, only paths are"),
        ("/u/:id", ("path",), "'/u/:id': a segment that may be anything is written *, not ':id'"),
        ("/u/{id}", ("path",), "'/u/{id}': a segment that may be anything is written *, not '{id}'"),
        ("/a**", ("path",), "'/a**': ** must be a whole segment, not a part of 'a**'"),
        ("GET /a /b", (), f"'GET /a /b' is not a match; {HELP}"),
        (5, (), f"5 is not a match; {HELP}"),
        (["/a"], (), f"a list is not a match; {HELP}"),
        ({}, (), "an empty match; all requests are matched by /**"),
        ({"pth": "/a"}, ("pth",), "Extra inputs are not permitted"),
        ({"host": "a.*.b"}, ("host",), "'a.*.b': in a host, * may only stand at the beginning, as in *.example.com"),
        ({"method": []}, ("method",), "an empty list is not a word or a list of words"),
        ({"headers": {"a": True}}, ("headers",), "a: true is not the text of a header; put it in quotes"),
        ({"headers": "a"}, ("headers",), "'a' is not a mapping of header names to values"),
    ],
    ids=str,
)
def test_a_wrong_match_is_refused(written: Any, place: tuple[str, ...], message: str) -> None:
    """With the place of the mistake and the right spelling."""
    with pytest.raises(ValidationError) as refused:
        match(written)
    (error,) = refused.value.errors()
    assert (error["loc"], error["msg"].removeprefix("Value error, ")) == (place, message)


def test_the_json_schema_accepts_both_forms() -> None:
    """Text and mapping; an unknown method or key is marked by the editor."""
    schema = Match.model_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for written in ["/search", "GET /static/**", {"client": ["a", "b"], "headers": {"x-beta": 1}}]:
        assert validator.is_valid(written)
    for wrong in ["search", "GTE /x", {"pth": "/x"}, 5]:
        assert not validator.is_valid(wrong)
