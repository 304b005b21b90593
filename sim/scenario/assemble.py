"""Assembling turns a scenario into a world: every component built, wired and ready to run."""

from collections.abc import Callable
from dataclasses import dataclass

from sim.components import KINDS, Client, World
from sim.faults import Injector, Spike
from sim.kernel import Environment, Streams
from sim.metrics import Recorder
from sim.scenario.load import Scenario
from sim.scenario.placement import place


@dataclass
class Assembly:
    """A world that has not begun yet, and who does things to it."""

    world: World
    injector: Injector
    clients: list[Client]


def assemble(scenario: Scenario, seed: int, make_world: Callable[..., World] = World) -> Assembly:
    """Builds the world of one run.

    Args:
        scenario: What to build.
        seed: Of its random streams.
        make_world: Makes the empty world, from the arguments of `World`.
    """
    document, placement = place(scenario.document)
    spikes: dict[str, list[tuple[float, float, float]]] = {}
    for event in document.events:
        if isinstance(event, Spike):
            end = scenario.duration if event.lasts is None else event.at + event.lasts
            for target in event.targets:
                spikes.setdefault(target.name, []).append((event.at, end, event.factor))
    world = make_world(
        env=Environment(),
        streams=Streams(seed, list(document.clients)),
        recorder=Recorder(list(document.clients), document.warmup),
        network=document.network,
        duration=scenario.duration,
        spikes=spikes,
        placement=placement,
        mortal={part for event in document.events for part in event.kills(placement)},
        watched={part for event in document.events for part in event.watches(placement)},
        access={name: client.network for name, client in document.clients.items() if client.network is not None},
    )
    for name, config in document.components.items():
        world.add(KINDS[config.kind].build(name, config, world))
    clients = [Client(name, config, world, number) for number, (name, config) in enumerate(document.clients.items())]
    world.clients |= {client.name: client for client in clients}
    for component in world.components.values():
        component.connect()
        if component.name in world.mortal:
            for server in component.servers:
                server.may_die()
    for client in clients:
        client.connect()
    world.standby.stand_by()
    for event in document.events:
        for link in event.links(world):
            link.watch()
    injector = Injector(world, document.events)
    for client in clients:
        client.start()
    return Assembly(world, injector, clients)
