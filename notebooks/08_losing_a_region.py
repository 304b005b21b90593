# %% [markdown]
# # Losing a region
#
# ## The question
#
# "If a region dies we fail over, in thirty seconds." Somebody has to notice, somebody has to tell the users, and what
# they are sent to has to be there, to be warm, to be large enough, and to know what they wrote a moment ago. **How long
# does it take to lose a region, what is it made of, and what is gone afterwards?**
#
# ## Predict first
#
# Write your answers down before you go on.
#
# 1. Health checks come every 10 s, three failures in a row count, their time-out is 1 s. DNS records may be kept for
#    30 s. A region dies. When does the first of its users get an answer again? The last? How much worse are records of
#    five minutes? And if a tenth of the resolvers keep them for an hour?
# 2. The other region stands by: *hot* (everything runs), *warm* (a third runs, and it takes 40 s), or *cold* (three
#    minutes to provision, then 40 s). How long are the users out in each case?
# 3. The primary of a database dies. Its replicas notice after 10 s and elect another in 5 s. For how long can nobody
#    write (RTO), and how much of what was acknowledged is lost (RPO): with asynchronous replication that lags a
#    second, semi-synchronous, synchronous?
# 4. Two regions share the traffic, each 45% busy. One dies. And if they were 60% busy?
# 5. A region does not die, it becomes five times as slow. Who notices?
# 6. Nobody dies, but a region is cut off from the others for a minute. Both sides take orders. How many are lost?

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from lecture import agrees, say, scenario, spell

import sim
from sim.experiment.statistics import mean_interval

INK, BLUE, ORANGE, TEAL, RED, PURPLE = "#22262b", "#0072b2", "#d55e00", "#5ec1c2", "#b83227", "#7a0177"


def per_second(run, component, way):
    """Requests that a steering component has sent to a region, in each second."""
    rows = run.series
    rows = rows[(rows["component"] == component) & (rows["name"] == f"to_{way}")].set_index("t_s")["value"]
    return rows.diff().clip(lower=0)  # counts begin anew after the warm-up


def successes(run, client=None):
    """The share of the requests that ended in each second and did well, by second; the last second left out."""
    rows = run.timeline if client is None else run.timeline[run.timeline["client"] == client]
    rows = rows.groupby("t_s")[["ok", "ended"]].sum().iloc[:-1]
    return rows["ok"] / rows["ended"].clip(lower=1)


def out_for(run, start, client):
    """Seconds from a moment until the last second in which fewer than 95% of a client's requests did well."""
    good = successes(run, client)
    return float(good.index[(good < 0.95) & (good.index >= start)].max() + 1 - start)


def when(run, what, component):
    """The moment of the first reaction of a kind, s; nan if there was none."""
    return next((r.when for r in run.recorded.reactions if (r.what, r.component) == (what, component)), np.nan)


def smooth(values, seconds=5):
    """A moving average."""
    return values.rolling(seconds, center=True, min_periods=1).mean()


# %% [markdown]
# ## Everything at once
#
# `global_failover`, with less traffic than it is shipped with: two active regions, a warm standby, DNS that steers by
# geography (records of 30 s, which a tenth of the resolvers keep for ten times as long), and a database with its
# primary in `us-east`. That region goes dark for two minutes.

# %%
LESS = {"clients.americas.traffic.rate": "100/s", "clients.europe.traffic.rate": "60/s", "duration": "6m"}
world = sim.run("global_failover", overrides=LESS)
START, END = 180, 300
MARKS = {
    "the database misses its primary": when(world, "unhealthy", "posts@us-east"),
    "a new primary": when(world, "promoted", "posts@us-west"),
    "DNS knows": when(world, "unhealthy", "gateway@us-east"),
    "the standby is ready": when(world, "ready", "gateway@us-west"),
}

world.plot.failover()
plt.show()

