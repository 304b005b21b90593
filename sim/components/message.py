"""A message is what a queue keeps for a group of consumers: what it is about, and how far it has come."""

from sim.request import Request

BEHIND, READY, TAKEN, ACKNOWLEDGED, GONE = range(5)
"""Where a message is: waiting for its time or its turn, ready for any consumer, delivered, done, or given up."""


class Message:
    """A group's copy of a message.

    Args:
        request: The request that has published it: the message is about the same, and of the same kind.
        now: When it was published, s.
        poison: Whether processing it always fails.
        partition: Where it is kept in order; 0 where there are no partitions.

    Attributes:
        due: When it could first be delivered, s.
        deliveries: How often it has been delivered.
        pause: How long it waited before it was delivered again, s.
        processed: Whether it has been processed to the end.
        state: Where it is.
    """

    __slots__ = (
        "call",
        "caller",
        "client",
        "deliveries",
        "due",
        "id",
        "key",
        "kind",
        "partition",
        "pause",
        "poison",
        "processed",
        "published",
        "size",
        "state",
    )

    def __init__(self, request: Request, now: float, poison: bool, partition: int) -> None:
        self.id, self.call, self.kind = request.id, request.call, request.kind
        self.client, self.caller, self.key, self.size = request.client, request.caller, request.key, request.size
        self.published = self.due = now
        self.poison = poison
        self.partition = partition
        self.deliveries = 0
        self.pause = 0.0
        self.processed = False
        self.state = BEHIND

    def delivered(self, now: float) -> Request:
        """What a consumer gets: every delivery needs work of its own, whoever does it."""
        request = Request(self.id, self.kind, self.client, self.published, self.caller, self.key, self.size)
        request.started = now
        request.call = self.call + self.deliveries
        self.deliveries += 1
        return request
