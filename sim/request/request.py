"""A request on its way down, with the ledger of where its time went.

A user request is one `Request`. Each attempt that a time-out or a retry makes, and each branch of a parallel call, is
a child of it with a ledger of its own; what the caller waited for is added back to the parent.

The ledger says where time went, in seconds: `network` (links), `queue` (waiting for a worker, a connection or somebody
else's fetch), `service` (being worked on), `backoff` (pauses between attempts) and `policy` (checks on the way:
authentication, firewalls, gateways). Delays are entered when they begin, queueing when it ends; `ledger_until`
corrects the entry that a caller's time-out cuts short, so that the parts add up to the time waited.
"""

from collections.abc import Iterator
from math import fsum, inf
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from sim.kernel import Flow


class RequestKind:
    """What all requests of one line of a client's mix share.

    Args:
        method: HTTP method.
        path: Path, starting with `/`.
        host: Host header, or an empty string.
        headers: Header names in lower case and their values.
        label: What reports call this kind (`GET /search`).
        idempotent: Whether it may be tried again without asking: an idempotent method (RFC 9110, section 9.2.2) or an
            idempotency key.
        malicious: Whether it is part of an attack.
        keyed: Whether its requests are about items that their keys tell apart.

    Attributes:
        route: The number of its label in the recorder; -1 before its first request has ended.
    """

    __slots__ = ("headers", "host", "idempotent", "keyed", "label", "malicious", "method", "path", "route")

    def __init__(
        self,
        method: str = "GET",
        path: str = "/",
        host: str = "",
        headers: dict[str, str] | None = None,
        label: str = "",
        idempotent: bool = True,
        malicious: bool = False,
        keyed: bool = True,
    ) -> None:
        self.method = method
        self.path = path
        self.host = host
        self.headers = headers or {}
        self.label = label or f"{method} {path}"
        self.idempotent = idempotent
        self.malicious = malicious
        self.keyed = keyed
        self.route = -1


NETWORK, QUEUE, SERVICE, BACKOFF, POLICY = range(5)
LEDGER: Final = ("network", "queue", "service", "backoff", "policy")


