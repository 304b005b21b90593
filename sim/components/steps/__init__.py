"""What an instance does for a request, step by step: work, call, parallel, read_through, publish. One file each."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim.components.names import references
from sim.components.program import Step, Work
from sim.components.steps.call import Call, CallConfig
from sim.components.steps.parallel import Parallel, ParallelConfig
from sim.components.steps.publish import Publish, PublishConfig
from sim.components.steps.read_through import ReadThrough, ReadThroughConfig
from sim.components.steps.session import Session, SessionConfig
from sim.values import Config, Distribution, chosen, one_of

if TYPE_CHECKING:
    from sim.components.world import World

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class StepKind:
    """One kind of step.

    Attributes:
        config: What YAML may say.
        description: For the schema.
        make: Builds the step from its config, the name of the calling component, the world and a unique name.
        targets: Which components a config names: the path inside it, and the name.
    """

    config: Any
    description: str
    make: Callable[[Any, str, "World", str], Step]
    targets: Callable[[Any], Iterable[tuple[Path, str]]] = references


STEPS = {
    "work": StepKind(
        Distribution,
        "Keeps the worker busy for so long.",
        lambda work, caller, world, name: Work(world.demand(name, work)),
    ),
    "call": StepKind(CallConfig, "Asks another component and waits for the answer.", Call),
    "parallel": StepKind(ParallelConfig, "Makes several calls at once and waits for all.", Parallel),
    "read_through": StepKind(
        ReadThroughConfig, "Looks in a cache, and fetches from the origin what is not there.", ReadThrough
    ),
    "publish": StepKind(
        PublishConfig, "Hands a message to a queue, and goes on when the broker has acknowledged it.", Publish
    ),
    "session": StepKind(SessionConfig, "Finds the caller's session state, in memory or in a store.", Session),
}

StepConfig: Any = one_of(
    "StepConfig",
    "One thing that an instance does for a request.",
    {name: (kind.config, kind.description) for name, kind in STEPS.items()},
)


def make_steps(
    work: Distribution | None, steps: Sequence[Config] | None, name: str, world: "World", caller: str
) -> list[Step]:
    """The steps that `work` or `steps` stands for; none where neither is given.

    Args:
        work: Short for one step.
        steps: The steps.
        name: Of the place in the scenario, unique in the world.
        world: Where everything lives.
        caller: The component that takes the steps.
    """
    if work is not None:
        return [STEPS["work"].make(work, caller, world, f"{name}.work")]
    made = []
    for number, step in enumerate(steps or ()):
        key, config = chosen(step)
        made.append(STEPS[key].make(config, caller, world, f"{name}.steps.{number}.{key}"))
    return made
