"""A tracer attaches tapes to some requests of a run, and to what they meet, while the world is being assembled.

Nothing of the simulation is written twice. A request that is traced gets another class, whose ledger can be listened
to; servers, proxies and links are wrapped so that a tape hears where its request is. What moves a request is the code
that always moves it. In a world without a tracer nothing of this exists.
"""

from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass
from typing import Any, ClassVar

from sim.components import Component, Server, World
from sim.components.gateway import Gateway
from sim.components.network import Direction, Link
from sim.components.program import Program, Step
from sim.components.proxy import Proxy
from sim.components.steps.call import Call
from sim.components.steps.parallel import Parallel
from sim.experiment.tracing.draft import Draft
from sim.experiment.tracing.tape import Hop, Onward, Tape
from sim.kernel import Environment
from sim.metrics import Recorder
from sim.metrics.trace import ATTEMPT, PARALLEL, PLACE, REQUEST, Span
from sim.policies.admission import Admission
from sim.request import Outcome, Request, Response
from sim.scenario import Assembly, Scenario, assemble
from sim.values import chosen


class Tracer:
    """Tells the stories of some requests.

    Args:
        rows: Which: their rows in the recorder.

    Attributes:
        tapes: Who listens to which request object.
        stories: The drafts of the stories, by row.
        roles: The kind of each component.
        hop: Which link has been drawn from last.
        sending: The tape of the request that this was for; None if nobody listens to that.
    """

    env: Environment

    def __init__(self, rows: Collection[int]) -> None:
        self.rows = frozenset(rows)
        self.tapes: dict[Request, Tape] = {}
        self.stories: dict[int, Draft] = {}
        self.roles: dict[str, str] = {}
        self.hop = Hop("", "", False)
        self.sending: Tape | None = None
        self._class: type[Request] = type("TracedRequest", (TracedRequest,), {"__slots__": (), "tracer": self})
        self._all: list[Tape] = []

    def assemble(self, scenario: Scenario, seed: int) -> Assembly:
        """Builds the world of a run that is traced."""