# %%
event = world.summary["events"][0]
good = successes(world, "americas")
plateau = good[(good.index >= 255) & (good.index < 298)].mean()
assert MARKS["a new primary"] < MARKS["DNS knows"] < MARKS["the standby is ready"] < END
say(f"""
Seconds after the failure: the database misses its primary ({MARKS["the database misses its primary"] - START:.0f}) and
has another ({MARKS["a new primary"] - START:.0f}), which nobody uses yet. DNS finds the region dead
({MARKS["DNS knows"] - START:.0f}); from now on every record that runs out is renewed with another address. The first
write is accepted after {event["rto_s"]:.0f} s, far later than the database was ready for it. The standby is warm after
{MARKS["the standby is ready"] - START:.0f} s. And when all good records have run out, {plateau:.0%} of the American
requests are answered: the rest come from resolvers that keep the dead address. They are well again because the region
is. **No part was slow, but they stood in line:** a failover is a sum, and every section below is one of its terms.
""")

# %% [markdown]
# ## Detection and DNS
#
# The checks take D = (k - u)·I + time-out, u uniform in 0..1, so here 21 to 31 s (notebook 6). Then DNS gives out the
# other address to whoever asks, and a resolver asks when its record has run out. The phases of resolvers are spread
# evenly, so what is left of a record is uniform in its TTL: the traffic to the dead address falls in a straight line.
# A resolver that is asked λ times a second holds a valid record for a share λT/(1 + λT) of the time only, so that
#
# $$\text{share still sent to the dead address, } t \text{ after detection} = \frac{\lambda T}{1 + \lambda T}
# \Big(1 - \frac{t}{T}\Big), \qquad \text{lost} = \text{rate} \cdot \Big(D +
# \frac{\lambda T}{1 + \lambda T} \cdot \frac{T}{2}\Big)$$
#
# which is nearly D + T/2 for busy resolvers. First three crowds in the shipped scenario `dns_ttl`, one day.

# %%
ttl = sim.run("dns_ttl")
CROWDS = {
    "short": (30, 0.0, "30 s", BLUE),
    "long": (300, 0.0, "5 min", ORANGE),
    "careless": (30, 0.1, "30 s, a tenth keeps it for an hour", PURPLE),
}
ASKED = 60 / 100  # each of the hundred resolvers, per second


def on_the_dead(seconds, t, careless=0.0):
    """The share of requests that still go to the dead address."""
    return (1 - careless) * ASKED * np.clip(seconds - t, 0, None) / (1 + ASKED * seconds) + careless


fig, axes = plt.subplots(figsize=(9, 3.6))
for client, (seconds, careless, words, colour) in CROWDS.items():
    dead, alive = (per_second(ttl, f"dns_{client}", way) for way in ("us", "eu"))
    axes.plot(100 * smooth(dead / (dead + alive), 9), color=colour, label=words)
    found = alive.index[alive > 0][0] - 1  # each DNS has checks of its own
    t = np.linspace(0, 599 - found, 300)
    axes.plot(found + t, 100 * on_the_dead(seconds, t, careless), color=INK, lw=1, ls="--")
axes.plot([], [], color=INK, lw=1, ls="--", label="theory")
axes.axvline(120, color=RED, lw=1)
axes.annotate("dead", (120, 4), xytext=(-28, 0), textcoords="offset points", color=RED)
axes.set(xlim=(90, 599), ylim=(0, 105), xlabel="time (s)", ylabel="sent to the dead region (%)")
axes.legend(loc="upper right")
plt.show()

# %% [markdown]
# One day is an anecdote. Eight failures for each of five TTLs, at different moments of the checks:

# %%
TTLS, SEEDS, RATE, RESOLVERS = (5, 15, 30, 60, 120), range(1, 9), 50, 50
users = scenario("""
    scenario: A region dies behind DNS
    duration: 60s
    regions: {us: {}, eu: {}}
    network: {latency: 0.5ms, between: {us/eu: 40ms}}
    clients: {users: {region: us, traffic: {rate: 50/s}, timeout: 1s, to: dns}}
    components:
      dns: {kind: dns, ttl: 30s, resolvers: 50, to: api, health_check: {interval: 10s, timeout: 1s, unhealthy_after: 3}}
      api: {kind: service, regions: [us, eu], instances: 2, workers: 8, work: 5ms}
    events: [{at: 20s, region_down: us}]
""")


