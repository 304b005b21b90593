"""Session affinity: the requests of one session go to one instance, as long as that may be picked.

A cookie names the instance that answered first, whoever picked it; an address or a header is remembered alike. When the
instance is taken out another one is picked, and the session stays there.

Sources: NGINX Plus, sticky; AWS, sticky sessions; HAProxy, stick tables.
"""

from collections.abc import Hashable, MutableMapping, Sequence
from typing import Annotated

from pydantic import AfterValidator

from sim.balancing.base import Balancer
from sim.balancing.endpoint import Endpoint
from sim.request import Request

_HEADER = "header:"


def _known(by: str) -> str:
    if by in ("cookie", "source") or (by.startswith(_HEADER) and by != _HEADER):
        return by
    raise ValueError(f"'{by}' is nothing that sessions stick to; write cookie, source or header:NAME")


Affinity = Annotated[str, AfterValidator(_known)]
"""What tells the requests of one session, as a scenario writes it."""


def session_of(request: Request, by: str) -> Hashable | None:
    """The session of a request; None if it has none.

    Args:
        request: The request.
        by: `cookie` or `source` (each caller is one), or `header:NAME`.
    """
    if by.startswith(_HEADER):
        return request.kind.headers.get(by.removeprefix(_HEADER).lower())
    return request.client, request.caller


class Sticky(Balancer):
    """Sends a session where it was sent before, and lets another balancer pick for those that are new.

    Args:
        inner: The other balancer.
        endpoints: All instances.
        by: What tells sessions apart.
        table: The instance of each session; callers share it where the session itself names its instance (a cookie).
    """

    def __init__(
        self, inner: Balancer, endpoints: Sequence[Endpoint], by: str, table: MutableMapping[Hashable, int]
    ) -> None:
        self._inner = inner
        self._endpoints = endpoints
        self._by = by
        self._table = table
        self._usable: frozenset[int] = frozenset()
        self.learns, self.weighted, self.probes = inner.learns, inner.weighted, inner.probes  # type: ignore[misc]

    def update(self, eligible: Sequence[Endpoint], now: float) -> None:
        self._usable = frozenset(endpoint.index for endpoint in eligible)
        self._inner.update(eligible, now)

    def pick(self, request: Request, now: float) -> Endpoint:
        session = session_of(request, self._by)
        index = self._table.get(session)
        if index is not None and index in self._usable:
            return self._endpoints[index]
        endpoint = self._inner.pick(request, now)
        if session is not None:
            self._table[session] = endpoint.index
        return endpoint

    def answered(self, endpoint: Endpoint, latency: float, success: bool, now: float) -> None:
        self._inner.answered(endpoint, latency, success, now)

    def probe_targets(self, now: float) -> list[Endpoint]:
        return self._inner.probe_targets(now)

    def probed(self, endpoint: Endpoint, in_flight: int, latency: float, now: float) -> None:
        self._inner.probed(endpoint, in_flight, latency, now)
