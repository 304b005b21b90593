"""IP hash sends all requests of one address to the same instance: the hash of the address modulo their number.

It is the crudest affinity. A company behind one address translator looks like one busy user, and when the number of
instances changes from n to n+1, all but 1/(n+1) of the callers move. An instance that is merely out of service keeps
its place: only its callers are hashed again, as in NGINX.

The caller is hashed as a whole. NGINX's `ip_hash` takes the first three octets of an IPv4 address, so that a /24
network is one caller. Weights play no part.

Source: NGINX, `ngx_http_upstream_ip_hash_module`.
"""

from collections.abc import Sequence
from typing import Final

from sim.balancing.base import Balancer
from sim.balancing.endpoint import Endpoint
from sim.balancing.hashing import stable_hash
from sim.kernel import Uniform
from sim.request import Request

_TRIES: Final = 20


class IpHash(Balancer):
    """Picks by the caller's hash modulo the number of endpoints seen so far.

    Args:
        uniform: Not used: the hash alone decides.
    """

    def __init__(self, uniform: Uniform) -> None:
        self._eligible: Sequence[Endpoint] = ()
        self._slots: list[Endpoint | None] = []

    def update(self, eligible: Sequence[Endpoint], now: float) -> None:
        self._eligible = tuple(eligible)
        size = max([len(self._slots), *(endpoint.index + 1 for endpoint in eligible)])
        self._slots = [None] * size
        for endpoint in eligible:
            self._slots[endpoint.index] = endpoint

    def pick(self, request: Request, now: float) -> Endpoint:
        point = stable_hash(request.client, request.caller)
        for _ in range(_TRIES):
            endpoint = self._slots[point % len(self._slots)]
            if endpoint is not None:
                return endpoint
            point = stable_hash(point)
        return self._eligible[point % len(self._eligible)]