def lost_seconds(seconds, seed):
    """How many seconds' worth of requests got no answer, and how many of them came after the detection."""
    run = sim.run(users, seed, {"components.dns.ttl": f"{seconds}s", "duration": f"{60 + seconds}s"})
    rows, found = run.requests, when(run, "unhealthy", "api@us")
    bad = rows.loc[rows["outcome"] != "ok", "arrived"]
    return len(bad) / RATE, (bad > found).sum() / RATE


after = {seconds: np.array([lost_seconds(seconds, seed) for seed in SEEDS]).T for seconds in TTLS}
DETECTION = 2.5 * 10 + 1
tails = {seconds: seconds / 2 * seconds / (seconds + RESOLVERS / RATE) for seconds in TTLS}
pd.DataFrame(
    {
        "lost: D + tail, theory": {f"{t} s": f"{DETECTION + tails[t]:.1f} s" for t in TTLS},
        "lost, simulated": {f"{t} s": spell(mean_interval(after[t][0]), "s") for t in TTLS},
        "TTL/2": {f"{t} s": f"{t / 2:g} s" for t in TTLS},
        "after detection, theory": {f"{t} s": f"{tails[t]:.2f} s" for t in TTLS},
        "after detection, simulated": {f"{t} s": spell(mean_interval(after[t][1]), "s") for t in TTLS},
    }
).rename_axis("TTL")

# %%
for seconds in TTLS:
    agrees(after[seconds][1], tails[seconds])
    agrees(after[seconds][0], DETECTION + tails[seconds])
short, long = (ttl.summary["clients"][name]["rates"]["success_ratio"] for name in ("short", "long"))
careless = successes(ttl, "careless")[lambda rows: rows.index > 200].mean()
assert long < short < 1
say(f"""
**Prediction 1.** Nobody is helped before the checks have found out, {ttl.summary["events"][0]["detection_s"]:.0f} s after
the failure here. Then the first records run out at once and the last after a whole TTL. Over the ten minutes
{short:.1%} of the requests succeed with 30 s, {long:.1%} with five minutes. With disobedient resolvers it ends at
{careless:.0%}, for as long as they like. Below some TTL it is the detection that counts: from {TTLS[1]} s to {TTLS[0]} s
saves {tails[TTLS[1]] - tails[TTLS[0]]:.1f} of {DETECTION + tails[TTLS[1]]:.0f} s, and makes
{(TTLS[1] + RESOLVERS / RATE) / (TTLS[0] + RESOLVERS / RATE):.1f} times the look-ups.
""")

# %% [markdown]
# ## Hot, warm, cold: a failover taken apart
#
# `active_passive`: three crowds in a region that dies, each with a standby of its own kind. Once as it is shipped, with
# a traffic manager (anycast: users keep their address), and once by DNS with records of 60 s. What a failover is made
# of can be read off: until the checks have found out, until the standby is ready, until the users are there.

# %%
KINDS = {"hot": ("ready", 6), "warm": ("tepid", 2), "cold": ("empty", 0)}
CROWD = {f"clients.{kind}.traffic.rate": "40/s" for kind in KINDS} | {"duration": "480s", "objectives": []}
CHECK = {"interval": "10s", "timeout": "1s"}
DNS = {"kind": "dns", "ttl": "60s", "steering": "failover", "health_check": CHECK}
BY_DNS = {f"components.to_{kind}": DNS | {"to": f"api_{kind}"} for kind in KINDS}
switched = {
    "traffic manager": sim.run("active_passive", overrides=CROWD),
    "DNS, 60 s": sim.run("active_passive", overrides=CROWD | BY_DNS),
}
DIES = 120
rows = {}
for way, run in switched.items():
    for kind, (region, idle) in KINDS.items():
        found = when(run, "unhealthy", f"api_{kind}@primary")
        ready = np.nanmax([found, when(run, "ready", f"api_{kind}@{region}")])
        end = out_for(run, DIES, kind)
        rows[kind, way] = {
            "detection": found - DIES,
            "standby": ready - found,
            "users arrive": DIES + end - ready,
            "out for": end,
            "idle instances": idle,
            "answered": run[f"{kind} availability"],
        }

