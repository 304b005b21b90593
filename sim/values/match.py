"""A match says which requests a rule is for: `/search`, `POST /checkout`, `GET /static/**`, or a mapping.

In a path, `*` stands for exactly one segment and `**` for any number of them, none included: `/static/**` matches
`/static` and all that is under it, as Ant's patterns do. Inside a segment, `*` stands for any characters (`*.js`).
Paths are compared segment by segment: a slash at the end, a doubled slash and a query string make no difference;
upper and lower case do. A host may start with `*.`; method, host and header names are compared whatever their case.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Protocol

from pydantic import (
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    WithJsonSchema,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from sim.values.config import Config
from sim.values.nearest import did_you_mean
from sim.values.quantity import shown

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT")
"""The methods of HTTP (RFC 9110, section 9; PATCH: RFC 5789)."""

_HELP = 'one is written like /search, "POST /checkout" or "GET /static/**"'
_MOST_SEGMENTS = 50
_MOST_WILDCARDS = 4
_VERSION_HEADER = "x-api-version"


class Matchable(Protocol):
    """What a match looks at: the kind of a request."""

    method: str
    path: str
    host: str
    headers: dict[str, str]


def _one_or_list(value: Any) -> Any:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list | tuple) or not value:
        raise ValueError(f"{shown(value) if value != [] else 'an empty list'} is not a word or a list of words")
    return value


def _header_pairs(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise ValueError(f"{shown(value)} is not a mapping of header names to values")
    for name, wanted in value.items():
        if isinstance(wanted, bool) or not isinstance(wanted, str | int):
            raise ValueError(f"{name}: {shown(wanted)} is not the text of a header; put it in quotes")
    return tuple(sorted((str(name).lower(), str(wanted)) for name, wanted in value.items()))


def _version_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_ONE_OR_LIST = WithJsonSchema(
    {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
)
Words = Annotated[
    tuple[str, ...],
    BeforeValidator(_one_or_list),
    PlainSerializer(lambda words: words[0] if len(words) == 1 else list(words), when_used="json"),
    _ONE_OR_LIST,
]
Headers = Annotated[
    tuple[tuple[str, str], ...],
    BeforeValidator(_header_pairs),
    PlainSerializer(dict, when_used="json"),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": ["string", "integer"]}}),
]


class Match(Config):
    """Which requests a rule is for; what is left out may be anything."""

    path: str | None = Field(None, description="Path pattern: * is one segment, ** any number of them.")
    method: Words | None = Field(None, description="HTTP method, or a list of them.")
    host: str | None = Field(None, description="Host; *.example.com stands for all hosts below example.com.")
    headers: Headers | None = Field(None, description="Headers that must be there with these values; * is any value.")
    client: Words | None = Field(None, description="Name of the client that sends the request, or a list of them.")
    version: Annotated[str, BeforeValidator(_version_text)] | None = Field(
        None, description="API version, in the path (/v2/…), the X-API-Version header or the Accept media type."
    )
    _path: re.Pattern[str] | None = PrivateAttr(None)

    @model_validator(mode="before")
    @classmethod
    def _expand_text(cls, value: Any) -> Any:
        if isinstance(value, str):
            words = value.split()
            if len(words) == 2:
                return {"method": words[0], "path": words[1]}
            if len(words) == 1:
                return {"path": words[0]}
        if not isinstance(value, Mapping | Match):
            raise ValueError(f"{shown(value)} is not a match; {_HELP}")
        if not value:
            raise ValueError("an empty match; all requests are matched by /**")
        return value

    @field_validator("path")
    @classmethod
    def _check_path(cls, path: str | None) -> str | None:
        if path is None:
            return None
        if not path.startswith("/"):
            raise ValueError(f"'{path}' is not a path pattern: it must start with /; {_HELP}")
        if len(_segments(path)) > _MOST_SEGMENTS or path.count("**") > _MOST_WILDCARDS:
            raise ValueError(
                f"a path pattern has at most {_MOST_SEGMENTS} segments, and ** at most {_MOST_WILDCARDS} times"
            )
        if "?" in path:
            raise ValueError(f"'{path}' has a query string; queries are not matched, only paths are")
        for segment in _segments(path):
            if segment[0] in ":{<":
                raise ValueError(f"'{path}': a segment that may be anything is written *, not '{segment}'")
            if "**" in segment and segment != "**":
                raise ValueError(f"'{path}': ** must be a whole segment, not a part of '{segment}'")
        return path

    @field_validator("host")
    @classmethod
    def _check_host(cls, host: str | None) -> str | None:
        if host is not None and "*" in host.removeprefix("*."):
            raise ValueError(f"'{host}': in a host, * may only stand at the beginning, as in *.example.com")
        return host

    @field_validator("method")
    @classmethod
    def _check_method(cls, methods: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for method in methods or ():
            if method not in METHODS:
                raise ValueError(f"unknown method '{method}'{did_you_mean(method, METHODS)}")
        return methods

    @model_serializer(mode="wrap", when_used="json")
    def _spell(self, handler: SerializerFunctionWrapHandler) -> Any:
        short = self._short()
        return short or {name: value for name, value in handler(self).items() if value is not None}

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler.resolve_ref_schema(handler(core_schema))
        mapping = {key: schema.pop(key) for key in list(schema) if key not in ("title", "description")}
        text = {
            "type": "string",
            "pattern": rf"^\s*(({'|'.join(METHODS)})\s+)?/[^?\s]*\s*$",
            "examples": ["/search", "POST /checkout", "GET /static/**"],
            "description": "[METHOD] /path; * is one segment, ** any number of them.",
        }
        schema["anyOf"] = [text, mapping]
        return schema

    def model_post_init(self, context: Any) -> None:
        """Compiles the path pattern."""
        if self.path is not None:
            self._path = re.compile("".join(map(_segment_regex, _segments(self.path))))

    def matches(self, kind: Matchable, client: str) -> bool:
        """Whether the rule is for a request.

        Args:
            kind: What the request asks for.
            client: Name of the client that sent it.
        """
        if self.method is not None and kind.method.upper() not in self.method:
            return False
        if self.client is not None and client not in self.client:
            return False
        if self._path is not None and self._path.fullmatch(_plain_path(kind.path)) is None:
            return False
        if self.host is not None and not _host_matches(self.host, kind.host):
            return False
        if self.headers is not None and not all(_header_matches(kind.headers, *pair) for pair in self.headers):
            return False
        return self.version is None or _asks_for_version(kind, self.version)

    def covers(self, other: "Match") -> bool:
        """Whether this match surely matches all that `other` matches: a rule for `other` after it would be idle.

        It errs on the side of no: where it says yes it is certain.
        """
        return (
            _includes(self.method, other.method)
            and _includes(self.client, other.client)
            and (self.host is None or (other.host is not None and _host_covers(self.host, other.host)))
            and _headers_cover(self.headers or (), dict(other.headers or ()))
            and (self.version is None or self.version == other.version)
            and (self.path is None or _path_covers(_segments(self.path), _segments(other.path or "/**")))
        )

    def __str__(self) -> str:
        return self._short() or "{" + ", ".join(f"{name}: {_flow(value)}" for name, value in self._spelled()) + "}"

    def _spelled(self) -> list[tuple[str, Any]]:
        spelled: dict[str, Any] = self.model_dump(mode="json")
        return list(spelled.items())

    def _short(self) -> str | None:
        if self.path is None or self.model_fields_set - {"path", "method"} or len(self.method or ()) > 1:
            return None
        return f"{self.method[0]} {self.path}" if self.method else self.path


def _segments(path: str) -> tuple[str, ...]:
    """The segments of a path; `**` after `**` adds nothing and is left out."""
    segments: list[str] = []
    for segment in path.split("/"):
        if segment and not (segment == "**" and segments[-1:] == ["**"]):
            segments.append(segment)
    return tuple(segments)


def _plain_path(path: str) -> str:
    return "".join(f"/{segment}" for segment in path.partition("?")[0].split("/") if segment)


def _segment_regex(segment: str) -> str:
    if segment == "**":
        return "(?:/[^/]+)*"
    if segment == "*":
        return "/[^/]+"
    return "/" + "[^/]*".join(map(re.escape, segment.split("*")))


def _segment_covers(mine: str, theirs: str) -> bool:
    if mine in ("*", theirs):
        return True
    return "*" not in theirs and re.fullmatch(_segment_regex(mine), f"/{theirs}") is not None


def _path_covers(mine: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    if not mine:
        return not theirs
    if mine[0] == "**":
        return _path_covers(mine[1:], theirs) or (bool(theirs) and _path_covers(mine, theirs[1:]))
    if not theirs or theirs[0] == "**":
        return False
    return _segment_covers(mine[0], theirs[0]) and _path_covers(mine[1:], theirs[1:])


def _includes(mine: tuple[str, ...] | None, theirs: tuple[str, ...] | None) -> bool:
    return mine is None or (theirs is not None and all(word in mine for word in theirs))


def _host_matches(pattern: str, host: str) -> bool:
    pattern, host = pattern.lower(), host.lower()
    return host.endswith(pattern[1:]) and host != pattern[1:] if pattern.startswith("*.") else host == pattern


def _host_covers(mine: str, theirs: str) -> bool:
    return mine.lower() == theirs.lower() or _host_matches(mine, theirs.removeprefix("*"))


def _header_matches(headers: Mapping[str, str], name: str, wanted: str) -> bool:
    value = headers.get(name)
    return value is not None and wanted in ("*", value)


def _headers_cover(mine: tuple[tuple[str, str], ...], theirs: Mapping[str, str]) -> bool:
    return all(_header_matches(theirs, name, wanted) for name, wanted in mine)


def _asks_for_version(kind: Matchable, version: str) -> bool:
    number = version.removeprefix("v")
    first, *_ = _segments(kind.path.partition("?")[0]) or ("",)
    return (
        first == f"v{number}"
        or kind.headers.get(_VERSION_HEADER, "").removeprefix("v") == number
        or f".v{number}+" in kind.headers.get("accept", "")
    )


def _flow(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_flow(text)}" for name, text in value.items()) + "}"
    return value if re.fullmatch(r"[A-Za-z/][\w/.*-]*", value) else f'"{value}"'
