"""A draft is a span that is still being told: it has no end yet, and grows children."""

from dataclasses import dataclass, field, replace

from sim.metrics.trace import ATTEMPT, BACKGROUND, Span


@dataclass(eq=False)
class Draft:
    """A span that is being told; what is not explained here is explained by `Span`.

    Attributes:
        end: None as long as it goes on.
        told_elsewhere: Whether it is the whole story of another request object, which has a tape of its own.
        awaited: Whether somebody has waited for that.
        ahead: Whether it was entered ahead of the clock.
    """

    kind: str
    name: str
    where: str
    start: float
    role: str = ""
    to: str = ""
    end: float | None = None
    outcome: str = ""
    number: int = 0
    unfinished: bool = False
    children: list["Draft"] = field(default_factory=list)
    told_elsewhere: bool = False
    awaited: bool = False
    ahead: bool = False

    def move_end(self, old: float, new: float) -> None:
        """Moves the end of whatever ended last, if it ended at `old`."""
        last = self.children[-1] if self.children else None
        if last is not None and not last.told_elsewhere and last.end == old:
            last.end = new
            last.move_end(old, new)

    def cut(self, now: float) -> None:
        """Takes back what was told beyond `now`: it will not come to that."""
        self.children = [child for child in self.children if child.told_elsewhere or child.start <= now]
        for child in self.children:
            if not child.told_elsewhere:
                if child.end is not None and child.end > now:
                    child.end = now
                child.cut(now)

    def copy(self) -> Span:
        """The span, now that all is told."""
        assert self.end is not None
        background = self.kind == ATTEMPT and not self.awaited
        again = f", attempt {self.number}" if self.number > 1 else ""
        return Span(
            BACKGROUND if background else self.kind,
            self.name or f"{'refresh from' if background else 'call'} {self.to}{again}",
            self.where,
            self.start,
            self.end,
            self.role,
            self.to,
            self.outcome,
            self.number,
            self.unfinished,
            tuple(span for child in self.children for span in child.copies()),
        )

    def copies(self) -> list[Span]:
        """The span; or what is below it, if it is a call that leads nowhere but to other calls.

        What is behind a proxy that may die is sent on as one object, so that it can go on without the proxy, and then
        once more as the route has it.
        """
        span = self.copy()
        if span.kind != ATTEMPT or self.to or not any(child.kind == ATTEMPT for child in span.children):
            return [span]
        return [
            call if call.end <= span.end else replace(call, end=span.end, outcome="")
            for call in span.children
            if call.start <= span.end
        ]