fig, axes = plt.subplots(figsize=(9, 3))
names, left = [f"{kind}, {way}" for kind, way in rows], np.zeros(len(rows))
for part, colour in (("detection", RED), ("standby", "#e69f00"), ("users arrive", "#9fd0ee")):
    widths = np.array([row[part] for row in rows.values()])
    axes.barh(names, widths, left=left, color=colour, label=part)
    left += widths
axes.invert_yaxis()
axes.set(xlabel="seconds after the failure", title="What a failover is made of")
axes.legend(loc="upper right")
plt.show()
pd.DataFrame(
    {
        f"{kind}, {way}": {
            name: f"{value:.1%}" if name == "answered" else f"{value:.0f}" + " s" * (name != "idle instances")
            for name, value in row.items()
        }
        for (kind, way), row in rows.items()
    }
).T

# %%
for way in switched:
    assert rows["hot", way]["out for"] + 30 < rows["warm", way]["out for"] < rows["cold", way]["out for"] - 120
    assert all(21 <= rows[kind, way]["detection"] <= 31.1 for kind in KINDS)
warm, cold = rows["warm", "traffic manager"], rows["cold", "traffic manager"]
say(f"""
**Prediction 2.** All three wait for the same checks first. Hot users are back after
{rows["hot", "traffic manager"]["out for"]:.0f} s, warm ones after {warm["out for"]:.0f} s, cold ones after
{cold["out for"]:.0f} s (a standby that did not run has to pass a probe besides). By DNS it is
{rows["hot", "DNS, 60 s"]["out for"]:.0f}, {rows["warm", "DNS, 60 s"]["out for"]:.0f} and
{rows["cold", "DNS, 60 s"]["out for"]:.0f} s. The price of the difference is on the bill of every quiet day:
{", ".join(f"{idle} idle instances ({kind})" for kind, (_, idle) in KINDS.items())} of six.
""")

# %% [markdown]
# ## The database: RTO and RPO
#
# Shops in `eu` write 50 orders a second to a primary in `us`, which dies. RTO is the time in which no write was accepted,
# RPO how much of the past is gone. A primary is missed after 10 s of silence, counted from its last heartbeat; an election
# takes 5 s. Asynchronous replication acknowledges at once: whatever has not got across is lost, rate × lag writes on
# average. The others make the writer wait until a replica has received it (*semi-sync*), or until one or all have applied
# it (*sync*).

# %%
orders = scenario("""
    scenario: The primary dies
    duration: 40s
    regions: {us: {}, eu: {}, asia: {}}
    network: {latency: 0.5ms, between: {us/eu: 40ms, us/asia: 80ms, eu/asia: 90ms}}
    clients:
      shops: {region: eu, traffic: {rate: 50/s}, requests: [{send: POST /orders}], timeout: 2s, to: orders}
    components:
      orders:
        kind: database
        primary: us
        replicas: [eu, asia]
        connections: 50
        work: {p50: 3ms, p99: 15ms}
        replication: async
        failover: {detect: 10s, election: 5s, promote_to: eu}
    events: [{at: 15s, region_down: us}]
""")


def lagging(seconds):
    """Asynchronous replication that lags by so much on average."""
    return {"mode": "async", "lag": {"uniform": [f"{500 * seconds:g}ms", f"{1500 * seconds:g}ms"]}}


MODES = {
    "async, lags 1 s": lagging(1),
    "async, as fast as the network": "async",
    "semi-sync": "semi_sync",
    "sync, one of two": {"mode": "sync", "quorum": 1},
    "sync, both": "sync",
}
modes = {
    name: [sim.run(orders, seed, {"components.orders.replication": mode}) for seed in range(1, 7)]
    for name, mode in MODES.items()
}
LAGS = (0.2, 0.5, 1, 2, 4)
lost = {
    lag: [
        sim.run(orders, seed, {"components.orders.replication": lagging(lag), "duration": "32s"}).summary["events"][0]
        for seed in range(1, 11)
    ]
    for lag in LAGS
}

