"""A trace is the story of one request, told in spans: what each part of the system did for it, from when to when.

Spans form a tree. The leaves are the five things that the time ledger knows: `network`, `queue`, `service`, `backoff`
and `policy`. What is above them says where and why: the user's `request`, each `attempt` at it and at the calls made
for it, the `place`s that a request passes through (a component, an instance), a `parallel` step and its `branch`es,
and `background` work that nobody waits for. The children of a span follow each other without a gap, but for branches,
which begin together. Work that goes on after its caller has given up ends later than the span of the attempt that it
was for: that part of it is abandoned.

Source: B. H. Sigelman and others, "Dapper, a Large-Scale Distributed Systems Tracing Infrastructure", Google, 2010.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sim.request import LEDGER

REQUEST: Final = "request"
ATTEMPT: Final = "attempt"
PLACE: Final = "place"
PARALLEL: Final = "parallel"
BRANCH: Final = "branch"
BACKGROUND: Final = "background"

SLOW: Final = "slow"
FAILED: Final = "failed"
RANDOM: Final = "random"


@dataclass(frozen=True, slots=True)
class Span:
    """One thing that went on for a while.

    Attributes:
        kind: A part of the ledger for a leaf, otherwise what this module's text lists.
        name: What went on: `search[2]`, `work`, `browser → edge`, `attempt 2`.
        where: The client, component or instance that it went on at; for a call the one that made it.
        start: When it began, s.
        end: When it was over, s; for an attempt when its caller stopped waiting.
        role: The kind of component (`service`, `database`, …); empty at a client.
        to: What an attempt, a branch or a crossing of the network was meant for; empty if it never got that far.
        outcome: How a request, an attempt or a visit of a place ended, as scenarios spell it; empty where there is
            none, and where the run ended first.
        number: Which attempt it is, from 1; 0 for everything else.
        unfinished: Whether it was still going on when the run ended.
        children: What it consists of, in the order of time.
    """

    kind: str
    name: str
    where: str
    start: float
    end: float
    role: str = ""
    to: str = ""
    outcome: str = ""
    number: int = 0
    unfinished: bool = False
    children: tuple["Span", ...] = ()

    @property
    def is_leaf(self) -> bool:
        """Whether it is a part of the ledger."""
        return self.kind in LEDGER

    @property
    def component(self) -> str:
        """Where it went on, without the number of the instance."""
        return self.where.partition("[")[0]

    def walk(self) -> Iterator["Span"]:
        """Itself and all that is below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()

    def ledger(self, until: float | None = None) -> dict[str, float]:
        """Where the time went for whoever waited for it: the five parts add up to its duration.

        Over a parallel step it follows the branch that decided.

        Args:
            until: When the waiting stopped, s; by default at its end.

        Returns:
            Seconds by part.
        """
        parts = dict.fromkeys(LEDGER, 0.0)
        self._enter(parts, self.end if until is None else until)
        return parts

    def _enter(self, parts: dict[str, float], until: float) -> None:
        until = min(until, self.end)
        if self.is_leaf:
            parts[self.kind] += max(0.0, until - self.start)
        elif self.kind == PARALLEL:
            self.decisive(until)._enter(parts, until)
        else:
            for child in self.children:
                if child.kind != BACKGROUND and child.start < until:
                    child._enter(parts, until)

    def decisive(self, until: float | None = None) -> "Span":
        """Of the branches of a parallel step, the one that was waited for to the end.

        Args:
            until: When the waiting stopped, s; by default when the last branch had ended.
        """
        if until is not None:
            for branch in self.children:
                if branch.end > until:
                    return branch
        return max(self.children, key=lambda branch: branch.end)


@dataclass(frozen=True)
class Trace:
    """One user request, from the first try to the end of the last.

    Attributes:
        request: Its number, in the order of arrival: its row among the run's requests, counted from 0.
        reason: Why it was kept: `slow`, `failed` or `random`.
        root: Its outermost span, at the client that sent it; its name is what was asked for.
    """

    request: int
    reason: str
    root: Span

    @property
    def latency(self) -> float:
        """What the user waited, s."""
        return self.root.end - self.root.start

    @property
    def attempts(self) -> int:
        """How often the client sent it."""
        return sum(child.kind == ATTEMPT for child in self.root.children)

    @property
    def last(self) -> float:
        """When the last thing that was done for it was over, abandoned work included, s."""
        return max(span.end for span in self.root.walk())
