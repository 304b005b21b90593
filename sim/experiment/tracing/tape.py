"""A tape tells what happens to one request object, as a tree of spans that grows while the run goes on.

It listens to the request's own ledger. Whatever moves a request enters its delays there, in the instant in which they
begin: so every span has the exact times of the simulation, and nothing has to be told twice. Delays that are added up
to be slept at once are told as they are added, ahead of the clock; what kills the request cuts the tape back.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from sim.components import Handler
from sim.components.proxy import Proxy, ProxyEdge
from sim.experiment.tracing.draft import Draft
from sim.experiment.tracing.hop import Hop
from sim.experiment.tracing.words import WORDS
from sim.metrics.trace import ATTEMPT, BRANCH, PARALLEL, PLACE, REQUEST
from sim.request import BACKOFF, LEDGER, NETWORK, POLICY, QUEUE, SERVICE, Outcome, Request, Response

if TYPE_CHECKING:
    from sim.experiment.tracing.tracer import Tracer

ROUNDING: Final = 1e-9
"""Times that are less than a nanosecond apart are the same, s: delays are added up in different orders."""

DATABASE: Final = "database"
FETCH: Final = "wait for a fetch under way"


class Tape:
    """What happens to one request object.

    Args:
        tracer: Whose.
        request: The object.
        span: Its whole story.
        root: The tape of the user request, for the object that is also its first attempt.

    Attributes:
        listens: Whether changes of the ledger are news; they are not where a whole ledger is added to another.
        word: What the next check is called.
        goes_on: Whether the next proxy stands behind the same edge as the last one.
    """

    def __init__(self, tracer: "Tracer", request: Request, span: Draft, root: "Tape | None" = None) -> None:
        self.tracer = tracer
        self.env = tracer.env
        self.request = request
        self.span = span
        self.root = root
        self.listens = True
        self.word = ""
        self.goes_on = False
        self._mark = span.start  # up to when all is told, s
        self._debt = 0.0  # what is told already and about to be slept, s
        self._stack = [span]
        self._under_way: list[tuple[Request, Draft]] = []  # sent on, and not answered yet
        self._ways_back: list[list[tuple[Hop, float]]] = []  # of each edge through proxies: how its answers come back
        self._answer: Response | None = None  # what is about to come back through proxies
        self._fallback: Draft | None = None  # where work would be a fallback

    @contextmanager
    def not_listening(self) -> Iterator[None]:
        """Changes of the ledger are no news for a while."""
        self.listens = False
        yield
        self.listens = True

    # -- what the ledger says

    def owes(self, before: float, after: float) -> None:
        """The delay that has not been slept yet has changed."""
        if self._answer is not None:
            self._come_back(self.env.now + after, self._answer)
        elif after < before:
            self._debt = before - after
        else:
            self._catch_up(self.env.now + before)
            self._cross(self.env.now + after)
            self.tracer.sending = self

    def crosses(self, before: float, after: float) -> None:
        """A crossing begins, or what was owed is slept."""
        now, amount = self.env.now, after - before
        self._catch_up(now + self._debt)
        if amount - self._debt > ROUNDING:
            self._cross(now + amount)
        self._debt = 0.0

    def _cross(self, until: float) -> None:
        hop = self.tracer.hop
        self._tell(NETWORK, until, hop.name, hop.receiver)
        if not hop.is_answer and not self.span.to:
            self.span.to = hop.receiver

    def queues(self, before: float, after: float) -> None:
        """A wait is over."""
        now = self.env.now
        top = self._stack[-1]
        word = WORDS.get((QUEUE, top.role)) if not top.children else self._waits_in(top)
        self._tell(QUEUE, now, word or FETCH)

    def _waits_in(self, top: Draft) -> str:
        """What is waited for in a place where something has been done already."""
        if top.role == DATABASE:
            return "wait for replicas"
        last = top.children[-1]
        at_replica = last.kind == LEDGER[NETWORK] and self.tracer.roles.get(last.to) == DATABASE
        return "wait for own writes" if at_replica else FETCH

    def works(self, before: float, after: float) -> None:
        """Work begins."""
        now = self.env.now
        self._catch_up(now)
        top = self._stack[-1]
        makes_up = top is self._fallback or top.kind == BRANCH
        self._tell(SERVICE, now + after - before, "fallback" if makes_up else WORDS.get((SERVICE, top.role), "work"))

    def pauses(self, before: float, after: float) -> None:
        """A pause between two attempts begins."""
        now = self.env.now
        self._catch_up(now)
        self._tell(BACKOFF, now + after - before, "pause")

    def owes_a_check(self) -> None:
        """The time of a check has been added to the delay that is owed."""
        word = self.word or WORDS.get((POLICY, self._stack[-1].role), "check")
        self._tell(POLICY, self.env.now + self.request.owed, word)

    def owes_an_answer(self) -> None:
        """The time that a cache takes to answer has been added to the delay that is owed."""
        self._tell(SERVICE, self.env.now + self.request.owed, "hit")

    # -- attempts and branches

    def branches(self, child: Request, again: bool) -> Draft:
        """Another object is sent on; returns the draft of its story."""
        now = self.env.now
        self._catch_up(now)
        top = self._stack[-1]
        branch = Draft(BRANCH if top.kind == PARALLEL else ATTEMPT, "", top.where, now, told_elsewhere=True)
        if branch.kind == ATTEMPT:
            earlier = [each.number for each in top.children if each.kind == ATTEMPT]
            branch.number = earlier[-1] + 1 if again and earlier else 1
            if top.kind == REQUEST:
                branch.name = f"attempt {branch.number}"
        top.children.append(branch)
        self._under_way.append((child, branch))
        return branch

    def waits_for(self, child: Request | None) -> None:
        """The request waits for one of those; or for none any more."""
        for other, branch in self._under_way:
            branch.awaited = branch.awaited or other is child

    def has(self, child: Request, gave_up: bool) -> None:
        """The waiting for a child is over: it has answered, or it is given up."""
        self._mark = self.env.now
        branch = next(branch for other, branch in self._under_way if other is child)
        branch.end = self._mark
        branch.outcome = Outcome.TIMEOUT.word if gave_up else _outcome(child)
        self._under_way = []

    def is_given_up(self) -> None:
        """Nobody waits for this object as such; after a first attempt the tape of the user request goes on."""
        if self.root is None:
            return
        now = self.env.now
        self.root._mark = self.span.end = now
        if self.request.flow.ended:
            self._catch_up(now)
            self.span.outcome = _outcome(self.request)
            self.root.request = self.request
            self.tracer.tapes[self.request] = self.root
        else:
            self.span.outcome = Outcome.TIMEOUT.word

    # -- places

    def enters(self, kind: str, name: str, ahead: bool = False) -> Draft:
        """Enters a place, or begins a step."""
        self._catch_up(self.env.now + self.request.owed)
        role = self.tracer.roles.get(name.partition("[")[0], "") if kind == PLACE else ""
        where = name if kind == PLACE else self._stack[-1].where
        draft = Draft(kind, name, where, self._mark, role, ahead=ahead)
        self._stack[-1].children.append(draft)
        self._stack.append(draft)
        return draft

    def leaves(self, answer: Response | None) -> None:
        """Leaves the place that was entered last."""
        self._catch_up(self.env.now + self.request.owed)
        draft = self._stack.pop()
        draft.end = self._mark
        if answer is not None:
            draft.outcome = answer.outcome.word

    def within(self, kind: str, name: str, steps: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """Lets `steps` go on inside a place or a step; returns what they return."""
        self.enters(kind, name)
        try:
            answer = yield from steps
        except BaseException:
            self.dies(self.env.now)
            self.leaves(None)
            raise
        self.leaves(answer if kind == PLACE else None)
        return answer

    def making_up(self, steps: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """Lets the steps of a call go on that makes up an answer if it gets none."""
        self._fallback = self._stack[-1]
        answer = yield from steps
        self._fallback = None
        return answer

    def passes(self, proxy: Proxy, decide: Callable[[Request], Response | Handler]) -> Response | Handler:
        """Lets a proxy decide; the request stays in the proxy until its answer has come back through it."""
        if self._stack[-1].name == proxy.name:
            return decide(self.request)  # it came over a link that was crossed for itself, and will go back over it
        self.enters(PLACE, proxy.name, ahead=True)
        onward = decide(self.request)
        if isinstance(onward, Response):
            self._answer = onward
        else:
            self.goes_on = isinstance(onward, ProxyEdge) and onward.link.steady and not proxy.mortal
        return onward

    def will_come_back(self, hop: Hop, seconds: float) -> None:
        """The way back is drawn by an edge through proxies, before the request has even arrived."""
        if self.goes_on:
            self._ways_back[-1].append((hop, seconds))
        else:
            self._ways_back.append([(hop, seconds)])
        self.goes_on = False

    def answers(self, answer: Response) -> None:
        """What is behind a proxy has answered."""
        if self._stack[-1].ahead:
            self._answer = answer

    def _come_back(self, arrival: float, answer: Response) -> None:
        """Leaves all proxies of an edge, and tells the way back."""
        self._answer = None
        for hop, seconds in reversed(self._ways_back.pop()):
            draft = self._stack.pop()
            draft.end, draft.outcome = self._mark, answer.outcome.word
            self._tell(NETWORK, self._mark + seconds, hop.name, hop.receiver)
        self._catch_up(arrival)

    # -- ends

    def dies(self, now: float) -> None:
        """Whatever goes on is cut off, s."""
        self._stack[0].cut(now)
        self._debt = 0.0
        awaited = [(child, branch) for child, branch in self._under_way if branch.awaited or branch.kind == BRANCH]
        for child, branch in awaited:
            if branch.end is None and not child.flow.ended:
                branch.end = now
        self._under_way = []
        if self._mark < now and not awaited:
            self._tell(self.request.doing, now, "no answer")
        self._mark = now

    def finish(self, end: float) -> None:
        """The run is over, s: what still goes on is told up to here."""
        if self.request.flow.ended:
            if self.span.end is None:
                self.span.end, self.span.outcome = self._mark, _outcome(self.request)
        elif self.span.end is None or len(self._stack) > 1:
            self.dies(end)
            for draft in self._stack:
                if draft.end is None:
                    draft.end, draft.unfinished = end, True
        else:
            self.span.cut(end)
            if self._mark < self.span.end and not self._under_way:
                self._tell(self.request.doing, self.span.end, "no answer")

    # -- telling

    def _tell(self, part: int, until: float, name: str, to: str = "") -> None:
        if until > self._mark:
            top = self._stack[-1]
            top.children.append(Draft(LEDGER[part], name, top.where, self._mark, to=to, end=until))
            self._mark = until

    def _catch_up(self, now: float) -> None:
        """Makes the end of what was told last agree with the clock to the last bit."""
        if self._mark != now:
            if abs(self._mark - now) < ROUNDING:
                self._stack[-1].move_end(self._mark, now)
                self._mark = now
            else:
                self._tell(self.request.doing, now, "wait")


def _outcome(request: Request) -> str:
    """How the flow of a request has ended; a branch of a parallel step also says when."""
    value = request.flow.value
    answer = value[0] if isinstance(value, tuple) else value
    return answer.outcome.word if isinstance(answer, Response) else ""