# %%
cost = {name: [run.summary["events"][0] for run in runs] for name, runs in modes.items()}


def before(run, share):
    """A quantile of the latency of writes before the failure, ms."""
    rows = run.requests
    return 1e3 * rows.loc[rows["arrived"] < 13, "latency"].quantile(share)


never = [name for name, events in cost.items() if any(event["rto_s"] is None for event in events)]
rto = {name: mean_interval([event["rto_s"] for event in events]) for name, events in cost.items() if name not in never}
rpo = {name: mean_interval([event["rpo_s"] for event in events]) for name, events in cost.items()}
gone = {name: mean_interval([event["writes_lost"] for event in events]) for name, events in cost.items()}
median = {name: mean_interval([before(run, 0.5) for run in runs]) for name, runs in modes.items()}

fig, sides = plt.subplots(1, 4, figsize=(11.5, 2.9), width_ratios=(1, 1, 1, 1.5))
for axes, figure, title in zip(sides, (rto, rpo, median), ("RTO (s)", "RPO (s)", "Median write (ms)"), strict=False):
    for row, name in enumerate(MODES):
        if name in figure:
            axes.barh(row, figure[name].mean, xerr=figure[name].half_width, color=BLUE, height=0.6)
        else:
            axes.text(0.3, row, "never", va="center", color=RED)
    axes.set(title=title, yticks=range(len(MODES)), yticklabels=list(MODES) if axes is sides[0] else [])
    axes.set_ylim(len(MODES) - 0.5, -0.5)
fine = np.linspace(0, LAGS[-1], 2)
sides[3].plot(fine, RATE * fine, color=INK, label="rate x lag")
each = [mean_interval([event["writes_lost"] for event in lost[lag]]) for lag in LAGS]
sides[3].errorbar(
    LAGS, [e.mean for e in each], [e.half_width for e in each], fmt="o", color=ORANGE, capsize=3, label="simulated"
)
sides[3].set(xlabel="mean lag (s)", title="Acknowledged writes lost", ylim=(0, None))
sides[3].legend(loc="upper left")
plt.show()
pd.DataFrame(
    {
        "RTO": {name: "never" if name in never else spell(rto[name], "s") for name in MODES},
        "RPO": {name: spell(rpo[name], "s") for name in MODES},
        "writes lost": {name: spell(gone[name]) for name in MODES},
        "median write": {name: spell(median[name], "ms") for name in MODES},
    }
)

# %%
for lag in LAGS:
    agrees([event["writes_lost"] for event in lost[lag]], RATE * lag)
safe = [name for name in MODES if gone[name].hi == 0]
assert safe == ["semi-sync", "sync, one of two", "sync, both"]
assert never == ["sync, both"]
assert all(13.9 < event["rto_s"] < 15.5 for name in rto for event in cost[name])
say(f"""
**Prediction 3.** RTO: {spell(rto["async, lags 1 s"], "s")}, whatever the mode; it is heartbeats and an election.
RPO: {spell(rpo["async, lags 1 s"], "s")} with a lag of a second on average, that is {spell(gone["async, lags 1 s"])}
writes for which somebody has a receipt (theory: {RATE * 1:g}; the lag is drawn anew every ten seconds, so days differ).
Without any lag but the network's it is still {spell(gone["async, as fast as the network"])}. *Semi-sync* loses nothing, and
each write pays for a crossing: {spell(median["semi-sync"], "ms")} instead of {spell(median["async, lags 1 s"], "ms")}.
*Sync* with both replicas loses nothing either, and **never accepts a write again**: the new primary has to wait for both
others, and one of them is the dead one. A promise to all of them fails with any of them; ask for a quorum.
""")

