"""A stable hash sends the same key to the same place in every run, on every machine, from every caller.

Python's own `hash` of a text changes from process to process; this one is BLAKE2b (RFC 7693), cut to 64 bits.
"""

from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from typing import Annotated, Final

from pydantic import AfterValidator

from sim.request import Request

PARTS: Final = ("key", "path", "caller")
_HEADER: Final = "header:"

Select = Callable[[Request], int | None]
"""Hashes the part of a request that decides where it goes; None if the request does not have it."""


def _known_part(part: str) -> str:
    if part in PARTS or (part.startswith(_HEADER) and part != _HEADER):
        return part
    raise ValueError(f"'{part}' is no part of a request; write key, path, caller or header:NAME")


HashKey = Annotated[str, AfterValidator(_known_part)]
"""Which part of a request is hashed, as a scenario writes it."""


@lru_cache(maxsize=1 << 16, typed=True)
def stable_hash(*parts: object) -> int:
    """The hash of the parts' texts, in 0 … 2**64-1."""
    return int.from_bytes(blake2b("\0".join(map(str, parts)).encode(), digest_size=8).digest(), "big")


def selector(part: str) -> Select:
    """The function that hashes one part of a request.

    Args:
        part: `key` (the item the request is about, on its path), `path`, `caller` (the address or API key, of that
            client) or `header:NAME`.
    """
    if part == "key":
        return lambda request: stable_hash(request.kind.path, request.key)
    if part == "path":
        return lambda request: stable_hash(request.kind.path)
    if part == "caller":
        return lambda request: stable_hash(request.client, request.caller)
    name = part.removeprefix(_HEADER).lower()

    def of_header(request: Request) -> int | None:
        value = request.kind.headers.get(name)
        return None if value is None else stable_hash(value)

    return of_header
