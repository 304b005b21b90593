"""A server is a process with workers and a queue: an instance of a service, a database, a provider somewhere else.

A request that finds no free worker waits; a freed worker takes the next one in the same instant. A worker is held until
the request is answered, whatever it waits for in between. Faults make it slow, or make it answer with errors; how it
dies is told by `mortal`.
"""

from collections import deque
from math import inf, prod

from simpy.events import Event

from sim.components.component import Steps
from sim.components.meter import INTERNAL, QUEUE_FULL, REFUSED
from sim.components.mortal import RESET, Hung, Killed, Mortal
from sim.components.program import Program, Work
from sim.kernel import Demand, Environment, Uniform
from sim.metrics import Recorder
from sim.request import ANSWERS, QUEUE, SERVICE, Outcome, Request, Response

UPSTREAM_ERROR = ANSWERS[Outcome.UPSTREAM_ERROR]
EXPIRED = ANSWERS[Outcome.TIMEOUT]
OK = ANSWERS[Outcome.OK]


class Server(Mortal):
    """Workers in front of a bounded queue.

    Args:
        name: `search[0]`, or the component's name where there is only one.
        env: The environment.
        recorder: Told of work that a crash has made worthless.
        program: What it does for a request.
        workers: How many requests it works on at a time; None for any number.
        limit: How many may wait; None for any number.
        lifo: Whether the newest waits least.
        speed: Divides its service times.
        deadline_propagation: Whether it drops a request whose caller has given up when its turn comes.

    Attributes:
        errands: Work that the next request finds at its worker, for which no worker was free, s.
    """

    __slots__ = (
        "_queue",
        "_slowdowns",
        "deadline_propagation",
        "errands",
        "error_coin",
        "error_share",
        "failures",
        "lifo",
        "limit",
        "pace",
        "program",
        "speed",
    )

    def __init__(
        self,
        name: str,
        env: Environment,
        recorder: Recorder,
        program: Program,
        workers: int | None = 1,
        limit: int | None = None,
        lifo: bool = False,
        speed: float = 1.0,
        deadline_propagation: bool = False,
    ) -> None:
        super().__init__(env, name, inf if workers is None else workers, recorder)
        self.program = program
        self.limit = inf if limit is None else limit
        self.lifo = lifo
        self.speed = speed
        self.deadline_propagation = deadline_propagation
        self.errands = 0.0
        self.error_share = 0.0
        self.error_coin: Demand | None = None
        self.failures: list[tuple[float, Uniform]] = []
        self._slowdowns: list[float] = []
        self.pace = 1.0 / speed
        self._queue: deque[tuple[Event, Request]] = deque()

    # -- what a request meets

    def handle(self, request: Request) -> Steps:
        """Serves one request that has just reached it (`request.owed` may be due)."""
        owed = request.owed
        if owed:
            request.owed = 0.0
            request.network += owed
            yield owed
        if not self.up:
            self.refused_down += 1
            return REFUSED
        self.offered += 1
        flow, work, inside = request.flow, request.work, self._inside
        accepted, request.accepted = request.accepted, True
        if inside is not None:
            inside[flow] = request
        holding = False
        turn: Event | None = None
        try:
            if self.hangs:
                return (yield from self._hang(request))
            if self.deadline_propagation and request.deadline <= self.env._now:
                self.expired += 1
                return EXPIRED
            if self.busy < self.workers:
                now = self.env._now
                self.busy_area += self.busy * (now - self._mark)
                self._mark = now
                self.busy += 1
                if self.busy > self.outstanding_max:
                    self.outstanding_max = self.busy
            elif self.waiting >= self.limit:
                self.refused += 1
                return QUEUE_FULL
            else:
                env = self.env
                joined = env._now
                turn = self._join(request)
                expired = yield turn
                turn = None
                request.queue += env._now - joined
                if expired:
                    self.expired += 1
                    return EXPIRED
            holding = True
            answer = OK
            failure: Response | None = None
            if self.failures and request.kind not in INTERNAL and self._fails():
                self.errors += 1
                return UPSTREAM_ERROR
            for step in self.program.always or self.program.steps(request):
                if step.__class__ is Work:
                    seconds = step.at(request.id, request.call) * self.pace
                    request.service += seconds
                    request.work += seconds
                    request.doing = SERVICE
                    yield seconds
                    request.doing = QUEUE
                    continue
                hop = step.hop
                if hop is not None and hop.link.steady:
                    request.owed += hop.out()
                    response = yield from hop.target.handle(request)
                    request.owed += hop.back()
                    response = None if response is OK else response.relay
                else:
                    response = yield from step.run(request, self)
                owed = request.owed
                if owed:
                    request.owed = 0.0
                    request.network += owed
                    yield owed
                if response is not None:
                    if not response.success:
                        failure = response
                        break
                    if response.outcome is Outcome.DEGRADED:
                        answer = response
            if self.error_coin is not None and failure is None:
                failed = self.error_coin.at(request.id, request.call) < self.error_share
                failure = UPSTREAM_ERROR if failed else None
            if failure is None:
                self.served += 1
                return answer
            if failure.condition == "4xx":
                self.served += 1
            else:
                self.errors += 1
            return failure
        except Killed as killed:
            if killed.place is not self:
                raise
            holding, turn = False, None
            self._cut(request, work)
            return RESET
        except Hung as hung:
            if hung.process is not self:
                raise
            holding, turn = False, None
            self._cut(request, work)
            return (yield from self._hang(request))
        finally:
            request.accepted = accepted
            if inside is not None:
                del inside[flow]
            if not holding:
                if turn is not None:
                    self._withdraw(turn)
            elif self._queue:
                self._hand_over()
            else:
                now = self.env._now
                self.busy_area += self.busy * (now - self._mark)
                self._mark = now
                self.busy -= 1

    # -- what faults do to it

    def slow_by(self, factor: float) -> None:
        """Multiplies the service times of what begins from now on."""
        self._slowdowns.append(factor)
        self._set_pace()

    def undo_slow(self, factor: float) -> None:
        """Takes one `slow_by(factor)` back."""
        self._slowdowns.remove(factor)
        self._set_pace()

    def _set_pace(self) -> None:
        self.pace = prod(self._slowdowns) / self.speed

    def fail_by(self, share: float, coin: Uniform) -> None:
        """Answers a share of what begins from now on with an error, before any work is done for it.

        Args:
            share: The share.
            coin: Decides which.
        """
        self.failures.append((share, coin))

    def undo_fail(self, share: float, coin: Uniform) -> None:
        """Takes one `fail_by(share, coin)` back."""
        self.failures.remove((share, coin))

    def _fails(self) -> bool:
        return any(coin.next() < share for share, coin in self.failures)

    def do_beside(self, work: float) -> None:
        """Does something small that is no request: an idle worker does it, or a busy one before its next request.

        Args:
            work: How long it takes at speed 1, s.
        """
        if self.busy < self.workers:
            self.busy_area += work * self.pace
        else:
            self.errands += work * self.pace

    def _lose(self, why: Killed | Hung) -> None:
        self._measure()
        self.errands = 0.0
        self._queue.clear()
        self.busy = self.waiting = 0
        super()._lose(why)

    # -- workers and queue

    def _join(self, request: Request) -> Event:
        self._measure()
        self.waiting += 1
        if self.waiting > self.queue_max:
            self.queue_max = self.waiting
        if self.busy + self.waiting > self.outstanding_max:
            self.outstanding_max = int(self.busy + self.waiting)
        turn = Event(self.env)
        self._queue.append((turn, request))
        return turn

    def _hand_over(self) -> None:
        """Hands the worker to the next that waits for it, or lets it idle."""
        now = self.env._now
        passed = now - self._mark
        self._mark = now
        self.busy_area += self.busy * passed
        queue = self._queue
        if queue:
            self.queue_area += self.waiting * passed
        while queue:
            turn, request = queue.pop() if self.lifo else queue.popleft()
            if not turn.callbacks:
                continue  # withdrawn
            self.waiting -= 1
            expired = self.deadline_propagation and request.deadline <= now
            turn.succeed(expired)
            if not expired:
                return
        self.busy -= 1

    def _withdraw(self, turn: Event) -> None:
        """Gives back the place, or the worker just handed over, of a request that was cancelled while it waited."""
        if turn.triggered:
            if not turn.value:
                self._hand_over()
            return
        self._measure()
        self.waiting -= 1
        turn.callbacks = []  # its entry in the queue is passed over when its turn comes