# %% [markdown]
# ## Active-active is not free
#
# Two regions, both in use: nothing to activate, nothing idle. But the one that is left gets everything. If each is busy to
# a share ρ, afterwards it is 2ρ: no more than one half each, or a share 1 - 1/(2ρ) of the requests must fail, at best. With N
# regions the limit is (N - 1)/N. And "at best" takes a queue that is shorter than the users' patience.

# %%
pair = scenario("""
    scenario: Two regions, both in use
    duration: 50s
    regions: {us: {}, eu: {}}
    network: {latency: 0.5ms, between: {us/eu: 40ms}}
    clients:
      americans: {region: us, traffic: {rate: 60/s}, timeout: 500ms, to: manager}
      europeans: {region: eu, traffic: {rate: 60/s}, timeout: 500ms, to: manager}
    components:
      manager: {kind: traffic_manager, steering: geo, to: api, health_check: {interval: 1s, timeout: 500ms}}
      api:                          # 100/s in each region
        kind: service
        regions: [us, eu]
        instances: 2
        queue: 5
        balancer: least_request
        work: {exponential: 20ms}
    events: [{at: 15s, region_down: us}]
""")
BUSY, QUEUES = (0.30, 0.40, 0.45, 0.50, 0.55, 0.60, 0.70), {5: "queue of 5", 1000: "queue of 1,000"}


def at_load(share, queue, seed):
    """Two regions of which each is busy to this share, until one dies."""
    rate = f"{100 * share:g}/s"
    over = {f"clients.{client}.traffic.rate": rate for client in ("americans", "europeans")}
    return sim.run(pair, seed, over | {"components.api.queue": queue})


def survives(run):
    """The share of requests answered when everybody has been in one region for a while."""
    rows = run.requests
    rows = rows[(rows["arrived"] > 28) & (rows["arrived"] < 48)]
    return (rows["outcome"] == "ok").mean()


both = {(busy, queue): [at_load(busy, queue, seed) for seed in range(1, 4)] for busy in BUSY for queue in QUEUES}
alone = {key: mean_interval([survives(run) for run in runs]) for key, runs in both.items()}

fig, (left, right) = plt.subplots(1, 2, figsize=(11, 3.4))
fine = np.linspace(0.28, 0.72, 100)
left.plot(100 * fine, 100 * np.minimum(1, 0.5 / fine), color=INK, label="at best")
for (queue, words), colour in zip(QUEUES.items(), (BLUE, ORANGE), strict=True):
    means = [alone[busy, queue] for busy in BUSY]
    left.errorbar(
        [100 * busy for busy in BUSY],
        [100 * e.mean for e in means],
        [100 * e.half_width for e in means],
        fmt="o-",
        capsize=3,
        color=colour,
        label=words,
    )
left.axvline(50, color=INK, lw=1, ls=":")
left.set(xlabel="busy before, each region (%)", ylabel="answered after (%)", ylim=(-3, 105))
left.legend(loc="lower left")
for busy, queue, colour in ((0.45, 5, TEAL), (0.60, 5, BLUE), (0.60, 1000, ORANGE)):
    lines = 100 * smooth(successes(both[busy, queue][0]), 3)
    right.plot(lines, color=colour, label=f"{busy:.0%} busy, {QUEUES[queue]}")
right.axvline(15, color=RED, lw=1)
right.set(xlabel="time (s)", ylabel="answered (%)", ylim=(-3, 105))
right.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18))
plt.show()

# %%
condemned = sum(
    (r.what, r.component) == ("unhealthy", "api@eu") for run in both[0.60, 1000] for r in run.recorded.reactions
)
assert alone[0.40, 5].lo > 0.9
assert condemned > 0
assert alone[0.60, 1000].hi < alone[0.60, 5].lo
assert alone[0.60, 5].lo < 0.5 / 0.6
say(f"""
**Prediction 4.** From 40% each, {spell(alone[0.40, 5], "%", 100)} of the requests are answered by the region that is left, from
45% {spell(alone[0.45, 5], "%", 100)}: at {2 * 0.45:.0%} load a short queue is full now and then (notebook 2). From 60% each, {spell(alone[0.60, 5], "%", 100)} are, and it could not be more than
{0.5 / 0.6:.0%}. That takes a short queue: with a long one everybody waits for longer than they are willing to, health
checks among them ({condemned} times in {len(both[0.60, 1000])} runs they condemn the region that is left, too), and
{spell(alone[0.60, 1000], "%", 100)} are answered. One region has died, and the other is hardly of use. Three regions may be
{2 / 3:.0%} busy, four {3 / 4:.0%}: headroom is what N + 1 means, and it is used up silently, by growth.
""")

