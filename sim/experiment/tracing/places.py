"""Places of a traced world: the same servers, proxies, steps and links, whose doors tell the tapes who goes through.

A request that nobody listens to goes through the plain door.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sim.components import Component, Handler, Server
from sim.components.component import Steps
from sim.components.gateway import Gateway
from sim.components.network import Direction
from sim.components.program import Program, Step
from sim.components.proxy import Proxy
from sim.components.steps.call import Call
from sim.components.steps.parallel import Parallel
from sim.experiment.tracing.hop import Hop
from sim.experiment.tracing.request import tape_of
from sim.experiment.tracing.tape import Tape
from sim.metrics.trace import PARALLEL, PLACE
from sim.policies.admission import Admission
from sim.request import Request, RequestKind, Response
from sim.values import chosen

if TYPE_CHECKING:
    from sim.experiment.tracing.tracer import Tracer


def watch(component: Component) -> None:
    """Makes the doors of a component tell who goes through; called before anything is connected to it."""
    for server in component.servers:
        cls = type(server)
        server.__class__ = type(f"Traced{cls.__name__}", (TracedServer, cls), {"__slots__": ()})
    if isinstance(component, Proxy):
        TracedProxy(component).attach()
    if isinstance(component, Gateway):
        policies: list[Any] = component.policies
        for number, policy in enumerate(component.config.policies):
            policies[number] = TracedCheck(policies[number], chosen(policy)[0])


def watch_steps(component: Component) -> None:
    """Makes the steps of a component's servers tell where they are; called when all is connected."""
    for server in component.servers:
        program: Any = TracedProgram(server.program)
        server.program = program


class TracedServer(Server):
    """A server that tells who comes and goes."""

    __slots__ = ()

    def handle(self, request: Request) -> Steps:
        """See `Server.handle`."""
        steps = super().handle(request)
        tape = tape_of(request)
        return steps if tape is None else tape.within(PLACE, self.name, steps)


class TracedProxy:
    """The doors of a proxy.

    Args:
        proxy: The proxy.
    """

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        self._forward = proxy.forward
        self._turn_away = proxy.turn_away
        self._passage = proxy.passage
        self._handle = proxy.handle

    def attach(self) -> None:
        """Puts these doors in place of the plain ones."""
        proxy: Any = self.proxy
        proxy.forward = lambda request: self._decide(request, self._forward)
        proxy.turn_away = lambda request: self._decide(request, self._turn_away)
        proxy.handle = self.handle
        if self.proxy.mortal:
            proxy.passage = self.passage

    def handle(self, request: Request) -> Steps:
        """See `Proxy.handle`."""
        steps = self._handle(request)
        tape = tape_of(request)
        return steps if tape is None else tape.within(PLACE, self.proxy.name, steps)

    def passage(self, onward: Handler) -> Handler:
        """See `Proxy.passage`."""
        return TracedPassage(self._passage(onward))

    def _decide(self, request: Request, decide: Callable[[Request], Response | Handler]) -> Response | Handler:
        tape = tape_of(request)
        if tape is None:
            return decide(request)
        onward = tape.passes(self.proxy, decide)
        if isinstance(onward, Response) or tape.goes_on or self.proxy.mortal:
            return onward
        return Onward(onward, tape)


class Onward:
    """The way on from a proxy, for one request.

    Args:
        inner: What answers.
        tape: Hears of the answer.
    """

    def __init__(self, inner: Handler, tape: Tape) -> None:
        self.inner = inner
        self.tape = tape

    def handle(self, request: Request) -> Steps:
        """Answers."""
        answer = yield from self.inner.handle(request)
        self.tape.answers(answer)
        return answer


class TracedPassage:
    """The way on from a proxy that may die.

    Args:
        inner: The way on.
    """

    def __init__(self, inner: Handler) -> None:
        self.inner = inner

    def handle(self, request: Request) -> Steps:
        """Answers."""
        tape = tape_of(request)
        return (self.inner if tape is None else Onward(self.inner, tape)).handle(request)


class TracedCheck:
    """A policy of a gateway that tells its name.

    Args:
        inner: The policy.
        name: As the scenario calls it.
    """

    def __init__(self, inner: Admission, name: str) -> None:
        self.inner = inner
        self.name = name
        self.needs_time = inner.needs_time
        self.varies = inner.varies

    def check(self, request: Request, now: float) -> Response | None:
        """See `Admission.check`."""
        tape = tape_of(request)
        if tape is None:
            return self.inner.check(request, now)
        tape.word = self.name
        refusal = self.inner.check(request, now)
        tape.word = ""
        return refusal


class TracedProgram:
    """A program some of whose steps tell where they are; see `Program`.

    Args:
        program: The plain program.
    """

    always = None

    def __init__(self, program: Program) -> None:
        self._program = program

    def steps(self, request: Request) -> list[Step]:
        """The steps for a request."""
        steps = self._program.steps(request)
        return steps if tape_of(request) is None else [TracedStep(step) if _tells(step) else step for step in steps]

    def add(self, kind: RequestKind, steps: list[Step]) -> None:
        """See `Program.add`."""
        self._program.add(kind, steps)


def _tells(step: Step) -> bool:
    return isinstance(step, Parallel) or (isinstance(step, Call) and step.fallback is not None)


class TracedStep:
    """A step that tells when it begins and ends: several calls at once, or a call that makes up an answer.

    Args:
        step: The plain step.
    """

    hop = None

    def __init__(self, step: Step) -> None:
        self.step = step

    def run(self, request: Request, server: Server) -> Any:
        """See `Step.run`."""
        steps = self.step.run(request, server)
        tape = tape_of(request)
        assert tape is not None
        if isinstance(self.step, Parallel):
            return tape.within(PARALLEL, "parallel", steps)
        return tape.making_up(steps)


def tell_draws(direction: Direction, hop: Hop, tracer: "Tracer", early: Callable[[], bool]) -> None:
    """Makes one direction of a link tell when a latency is drawn from it.

    The draw is followed at once by the entry in the ledger of the request that it is for, but for the way back from a
    proxy, which is drawn right after the entry of the way there.

    Args:
        direction: The direction.
        hop: Between whom.
        tracer: Whom to tell.
        early: Whether the way back is drawn on the way there.
    """
    draw = direction.latency

    def told() -> float:
        seconds = draw()
        tracer.hop = hop
        tape, tracer.sending = tracer.sending, None
        if hop.is_answer and tape is not None and early():
            tape.will_come_back(hop, seconds)
        return seconds

    direction.latency = told
