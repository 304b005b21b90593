"""A process is mortal: it crashes, and what was inside is lost; or it hangs, and what is inside never hears of it.

The callers of what a crash kills see a reset, and whoever comes before the restart is refused. A hang (a black hole)
accepts and never answers: callers see only their own time-outs, until the process is restarted. What it has swallowed
is outstanding until then, also where a caller has given up: a process that hangs does not close connections either.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from simpy.events import Event

from sim.components.component import Steps
from sim.components.meter import INTERNAL, Meter
from sim.kernel import Environment, Flow
from sim.metrics import Recorder
from sim.request import ANSWERS, SERVICE, Outcome, Request

if TYPE_CHECKING:
    from sim.components.component import Component

RESET = ANSWERS[Outcome.RESET]


class Killed(Exception):
    """The place that a request was in has died."""

    def __init__(self, place: "Mortal | Component") -> None:
        super().__init__(place.name)
        self.place = place


class Hung(Exception):
    """The process that a request was in has stopped doing anything."""

    def __init__(self, process: "Mortal") -> None:
        super().__init__(process.name)
        self.process = process


class Mortal(Meter):
    """Can be crashed, hung and restarted.

    Args:
        env: The environment.
        name: Of the server.
        workers: How many requests it works on at a time; `inf` for any number.
        recorder: Told of work that a crash has made worthless.

    Attributes:
        deaths: How often it has crashed: what it had in memory then is gone.
        hangs: What makes it hang now; as long as there is anything, it does.
        when_up: Called whenever it accepts requests again.
    """

    __slots__ = ("_crashes", "_inside", "deaths", "hangs", "recorder", "when_up")

    def __init__(self, env: Environment, name: str, workers: float, recorder: Recorder) -> None:
        super().__init__(env, name, workers)
        self.recorder = recorder
        self.hangs: list[object] = []
        self.when_up: list[Callable[[], None]] = []
        self._crashes = 0
        self.deaths = 0
        self._inside: dict[Flow, Request] | None = None

    def may_die(self) -> None:
        """Keeps account of who is inside from now on: an event of the scenario crashes or hangs this server."""
        self._inside = {}

    def crash(self) -> None:
        """Kills what is inside, whose callers see a reset, and refuses what comes.

        It takes as many restarts as there were crashes until it accepts again. A hung process is hung no more.
        """
        self._crashes += 1
        self.deaths += 1
        if self.up:
            self._measure()
            self._count_up_time()
            self.up, self.disturbed = False, True
        self.hangs.clear()
        self.killed += self._users_inside()
        self._lose(Killed(self))

    def restart(self) -> None:
        """Accepts requests again, empty."""
        self._measure()
        self._crashes -= 1
        if not self._crashes:
            self._up_mark = self.env.now
            self.up = True
            for tell in self.when_up:
                tell()

    def hang(self, why: object) -> None:
        """Goes on accepting, answers nothing: callers see only their own time-outs. What is down cannot hang.

        Args:
            why: What `end_hang` will be called with.
        """
        if self.up:
            self.hangs.append(why)
            if len(self.hangs) == 1:
                self._lose(Hung(self))

    def end_hang(self, why: object) -> None:
        """Restarts the process, unless something else makes it hang still or a crash has been faster."""
        if why in self.hangs:
            self.hangs.remove(why)
            if not self.hangs:
                self.crash()
                self.restart()

    def lost_for_good(self) -> int:
        """See `Meter.lost_for_good`; what a hung process has swallowed is lost too."""
        return super().lost_for_good() + (self._users_inside() if self.hangs else 0)

    def _users_inside(self) -> int:
        return sum(request.kind not in INTERNAL for request in (self._inside or {}).values())

    def _lose(self, why: Killed | Hung) -> None:
        for flow in list(self._inside or ()):
            if not flow.ended:
                flow.interrupt(why)

    def _hang(self, request: Request) -> Steps:
        """What a hung process does with a request."""
        request.doing = SERVICE
        counted = int(request.kind not in INTERNAL)
        self._swallow(counted)
        try:
            yield Event(self.env)
        except Killed as killed:
            if killed.place is not self:
                raise
            request.cut_short(self.env.now)
        finally:
            self._swallow(-counted)
        return RESET

    def _cut(self, request: Request, work_before: float) -> None:
        """What was done here for a request is lost."""
        request.cut_short(self.env.now)
        self.recorder.waste_part(request, request.work - work_before)
