"""A mix is what a client asks for: kinds of requests with weights, each about an item and of a size.

Everything a request *is* comes from a random stream of its own and belongs to its number in the order of arrival, so
no policy, no component and no other client can change it (common random numbers).
"""

import re
from collections.abc import Iterator, Sequence
from typing import ClassVar, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, StrictBool, field_validator

from sim.components.traffic.population import PopulationConfig
from sim.kernel import Streams
from sim.request import RequestKind
from sim.values import METHODS, Config, KeyDistribution, Number, SizeDistribution, did_you_mean

BLOCK: Final = 4096
"""How many requests are drawn at a time."""

Row = tuple[RequestKind, int, int, float, float]
"""What one request is: kind, key, caller, size and response size."""

_SEND: Final = re.compile(r"(?P<method>[A-Za-z-]+)\s+(?P<path>/\S*)")
_IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})


def is_idempotent(method: str) -> bool:
    """Whether repeating a request of this method does no more than sending it once (RFC 9110, section 9.2.2)."""
    return method in _IDEMPOTENT


class RequestConfig(Config):
    """One kind of request that a client sends."""

    shorthand: ClassVar[str | None] = "send"

    send: str = Field(description="Method and path, such as `GET /search`.")
    weight: Number = Field(
        default=1.0, ge=0.0, le=1e9, description="How often it is sent, relative to the others of the mix."
    )
    host: str = Field(default="", description="The Host header; empty where nothing routes by host.")
    headers: dict[str, str] = Field(default={}, description="Further headers, for rules that match on them.")
    key: KeyDistribution | None = Field(
        default=None, description="Which item it is about, for caches and hashing; always the same one if absent."
    )
    size: SizeDistribution | None = Field(default=None, description="Size of its body; zero if absent.")
    response_size: SizeDistribution | None = Field(
        default=None, description="Size of its answer; as the component that answers says, if absent."
    )
    idempotency_key: StrictBool = Field(
        default=False, description="Whether it carries an idempotency key, so that it may be tried again safely."
    )
    attack: StrictBool = Field(default=False, description="Whether it is malicious; a firewall may recognise it.")

    @field_validator("send")
    @classmethod
    def _method_and_path(cls, send: str) -> str:
        parts = _SEND.fullmatch(send.strip())
        if parts is None:
            raise ValueError(f"'{send}' is not a request; one is written like GET /search")
        if parts["method"] not in METHODS:
            raise ValueError(f"unknown method '{parts['method']}'{did_you_mean(parts['method'], METHODS)}")
        path = parts["path"]
        if "*" in path:
            raise ValueError(f"'{send}' has a wildcard; a request goes to one path, wildcards are for match")
        if "?" in path or "#" in path:
            raise ValueError(f"'{send}' has a query; leave it away and say with key which item a request is about")
        return f"{parts['method']} {path}"

    @property
    def method(self) -> str:
        """HTTP method."""
        return self.send.partition(" ")[0]

    @property
    def path(self) -> str:
        """Path, starting with `/`."""
        return self.send.partition(" ")[2]

    def kind(self) -> RequestKind:
        """What all requests of this line share."""
        return RequestKind(
            method=self.method,
            path=self.path,
            host=self.host,
            headers={name.lower(): value for name, value in self.headers.items()},
            label=self.send,
            idempotent=self.idempotency_key or is_idempotent(self.method),
            malicious=self.attack,
            keyed=self.key is not None,
        )


DEFAULT_MIX: Final = (RequestConfig(send="GET /"),)
"""What a client sends that does not say."""


class Kinds(Protocol):
    """The kinds of requests that a client sends, by position."""

    def __getitem__(self, number: int, /) -> RequestKind:
        """One of them."""
        ...


class RequestBlock(NamedTuple):
    """Consecutive requests of one client, in columns.

    Args:
        kind: What each asks for: a position in the client's `kinds`.
        key: Which item it is about.
        caller: Who sends it.
        size: Bytes of its body.
        response_size: Bytes of its answer; 0 where the component that answers decides.
    """

    kind: NDArray[np.intp]
    key: NDArray[np.int64]
    caller: NDArray[np.int64]
    size: NDArray[np.float64]
    response_size: NDArray[np.float64]

    def rows(self, kinds: Kinds, count: int | None = None) -> list[Row]:
        """The first `count` of them, or all, one by one; `kinds` are the client's."""
        return list(
            zip(
                map(kinds.__getitem__, self.kind[:count].tolist()),
                self.key[:count].tolist(),
                self.caller[:count].tolist(),
                self.size[:count].tolist(),
                self.response_size[:count].tolist(),
                strict=True,
            )
        )


class Mix:
    """Draws what a client asks for.

    Args:
        requests: The lines of the mix; one `GET /` if there are none.
        population: Who sends them; one caller if None.
        streams: The run's random streams.
        name: Of the client.

    Raises:
        ValueError: No line has a weight above zero.
    """

    def __init__(
        self,
        requests: Sequence[RequestConfig],
        population: PopulationConfig | None,
        streams: Streams,
        name: str,
    ) -> None:
        self.requests = tuple(requests) or DEFAULT_MIX
        self.population = population
        self.kinds = [request.kind() for request in self.requests]
        weights = np.array([request.weight for request in self.requests])
        if not weights.any():
            raise ValueError("no request of the mix has a weight above zero")
        self._shares = np.cumsum(weights / weights.sum())[:-1]
        self._streams = streams
        self._name = name

    def blocks(self) -> Iterator[RequestBlock]:
        """The client's requests in the order of arrival, without end, in blocks of `BLOCK`."""
        kinds, callers = self._rng("kinds"), self._rng("callers")
        keys, sizes, response_sizes = (
            [self._rng(f"{what}/{number}") for number in range(len(self.kinds))]
            for what in ("keys", "sizes", "response_sizes")
        )
        while True:
            block = RequestBlock(
                kind=np.searchsorted(self._shares, kinds.random(BLOCK), side="right"),
                key=np.zeros(BLOCK, dtype=np.int64),
                caller=self.population.draw(callers, BLOCK) if self.population else np.zeros(BLOCK, dtype=np.int64),
                size=np.zeros(BLOCK),
                response_size=np.zeros(BLOCK),
            )
            for number, request in enumerate(self.requests):
                mine = np.flatnonzero(block.kind == number)
                if request.key is not None:
                    block.key[mine] = request.key.draw(keys[number], len(mine))
                if request.size is not None:
                    block.size[mine] = request.size.draw(sizes[number], len(mine))
                if request.response_size is not None:
                    block.response_size[mine] = request.response_size.draw(response_sizes[number], len(mine))
            yield block

    def rows(self) -> Iterator[Row]:
        """The same, one by one."""
        for block in self.blocks():
            yield from block.rows(self.kinds)

    def _rng(self, purpose: str) -> np.random.Generator:
        return self._streams.rng(f"{self._name}/{purpose}")
