"""Replicated databases with random faults: whatever happens, what was promised is kept."""

from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sim.components import Replica
from sim.scenario import Assembly, assemble, load

REGIONS = ("us", "eu", "ap", "sa")
VERBS = ("crash", "hang", "partition", "region_down", "promote")
END = 40.0


def texts(mode: str, fencing: str = "true", most: int = 4) -> Any:
    """Scenarios: two to four replicas, one to five events that may overlap, and writers and readers everywhere."""

    @st.composite
    def text(draw: st.DrawFn) -> str:
        regions = REGIONS[: draw(st.integers(2, most))]
        events = []
        for _ in range(draw(st.integers(1, 5))):
            verb, region = draw(st.sampled_from(VERBS)), draw(st.sampled_from(regions))
            at, lasts = draw(st.floats(2.0, 25.0)), draw(st.floats(0.1, 12.0))
            span = f"at: {at:.3f}s" + ("" if verb == "promote" else f", for: {lasts:.3f}s")
            other = draw(st.sampled_from([each for each in regions if each != region]))
            target = {
                "partition": draw(
                    st.sampled_from([region, f"{region}/{other}", f"[{region}, {other}], one_way: true"])
                ),
                "region_down": region,
            }.get(verb, f"db@{region}")
            events.append(f"{{{span}, {verb}: {target}}}")
        clients = "".join(
            f"""
      {region}:
        region: {region}
        to: db
        timeout: 1s
        traffic: {{rate: 20/s}}
        population: 5
        requests: [{{send: POST /, weight: 1}}, {{send: GET /, weight: 1}}]"""
            for region in regions
        )
        pairs = ", ".join(f"{a}/{b}: 30ms" for n, a in enumerate(regions) for b in regions[n + 1 :])
        lag = draw(st.sampled_from(["", ", lag: 200ms", ", appliers: 1"]))
        return dedent(f"""
    scenario: Random replicas
    seed: {draw(st.integers(0, 999))}
    duration: {END}s
    regions: {{{", ".join(f"{region}: {{}}" for region in regions)}}}
    network: {{between: {{{pairs}}}}}
    clients:{clients}
    components:
      db:
        kind: database
        primary: us
        replicas: [{", ".join(regions[1:])}]
        work: 5ms
        connections: 50
        read_your_writes: {draw(st.sampled_from(["true", "false"]))}
        replication: {{mode: {mode}{lag}}}
        failover: {{detect: 2s, election: 1s, fencing: {fencing}}}
    events: [{", ".join(events)}]
    """)

    return text()


def stage(text: str) -> Assembly:
    """The world of a scenario."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "random.yaml"
        path.write_text(text)
        scenario = load(path)
        return assemble(scenario, scenario.document.seed)


def play(text: str) -> list[Replica]:
    """Runs it to its end, looks at it twenty times a second on the way, and returns its replicas."""
    assembly = stage(text)
    world = assembly.world
    replicas = [part for part in world.components.values() if isinstance(part, Replica)]
    for step in range(1, int(20 * END) + 1):
        world.env.run_until(step / 20)
        for replica in replicas:
            assert 0 <= replica.applier.applied <= replica.received <= len(replica.history.times)
            assert replica.history.acknowledged <= len(replica.history.times)
            assert not (replica.alive and replica.leads and replica.feed is not None)
    assembly.injector.finish()
    return replicas


def total(replicas: list[Replica], counter: str) -> int:
    """A counter, summed over the replicas."""
    return sum(getattr(replica, counter) for replica in replicas)


@settings(max_examples=40)
@given(texts("async"))
def test_every_acknowledged_write_is_kept_or_known_to_be_lost(text: str) -> None:
    """And with fencing there never are two who accept writes."""
    replicas = play(text)
    kept = len(replicas[0].group.history.times)
    assert total(replicas, "writes") == kept + total(replicas, "writes_lost")
    assert total(replicas, "split_brain_writes") == 0


@settings(max_examples=25)
@given(texts("async", fencing="false"))
def test_so_it_is_without_fencing(text: str) -> None:
    """Where there may be two, all that one of them has acknowledged is lost."""
    replicas = play(text)
    kept = len(replicas[0].group.history.times)
    assert total(replicas, "writes") == kept + total(replicas, "writes_lost")
    assert total(replicas, "split_brain_writes") <= total(replicas, "writes_lost")


@settings(max_examples=40)
@given(texts("sync"))
def test_what_all_replicas_have_applied_is_never_lost(text: str) -> None:
    """Synchronous replication to all, with fencing: no failover loses a write that was acknowledged."""
    replicas = play(text)
    assert total(replicas, "writes") > 0
    assert total(replicas, "writes_lost") == total(replicas, "split_brain_writes") == 0
    assert total(replicas, "writes") <= len(replicas[0].group.history.times)


@settings(max_examples=25)
@given(texts("semi_sync", most=3))
def test_nor_what_one_of_two_replicas_has_received(text: str) -> None:
    """Whoever is elected has the votes of all who are left, and has received the most."""
    replicas = play(text)
    assert total(replicas, "writes_lost") == total(replicas, "split_brain_writes") == 0
