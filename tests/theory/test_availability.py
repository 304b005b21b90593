"""How long DNS keeps sending users to a dead address, and how available parts in series and in parallel are."""

import numpy as np
from scipy import stats

from sim.request import Outcome
from tests.theory.formulas.availability import mean_switch, on_dead_address, parallel, series
from tests.theory.protocol import Study

TTL, DEAD, DETECTION = 60.0, 20.0, 20.0
RESOLVERS, USERS_EACH = 100, 2.5


def test_dns_keeps_sending_users_to_a_dead_address_until_their_record_runs_out(theory):
    """What is left of a record is uniform in its TTL; so users switch U(0, TTL) after DNS does, all within one TTL.

    Each client is a crowd behind one resolver that obeys. The address dies at 20 s, and DNS knows it 20 s later.

    Source: elementary (the residual of a constant is uniform).
    """
    crowds = "\n".join(
        f"  c{number}: {{region: us, traffic: {{rate: {USERS_EACH}/s}}, to: names}}" for number in range(RESOLVERS)
    )
    study = Study(f"""
duration: {DEAD + DETECTION + TTL + 5.0:g}s
regions: {{us: {{}}, eu: {{}}}}
network: {{between: {{us/eu: 0s}}}}
clients:
{crowds}
components:
  names: {{kind: dns, ttl: {TTL:g}s, resolvers: 1, to: api}}
  api: {{kind: service, regions: [us, eu], workers: 100, work: 0ms}}
events:
  - {{at: {DEAD:g}s, outage: api@us}}
  - {{at: {DEAD + DETECTION:g}s, drain: us}}
""")

    def dead(run):
        rows = run.result.requests
        return rows[rows["outcome"] == Outcome.REFUSED]

    def share(run, begin, end):
        refused, sent = (
            np.count_nonzero((rows["arrived"] >= begin) & (rows["arrived"] < end))
            for rows in (dead(run), run.result.requests)
        )
        return refused / sent

    def switches(run):
        """When each crowd got its first answer after its last from the dead address, since that died, s."""
        last = {row["client"]: row["arrived"] for row in dead(run)}
        rows = run.result.requests
        return np.array(
            [
                rows["arrived"][(rows["client"] == client) & (rows["arrived"] > time)].min() - DEAD
                for client, time in last.items()
            ]
        )

    case, given = "A15-dns-60-20", f"TTL 60 s, detection 20 s, {RESOLVERS} resolvers, {USERS_EACH}/s behind each"
    quarter = DETECTION + TTL / 4.0
    theory.agrees(case, "mean switch, s", study, lambda run: switches(run).mean(), mean_switch(DETECTION, TTL), given)
    theory.agrees(
        case,
        "still on the dead address at D + T/4",
        study,
        lambda run: share(run, DEAD + quarter - 2.0, DEAD + quarter + 2.0),
        on_dead_address(quarter, DETECTION, TTL),
        given,
    )
    theory.agrees(
        case,
        "unavailable in D + T",
        study,
        lambda run: share(run, DEAD, DEAD + DETECTION + TTL),
        mean_switch(DETECTION, TTL) / (DETECTION + TTL),
        given,
    )
    assert all(dead(run)["arrived"].max() <= DEAD + DETECTION + TTL for run in study.runs)
    found = np.concatenate([switches(run) for run in study.runs])
    assert len(found) == len(study.runs) * RESOLVERS
    assert stats.kstest(found, stats.uniform(DETECTION, TTL).cdf).pvalue > 0.01


FAILS = 0.1


def test_availability_of_parts_in_series_and_in_parallel(theory):
    """Parts that answer nine requests in ten: five that are all needed, two of which one will do, and two such pairs.

    A pair is two instances, of which the other is tried where one fails.

    Source: elementary (independent failures).
    """
    parts = "\n".join(f"  s{number}: {{kind: service, workers: 100, work: 0ms}}" for number in range(5))
    calls = ", ".join(f"{{call: s{number}}}" for number in range(5))
    again = "retry: {attempts: 2, on: [5xx]}"
    study = Study(f"""
duration: 60s
clients:
  series: {{traffic: {{rate: 20/s}}, to: chain}}
  parallel: {{traffic: {{rate: 300/s}}, to: pair, {again}}}
  both: {{traffic: {{rate: 100/s}}, to: pairs}}
components:
  chain: {{kind: service, workers: 100, steps: [{calls}]}}
  pairs: {{kind: service, workers: 100, steps: [call: {{to: pair, {again}}}, call: {{to: pair, {again}}}]}}
  pair: {{kind: service, instances: 2, workers: 100, work: 0ms}}
{parts}
events:
  - {{at: 0s, errors: [pair, s0, s1, s2, s3, s4], rate: {FAILS:.0%}}}
""")

    def failed(client):
        return lambda run: run.summary["clients"][client]["rates"]["drop_ratio"]

    case, given = "availability-0.9", "each part fails 10% of requests"
    part = 1.0 - FAILS
    pair = parallel([part, part])
    theory.agrees(case, "series of 5 fails", study, failed("series"), 1.0 - series([part] * 5), given)
    theory.agrees(case, "parallel of 2 fails", study, failed("parallel"), 1.0 - pair, given)
    theory.agrees(case, "2 pairs in series fail", study, failed("both"), 1.0 - series([pair, pair]), given)