# %% [markdown]
# ## A region that is only slow
#
# `gray_region`: from minute two on everything in `us` takes five times as long. Probes are answered. At minute five
# somebody drains the region by hand, at minute six it dies.

# %%
STEERED = {"geography": ORANGE, "latency": BLUE}
FEWER = {f"clients.{client}.traffic.rate": "40/s" for client in STEERED}
gray = [sim.run("gray_region", seed, FEWER) for seed in range(1, 4)]
fig, axes = plt.subplots(figsize=(9, 3.2))
for client, colour in STEERED.items():
    lines = gray[0].timeline[gray[0].timeline["client"] == client].set_index("t_s")["p95"].iloc[:-1]
    axes.plot(1e3 * smooth(lines, 5), color=colour, label=f"steered by {client}")
for moment, words in ((120, "slow"), (300, "drained"), (360, "dead"), (420, "back")):
    axes.axvline(moment, color=INK, lw=1, ls=":")
    axes.annotate(words, (moment, 900), xytext=(4, 0), textcoords="offset points")
axes.set(xlabel="time (s)", ylabel="p95 (ms)", ylim=(0, 980))
axes.legend(loc="center right")
plt.show()


# %%
def slow_p95(run, client, start, end):
    """p95 of a client's requests that arrived in a span, ms."""
    rows = run.requests
    chosen = (rows["client"] == client) & (rows["arrived"] >= start) & (rows["arrived"] < end)
    return 1e3 * rows.loc[chosen, "latency"].quantile(0.95)


felt = {client: mean_interval([slow_p95(run, client, 130, 300) for run in gray]) for client in STEERED}
usual = mean_interval([slow_p95(run, "geography", 20, 120) for run in gray])
noticed = [
    r for run in gray for r in run.recorded.reactions if r.what in ("unhealthy", "ejected") and 120 < r.when < 300
]
lost_to_death = sum(run.summary["events"][2]["lost"] for run in gray)
assert not noticed
assert felt["geography"].lo > 2 * usual.hi
assert felt["latency"].hi < felt["geography"].lo
say(f"""
**Prediction 5.** Nobody who asks "are you there?": in three minutes and three runs {len(noticed)} health checks failed,
while p95 of who is steered by geography went from {spell(usual, "ms")} to {spell(felt["geography"], "ms")}. Steering by
measured latency left by itself: {spell(felt["latency"], "ms")}, which is the price of the ocean. Draining takes a human who looks
at latency by region; and when the empty region dies, {lost_to_death} requests are lost. Moving users away from a region
that you suspect is cheap; waiting until it is dead enough for a health check is not.
""")

# %% [markdown]
# ## Split brain
#
# `split_brain`, with less traffic: America, where the primary is, is cut off for forty seconds. On the other side the
# replicas miss their primary and elect another one. With *fencing* a primary that has lost its majority stops accepting
# writes; without, it knows of nothing and goes on.

# %%
CUT = {
    "clients.americas.traffic.rate": "50/s",
    "clients.europeans.traffic.rate": "25/s",
    "events": [{"at": "20s", "for": "40s", "partition": "america"}],
    "duration": "80s",
    "objectives": [],
}
brains = {
    fencing: [
        sim.run("split_brain", seed, CUT | {"components.orders.failover.fencing": fencing}) for seed in range(1, 5)
    ]
    for fencing in (False, True)
}


