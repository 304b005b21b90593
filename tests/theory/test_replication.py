"""What a failover of a replicated database takes and loses, and what readers of a replica do not see."""

import numpy as np
import pytest
from scipy import stats

from tests.theory.formulas.replication import lost_writes, recovery_point, recovery_time, stale_age, stale_share
from tests.theory.protocol import Study

DATABASES = 40
DETECT, ELECTION = 10.0, 5.0
RATE = 20.0
SHORTEST, LONGEST = 0.8, 1.2


@pytest.fixture(scope="module")
def crashes():
    """Databases that all lose their primary, each with writes of its own."""
    database = (
        f"kind: database, primary: us, replicas: [eu], work: 1ms, replication: {{lag: {{uniform: [{SHORTEST}s, "
        f"{LONGEST}s]}}}}, failover: {{detect: {DETECT:g}s, election: {ELECTION:g}s}}"
    )
    databases = "\n".join(f"  db{number}: {{{database}}}" for number in range(DATABASES))
    routes = "\n".join(f"      - {{match: /{number}, to: db{number}}}" for number in range(DATABASES))
    requests = "\n".join(f"      - send: POST /{number}" for number in range(DATABASES))
    events = "\n".join(f"  - {{at: 2s, crash: db{number}@us}}" for number in range(DATABASES))
    return Study(f"""
duration: 18s
regions: {{us: {{}}, eu: {{}}}}
network: {{between: {{us/eu: 0s}}}}
clients:
  user:
    region: us
    to: gateway
    traffic: {{rate: {RATE * DATABASES:g}/s}}
    requests:
{requests}
components:
  gateway:
    kind: gateway
    region: us
    routes:
{routes}
{databases}
events:
{events}
""")


def mean_of(key):
    """The mean of a figure over all events of a run."""
    return lambda run: float(np.mean([event[key] for event in run.summary["events"]]))


def test_lost_writes(theory, crashes):
    """What has been acknowledged within one lag before the failure is lost: rate x lag writes, as old as the lag.

    The oldest of them is younger than the lag by the time between two writes.

    Source: elementary (Poisson process); the recovery point is that of NIST SP 800-34.
    """
    case, given = "lost-writes-20-1", "20 writes/s, lag uniform in 0.8 to 1.2 s"
    mean = (SHORTEST + LONGEST) / 2
    theory.agrees(case, "writes lost", crashes, mean_of("writes_lost"), lost_writes(RATE, mean), given)
    point = recovery_point(RATE, SHORTEST, LONGEST)
    theory.agrees(case, "recovery point, s", crashes, mean_of("rpo_s"), point, given)


def test_recovery_time(theory, crashes):
    """A primary is missed a time-out after its last heartbeat; then comes the election, and then the next write.

    Ten heartbeats fit into the time-out, so the last one has come up to a tenth of it before the failure, uniformly.

    Source: elementary; heartbeats as of D. Ongaro, J. Ousterhout, 2014.
    """
    case, given = "rto-10-5", "missed after 10 s, election 5 s, 20 writes/s"
    expected = recovery_time(DETECT, 10, ELECTION, RATE, 0.001)
    theory.agrees(case, "recovery time, s", crashes, mean_of("rto_s"), expected, given)
    found = np.array([event["detection_s"] for run in crashes.runs for event in run.summary["events"]])
    assert len(found) == len(crashes.runs) * DATABASES
    assert stats.kstest(found, stats.uniform(0.9 * DETECT, 0.1 * DETECT).cdf).pvalue > 0.01


def replica(rates, replication, seconds):
    """Poisson writes to a primary, and Poisson reads of a replica."""
    writes, reads = rates
    return Study(f"""
duration: {seconds + 1}s
warmup: 1s
regions: {{us: {{}}, eu: {{}}}}
network: {{between: {{us/eu: 0s}}}}
clients:
  writer: {{region: us, to: db, traffic: {{rate: {writes}/s}}, requests: [send: POST /]}}
  reader: {{region: eu, to: db, traffic: {{rate: {reads}/s}}}}
components:
  db: {{kind: database, primary: us, replicas: [eu], connections: 100, work: 0s, replication: {replication}}}
""")


def stale(run):
    """The share of the replica's reads that were stale."""
    return run.component("db@eu", "stale_reads") / run.component("db@eu", "reads")


def age(run):
    """How old what they did not see was, s."""
    return run.component("db@eu", "stale_age_mean")


def test_stale_reads(theory):
    """A read is stale if something was written within the lag before it; it misses the oldest of that.

    Source: elementary (M/D/∞); P. Bailis et al., Probabilistically Bounded Staleness, PVLDB 5(8), 2012.
    """
    case, given = "stale-50-0.02", "50 writes/s, lag 20 ms"
    study = replica((50, 200), "{lag: 20ms}", 20)
    theory.agrees(case, "share of stale reads", study, stale, stale_share(50, 0.02), given)
    theory.agrees(case, "age of what they miss, s", study, age, stale_age(50, 0.02), given)


def test_lag_grows_with_the_load(theory):
    """One applier is a queue M/M/1: a read is stale with probability rho, and misses what has come 1/(mu - lambda) ago.

    What is being applied has waited as long as any, and has been worked on for as long as work still takes.

    Source: elementary (M/M/1, PASTA).
    """
    case, given = "applier-200-400", "200 writes/s, one applier, 2.5 ms each, exponential"
    study = replica((200, 200), "{apply: {exponential: 2.5ms}, appliers: 1}", 30)
    theory.agrees(case, "share of stale reads", study, stale, 200 / 400, given)
    theory.agrees(case, "age of what they miss, s", study, age, 1 / (400 - 200), given)
