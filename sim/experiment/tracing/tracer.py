"""A tracer attaches tapes to some requests of a run, and to what they meet, while the world is being assembled.

Nothing of the simulation is written twice. A request that is traced gets another class, whose ledger can be listened
to; servers, proxies and links are wrapped so that a tape hears where its request is. What moves a request is the code
that always moves it, and in a world without a tracer nothing of this exists.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial

from sim.components import Component, World
from sim.components.network import Link
from sim.components.proxy import Proxy
from sim.experiment.tracing.draft import Draft
from sim.experiment.tracing.hop import Hop
from sim.experiment.tracing.places import tell_draws, watch, watch_steps
from sim.experiment.tracing.request import TracedRequest
from sim.experiment.tracing.tape import Tape
from sim.kernel import Environment
from sim.metrics.trace import ATTEMPT, REQUEST, Span
from sim.request import Outcome, Request
from sim.scenario import Assembly, Scenario, assemble


class Tracer:
    """Listens to some requests of one run.

    Args:
        rows: Which: their rows in the recorder.

    Attributes:
        env: The environment of the run.
        tapes: Who listens to which request object now.
        roles: The kind of each component.
        hop: Which link has been drawn from last.
        sending: The tape of the request that this was for; None if nobody listens to that.
    """

    env: Environment

    def __init__(self, rows: Collection[int]) -> None:
        self.rows = frozenset(rows)
        self.tapes: dict[Request, Tape] = {}
        self.roles: dict[str, str] = {}
        self.hop = Hop("", "", False)
        self.sending: Tape | None = None
        self._class: type[Request] = type("TracedRequest", (TracedRequest,), {"__slots__": (), "tracer": self})
        self._stories: dict[int, Draft] = {}
        self._parts: list[Tape] = []

    def assemble(self, scenario: Scenario, seed: int) -> Assembly:
        """Builds a world in which it listens; see `sim.scenario.assemble`."""
        assembly = assemble(scenario, seed, partial(TracedWorld, tracer=self))
        for component in assembly.world.components.values():
            watch_steps(component)
        return assembly

    def spans(self, end: float) -> dict[int, Span]:
        """The stories of the requests that have ended, by row.

        Args:
            end: When the run was over, s: what was still going on for them then is told up to here.
        """
        for tape in reversed(self._parts):
            tape.finish(end)
        return {row: story.copy() for row, story in self._stories.items() if story.end is not None}

    # -- what it is told

    def listen(self, request: Request, span: Draft, root: Tape | None = None) -> None:
        """Listens to a request from now on.

        Args:
            request: The object.
            span: Its whole story.
            root: The tape of the user request, if this is its first attempt.
        """
        request.__class__ = self._class
        tape = self.tapes[request] = Tape(self, request, span, root)
        self._parts.append(tape)

    def go_on(self, request: Request, heir: Request) -> None:
        """Another object goes on for the user; what is still done for the first one is told by its own tape."""
        root = self.tapes[request].root
        assert root is not None
        heir.__class__ = self._class
        root.request = heir
        self.tapes[heir] = root

    def opened(self, request: Request) -> None:
        """A user has sent a request."""
        if request.row in self.rows:
            label, client, now = request.kind.label, request.client, request.arrived
            story = self._stories[request.row] = Draft(REQUEST, label, client, now)
            root = Tape(self, request, story)
            first = Draft(ATTEMPT, "attempt 1", client, now, number=1, told_elsewhere=True, awaited=True)
            story.children.append(first)
            self.listen(request, first, root)

    def closed(self, row: int, outcome: int) -> None:
        """A user has an answer, or has given up."""
        story = self._stories.get(row)
        if story is not None:
            story.end, story.outcome = self.env.now, Outcome(outcome).word


@dataclass
class TracedWorld(World):
    """A world that a tracer listens to.

    Attributes:
        tracer: The tracer.
    """

    tracer: Tracer = field(kw_only=True)

    def __post_init__(self) -> None:
        tracer, recorder = self.tracer, self.recorder
        tracer.env = self.env
        plain_open, plain_close = recorder.open, recorder.close

        def open_(request: Request) -> None:
            plain_open(request)
            tracer.opened(request)

        def close(request: Request, client: int, latency: float, outcome: int) -> None:
            plain_close(request, client, latency, outcome)
            tracer.closed(request.row, outcome)

        recorder.open, recorder.close = open_, close  # type: ignore[method-assign]

    def add(self, component: Component) -> None:
        """See `World.add`."""
        super().add(component)
        self.tracer.roles[component.name] = component.kind
        watch(component)

    def _lay(self, caller: str, callee: str) -> Link:
        link = super()._lay(caller, callee)

        def early() -> bool:
            return link.steady and isinstance(self.components.get(callee), Proxy)

        tell_draws(link.out, Hop(caller, callee, False), self.tracer, early)
        tell_draws(link.back, Hop(callee, caller, True), self.tracer, early)
        return link