def orders_of(run):
    """American orders in the forty seconds: acknowledged, and later gone; acknowledged and kept; refused."""
    rows = run.requests
    rows = rows[(rows["client"] == "americas") & (rows["arrived"] >= 20) & (rows["arrived"] < 60)]
    taken, gone = (rows["outcome"] == "ok").sum(), run.summary["events"][0]["writes_lost"]
    return {"lost": gone, "refused": len(rows) - taken}


books = {
    fencing: {name: mean_interval([orders_of(run)[name] for run in runs]) for name in ("lost", "refused")}
    for fencing, runs in brains.items()
}
fig, axes = plt.subplots(figsize=(8, 2.2))
for row, counts in enumerate(books.values()):
    left = 0.0
    for (name, count), colour in zip(counts.items(), (RED, "#e69f00"), strict=True):
        words = {"lost": "acknowledged, then lost", "refused": "refused"}[name]
        axes.barh(row, count.mean, left=left, color=colour, height=0.6, label=words if row == 0 else None)
        left += count.mean
axes.set(yticks=(0, 1), yticklabels=("without fencing", "with fencing"), xlabel="orders of 40 s")
axes.set_ylim(1.5, -0.5)
fig.legend(loc="outside lower center", ncols=2)
plt.show()

# %%
assert books[True]["lost"].hi < 0.5 * books[False]["lost"].lo
assert books[True]["refused"].lo > books[False]["refused"].hi
say(f"""
**Prediction 6.** Without fencing America notices nothing, and when the network is whole again
{spell(books[False]["lost"])} orders are gone, each of which had been acknowledged. With fencing
{spell(books[True]["refused"])} are refused and {spell(books[True]["lost"])} are lost, those of the first seconds, in which
the old primary still has its lease and its writes do not get across any more. A refusal can be tried again; a lost
order has to be explained. That is the choice that a partition leaves (CAP), and "we are never down" is one of the answers.
""")

# %% [markdown]
# ## What to say in an interview

# %%
say(f"""
- *"How long does a failover take?"* Detection plus steering plus readiness, and the database beside it. With checks every
  10 s, three in a row, that is {DETECTION:.0f} s on average before anything happens, then up to a TTL, then warm-up. I take
  a failover apart like that, and shorten the largest term first: a TTL below the detection time buys little.
- *"DNS or anycast?"* DNS is everywhere and slow: TTL/2 on average, a TTL for the last, and some resolvers do not obey.
  Anycast or a global balancer moves everybody at once, and is one more thing that can fail.
- *"Active-active or active-passive?"* Active-active has no cold start and no idle machines **as long as each of N regions
  is less than (N - 1)/N busy**. Hot, warm and cold buy seconds with idle capacity: {rows["hot", "traffic manager"]["out for"]:.0f},
  {warm["out for"]:.0f} and {cold["out for"]:.0f} s here.
- *"What are your RTO and RPO?"* RTO: silence plus election, plus the time until writers are sent there. RPO: the lag, times
  the rate, in writes that somebody has a receipt for. Zero takes a synchronous quorum, and a crossing on every write.
- *"How do you avoid split brain?"* A majority decides, and who has lost it stops (fencing, leases). Then a partition costs
  availability on the small side, on purpose.
- *"How do you know that it works?"* By doing it: drain a region every month, at noon. Headroom, standby and TTLs rot.
""")

# %% [markdown]
# ## Try this
#
# 1. Check every second instead of every ten (`"components.dns.health_check.interval": "1s"`) in `global_failover`. Which
#    term is the largest now? And what would a busy region do to such a check (notebook 6)?
# 2. Let all resolvers obey (`"components.dns.ignore_ttl": "0%"`). When are the Americans well again?
# 3. Put the new primary where the users go: `"components.posts.failover.promote_to": "eu-west"`. What does a write cost?
# 4. A region that flaps (`region_down` for 15 s, every 40 s): with failback at once, and with
#    `failback: {how: gradual, after: 60s}`. Who loses more?
# 5. `zone_failure` has three zones instead of two regions. What may each be busy?
# 6. `payment_dual_region` pays twice or not at all. Which key saves it?
