"""A tape tells what happens to one request object, as a tree of spans that grows while the run goes on.

It listens to the request's own ledger. Whatever moves a request enters its delays there, in the instant in which they
begin: so every span has the exact times of the simulation, and nothing has to be told twice. Delays that are added up
to be slept at once are told as they are added, ahead of the clock; what kills the request cuts the tape back.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sim.components import Handler, Proxy, ProxyEdge
from sim.kernel import TIMED_OUT
from sim.metrics.trace import ATTEMPT, BACKGROUND, BRANCH, PARALLEL, PLACE, Span
from sim.request import BACKOFF, LEDGER, NETWORK, POLICY, QUEUE, SERVICE, Outcome, Request, Response

if TYPE_CHECKING:
    from sim.experiment.tracing.tracer import Hop, Tracer

ROUNDING: Final = 1e-9
"""Times that are less than a nanosecond apart are the same, s: sums of delays are rounded in different orders."""

WORDS: Final = {
    ("database", SERVICE): "query",
    ("cache", SERVICE): "look-up",
    ("waf", POLICY): "inspection",
    ("gateway", POLICY): "routing",
    ("database", QUEUE): "wait for a connection",
}
"""What the parts of the ledger are called at some kinds of component."""


@dataclass(eq=False)
class Draft:
    """A span that is being told; see `Span`."""

    kind: str
    name: str
    where: str
    start: float
    role: str = ""
    to: str = ""
    end: float | None = None
    outcome: str = ""
    number: int = 0
    children: list["Draft"] = field(default_factory=list)
    tape: "Tape | None" = None  # of the request object that it is the whole story of
    waited_for: bool = False  # whether somebody waited for that
    ahead: bool = False  # whether a place was entered ahead of the clock, by an edge that leads through proxies

    def copy(self) -> Span:
        """The span, now that all is told."""
        assert self.end is not None
        kind = BACKGROUND if self.kind == ATTEMPT and not self.waited_for else self.kind
        unfinished = self.tape is not None and not self.tape.over and self.outcome == ""
        return Span(
            kind,
            self.name,
            self.where,
            self.start,
            self.end,
            self.role,
            self.to,
            self.outcome,
            self.number,
            unfinished,
            tuple(child.copy() for child in self.children),
        )