class Request:
    """One attempt at a user request, with its time ledger.

    Args:
        id: Number of the user request, counted by its client, the same for all its attempts and whatever else happens
            in the run: it says which service demands are the request's own.
        kind: What it asks for.
        client: Name of the client that sent it.
        arrived: When the user sent it, s.
        caller: Which of the client's callers (an address, an API key) sent it.
        key: Which item it is about; 0 where the kind has no keys.
        size: Bytes of its body.
        response_size: Bytes of the body of a successful answer.
    """

    __slots__ = (
        "accepted",
        "arrived",
        "attempts",
        "backoff",
        "call",
        "caller",
        "calls",
        "child",
        "client",
        "deadline",
        "doing",
        "flow",
        "given_up",
        "id",
        "key",
        "kind",
        "network",
        "owed",
        "policy",
        "queue",
        "response_size",
        "root",
        "row",
        "service",
        "size",
        "started",
        "work",
    )

    flow: "Flow"

    def __init__(
        self,
        id: int,
        kind: RequestKind,
        client: str,
        arrived: float,
        caller: Any = 0,
        key: Any = 0,
        size: float = 0.0,
        response_size: float = 0.0,
    ) -> None:
        self.id = id
        self.kind = kind
        self.client = client
        self.arrived = self.started = arrived
        self.caller = caller
        self.key = key
        self.size = size
        self.response_size = response_size
        self.row = -1  # which row of the recorder is its own
        self.root: Request | None = None  # the user request; None in the user request itself
        self.child: Request | None = None  # the attempt or branch that is waited for
        self.call = 0  # which of the user request's calls this is: the second index of its service demands
        self.calls = 0  # how many calls beyond the first the user request has made
        self.attempts = 0  # how often its client has sent it
        self.accepted = False  # whether a server has it, which goes on whatever its caller does
        self.given_up = False  # whether its caller has stopped waiting for it
        self.deadline = inf  # when the caller gives up, s
        self.doing = QUEUE  # what the current wait is, where the ledger does not have it yet
        self.owed = 0.0  # pure delay that has not been slept yet, s; what sleeps it enters it as network
        self.network = self.queue = self.service = self.backoff = self.policy = 0.0
        self.work = 0.0  # server time spent on this attempt, decisive or not, s

    def branch(self, now: float, again: bool = False) -> "Request":
        """A child that is sent on by itself: an attempt, or a branch of a parallel call.

        Args:
            now: The current time, s.
            again: Whether the work of an earlier child is done anew, so that its service demands are drawn anew.
        """
        child = Request(self.id, self.kind, self.client, self.arrived, self.caller, self.key, self.size)
        child.response_size = self.response_size
        root = self.root
        if root is None:
            root = self
        child.root = root
        child.started = now
        child.deadline = self.deadline
        if again:
            root.calls += 1
            child.call = root.calls
        else:
            child.call = self.call
        return child

    def successor(self, now: float) -> "Request":
        """What goes on for the user when this attempt is given up: the same request, with the ledger as it stands."""
        other = Request(self.id, self.kind, self.client, self.arrived, self.caller, self.key, self.size)
        other.response_size = self.response_size
        other.row, other.attempts, other.calls = self.row, self.attempts, self.calls
        other.network, other.queue, other.service, other.backoff, other.policy = self.ledger_until(now)
        self.root = other
        return other

    def settle(self) -> Iterator[float]:
        """Sleeps what is owed, so that what follows happens when it does. The busiest places do the same in line."""
        owed = self.owed
        if owed:
            self.owed = 0.0
            self.network += owed
            yield owed

    def owe_policy(self, seconds: float) -> None:
        """Adds a pure delay that is a check's, not the network's, s."""
        self.owed += seconds
        self.policy += seconds
        self.network -= seconds

    def owe_service(self, seconds: float) -> None:
        """Adds a pure delay that is somebody's work, not the network's, s."""
        self.owed += seconds
        self.service += seconds
        self.network -= seconds

    def absorb(self, child: "Request") -> None:
        """Adds the ledger and the work of a child that was waited for to the end."""
        self.network += child.network
        self.queue += child.queue
        self.service += child.service
        self.backoff += child.backoff
        self.policy += child.policy
        self.work += child.work

    def absorb_until(self, child: "Request", now: float) -> None:
        """Adds what a child that is given up has been waiting for so far; its work is left to be counted when it ends.

        Args:
            child: The attempt or branch.
            now: When the caller stops waiting, s.
        """
        parts = child.ledger_until(now)
        self.network += parts[NETWORK]
        self.queue += parts[QUEUE]
        self.service += parts[SERVICE]
        self.backoff += parts[BACKOFF]
        self.policy += parts[POLICY]

    def cut_short(self, now: float) -> None:
        """Makes the ledger and the work end at `now`: whatever was going on has been killed."""
        parts = self.ledger_until(now)
        self.work -= max(0.0, self.service - parts[SERVICE])
        self.network, self.queue, self.service, self.backoff, self.policy = parts
        self.child = None
        self.doing = QUEUE
        self.owed = 0.0

    def ledger(self) -> list[float]:
        """The five parts in the order of `LEDGER`, s."""
        return [self.network, self.queue, self.service, self.backoff, self.policy]

    def ledger_until(self, now: float) -> list[float]:
        """The five parts as they stand at `now`, in the middle of a wait; they add up to `now - started`.

        A delay that was entered in full when it began is cut back; a wait that will be entered when it ends is added.
        """
        parts = self.ledger()
        if self.child is not None:
            parts = [mine + theirs for mine, theirs in zip(parts, self.child.ledger_until(now), strict=True)]
        missing = now - self.started - fsum(parts)
        if missing >= 0.0:
            parts[self.doing] += missing
            return parts
        begun = () if self.doing == QUEUE else (self.doing,)
        for part in (*begun, NETWORK, POLICY, SERVICE, BACKOFF, QUEUE):
            cut = min(parts[part], -missing)
            parts[part] -= cut
            missing += cut
        return parts
