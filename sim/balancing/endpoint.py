"""An endpoint is what a balancer knows of one instance: its name, its weight, and how many answers are outstanding.

A real balancer cannot look into a server. It counts what it has sent there and not got back, queued or in service, and
that count also includes what other layers of the caller have given up on (Envoy calls it the active requests of a
host, NGINX its connections).
"""


class Endpoint:
    """One instance, as one caller sees it.

    Args:
        index: Its position in the service.
        name: Such as `search[0]`; what the hash rings hash.
        weight: Its share of the traffic relative to the others', above 0; whoever ramps up a new instance lowers it.
    """

    __slots__ = ("index", "name", "outstanding", "weight")

    def __init__(self, index: int, name: str, weight: float = 1.0) -> None:
        self.index = index
        self.name = name
        self.weight = weight
        self.outstanding = 0

    def __repr__(self) -> str:
        return f"Endpoint({self.name}, outstanding={self.outstanding})"
