# %% [markdown]
# # Load balancing
#
# ## The question
#
# Eight instances, one stream of requests. A balancer in front of them decides, for each request, who gets it. It may
# look at nothing (random, round robin), at how many answers are outstanding (least connections, least request of two),
# at how fast answers have been (least response time), or at the request itself (consistent hashing). **How much does
# the choice matter, and when?**
#
# ## Predict first
#
# Write your answers down before you go on.
#
# 1. Equal machines at 80% of capacity: by how much is the p99 of *random* worse than that of *least connections*? Does
#    *round robin* come close to the best?
# 2. Half of the machines are three times as slow, and nobody tells the balancer. Which algorithms survive?
# 3. One machine becomes ten times slower but still answers. What does round robin make of p99?
# 4. Of a hundred queues at 90% load, a request looks at **one**, **two** or **three** of them and joins the shortest.
#    One gives a mean response of ten service times. What do two give? And does the third look help as much again?
# 5. *Least response time* knows the most. When is it worse than knowing nothing?
# 6. Ten cache servers, one leaves. How many keys move with `hash(key) % n`, and how many on a hash ring?

# %%
from bisect import bisect

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from lecture import agrees, claim, interval, say, scenario, slide, spell

import sim
from sim.balancing.consistent_hash import ring
from sim.balancing.hashing import stable_hash
from sim.experiment.statistics import mean_interval

# %% [markdown]
# ## One arrival trace, every algorithm
#
# Three fleets of eight instances: all alike (80% busy), two generations of machines (75% busy; `round_robin` is not
# told, `weighted_round_robin` is), and one machine that turns ten times slower in the middle of the run. Each algorithm
# meets the same requests, at the same moments, with the same service times; only the choice differs. (`prequal` asks
# three instances for their load with each request and keeps the answers for a while; Wydrowski et al., NSDI 2024.)
# Five seeds each; intervals are 95%, and wider where several algorithms are judged at once (Holm).

# %%
TWO = {"algorithm": "least_request", "choices": 2}
ALGORITHMS = [
    "random",
    "round_robin",
    "weighted_round_robin",
    TWO,
    "prequal",
    "least_connections",
    "least_response_time",
]
NAMES = [name if isinstance(name, str) else "least_request of 2" for name in ALGORITHMS]
SHORTER = {"duration": "25s", "warmup": "5s"}
SHORT = {"homogeneous": SHORTER, "mixed": SHORTER, "gray": {"duration": "35s"}}
FLEETS = {"homogeneous": "all alike", "mixed": "half of them 3x slower", "gray": "one 10x slower"}
BALANCERS = {"components.api.balancer": ALGORITHMS}

fleets = {
    fleet: sim.compare(sim.load(f"load_balancing_{fleet}").with_(SHORT[fleet]), BALANCERS, replications=5, workers=1)
    for fleet in FLEETS
}

# %%
fig, panels = plt.subplots(1, 3, figsize=(11, 3.4), sharex=True, sharey=True)
for axes, (fleet, title) in zip(panels, FLEETS.items(), strict=True):
    for row in range(len(NAMES)):
        for name, colour in (("mean", "#0072b2"), ("p99", "#b3400a")):
            known = interval(fleets[fleet], row, name)
            axes.plot([1e3 * known.lo, 1e3 * known.hi], [row, row], color=colour, lw=2)
            axes.plot(1e3 * known.mean, row, "o", color=colour, label=name if row == 0 else None)
    axes.set(xscale="log", title=title, xlabel="response time (ms, log)", yticks=range(len(NAMES)), yticklabels=NAMES)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.xaxis.set_minor_formatter("")
    axes.grid(axis="x")
panels[0].legend(loc="upper right")
plt.show()

# %%
pd.DataFrame(
    {
        (title, name): [spell(interval(fleets[fleet], row, name), "ms", 1000) for row in range(len(NAMES))]
        for fleet, title in FLEETS.items()
        for name in ("mean", "p99")
    },
    index=NAMES,
)

# %%
RANDOM, ROUND_ROBIN, WEIGHTED, OF_TWO, PREQUAL, LEAST, FASTEST = range(len(ALGORITHMS))
CALLED = {label: f"`{name}`" for label, name in zip(fleets["gray"].labels, NAMES, strict=True)}


def times(fleet, worse, better, name="p99"):
    """How many times as large a measure is, from the means over seeds."""
    return interval(fleets[fleet], worse, name).mean / interval(fleets[fleet], better, name).mean


def sentence(fleet, of, to, name="p99", expect=None):
    return claim(fleets[fleet], of, to, name, CALLED, expect)


grown = {run: interval(fleets["mixed"], run, "p99").lo for run in (RANDOM, ROUND_ROBIN)}
assert min(grown.values()) > 10 * interval(fleets["mixed"], WEIGHTED, "p99").hi
assert interval(fleets["gray"], WEIGHTED, "p99").lo > 10 * interval(fleets["gray"], LEAST, "p99").hi


say(f"""
**Prediction 1, all alike.** The mean of `random` is {times("homogeneous", RANDOM, LEAST, "mean"):.1f} times that of
`least_connections`, its p99 {times("homogeneous", RANDOM, LEAST):.1f} times.

- {sentence("homogeneous", LEAST, RANDOM, "mean", "lower")}
- {sentence("homogeneous", LEAST, ROUND_ROBIN, "p99", "lower")}
- {sentence("homogeneous", OF_TWO, ROUND_ROBIN)}
- {sentence("homogeneous", FASTEST, LEAST)}

**Prediction 2, half of them slow.** Random and round robin send the slow half more than it can serve, so their queues
grow for as long as the run lasts (p99 {interval(fleets["mixed"], ROUND_ROBIN, "p99").mean:.0f} s). Weights mend that
as long as somebody keeps them right; looking at outstanding requests needs no weights:

- {sentence("mixed", LEAST, WEIGHTED, "mean", "lower")}

**Prediction 3, one slow.** Round robin goes on giving the sick machine an eighth of the traffic:
p99 {interval(fleets["gray"], ROUND_ROBIN, "p99").mean:.0f} s, and weights do not know that a machine is ill.

- {sentence("gray", LEAST, ROUND_ROBIN, "p99", "lower")}
- {sentence("gray", FASTEST, LEAST)}
""")

# %% [markdown]
# Where do the requests wait? Rows are instances, time runs to the right, the shade is the number of requests that an
# instance has. Round robin keeps feeding the sick machine; least connections leaves it a few.


# %%
def outstanding(run, component):
    """How many requests each instance has, second by second: a row for each instance."""
    frame = run.components
    return frame[frame["component"] == component].pivot(index="instance", columns="t_s", values="outstanding")


figure, sides = plt.subplots(1, 2, figsize=(11, 3.4), sharey=True)
for axes, name in zip(sides, ("round_robin", "least_connections"), strict=True):
    there = outstanding(sim.run("load_balancing_gray", overrides={"components.api.balancer": name}), "api")
    shades = axes.pcolormesh(there.columns, there.index, np.log10(1 + there), cmap="Blues", vmin=0, vmax=2.7)
    axes.set(title=name, xlabel="time (s)", yticks=range(8))
    axes.grid(visible=False)
sides[0].set_ylabel("instance")
ticks = [0, 2, 10, 50, 200, 500]
bar = figure.colorbar(shades, ax=sides, ticks=np.log10(1 + np.array(ticks)), label="requests there")
bar.ax.set_yticklabels(ticks)
plt.show()

# %% [markdown]
# ## Why two choices are enough
#
# The supermarket model: `n` queues at load ρ, each arrival looks at `d` of them and joins the shortest. For very many
# queues the share of them that hold at least k requests is
#
# $$s_k = \rho^{(d^k-1)/(d-1)} \quad (d \ge 2), \qquad s_k = \rho^k \quad (d = 1)$$
#
# (Vvedenskaya, Dobrushin & Karpelevich 1996; Mitzenmacher 2001). With one choice the tail falls geometrically, with two
# **doubly exponentially**: the exponent itself grows like 2^k. By Little's law the mean response is the mean queue over
# the arrivals, Σ s_k / ρ service times. Here are a hundred queues beside the limit; their lengths are looked at ten
# times in a service time.

# %%
LOAD, INSTANCES = 0.9, 100


def queue_tail(load, d, longest=400):
    """Share of queues that hold at least 0, 1, 2, … requests."""
    k = np.arange(longest)
    exponent = k if d == 1 else (float(d) ** np.minimum(k, 60) - 1) / (d - 1)
    return load**exponent


def mean_in_theory(load, d):
    """Mean response in service times."""
    return queue_tail(load, d)[1:].sum() / load


supermarket = scenario("""
    scenario: The supermarket model
    duration: 3000s
    warmup: 300s
    clients: {shoppers: {traffic: {rate: 9/s}, to: tills}}
    components:
      tills: {kind: service, instances: 100, workers: 1, queue: unbounded, balancer: random, work: {exponential: 10s}}
""")
CHOICES = {1: "random", 2: TWO, 3: {"algorithm": "least_request", "choices": 3}}
LONGER = {"duration": "5500s", "warmup": "3500s"}  # queues of a random choice take that long to fill
SEEDS = {1: 4, 2: 8, 3: 5}


def lengths(d, seed):
    """The lengths of all queues at all moments, when each arrival looks at `d` of them."""
    run = sim.run(supermarket, seed, {"components.tills.balancer": CHOICES[d]} | (LONGER if d == 1 else {}))
    rows = run.components
    return rows.loc[rows["t_s"] > run.recorded.warmup, "outstanding"].to_numpy()


looked = {d: [lengths(d, seed) for seed in range(1, 1 + number)] for d, number in SEEDS.items()}

# %%
COLOURS = {1: "#d55e00", 2: "#0072b2", 3: "#5ec1c2"}
LOOKS = {1: "one", 2: "two", 3: "three"}
DEPTHS = {1: range(1, 31), 2: range(1, 8), 3: range(1, 6)}
shares = {d: {k: [(np.rint(row) >= k).mean() for row in looked[d]] for k in DEPTHS[d]} for d in CHOICES}
found = {d: {k: mean_interval(shares[d][k]) for k in DEPTHS[d]} for d in CHOICES}

fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4), width_ratios=(3, 2))
for d, colour in COLOURS.items():
    for axes, depths in ((left, DEPTHS[d]), (right, range(1, 8))):
        seen = [k for k in depths if k in found[d] and found[d][k].mean > 0]
        axes.plot(depths, queue_tail(LOAD, d)[list(depths)], color=colour)
        middle = np.array([found[d][k].mean for k in seen])
        ends = np.array([[max(found[d][k].lo, 1e-7), found[d][k].hi] for k in seen]).T
        label = f"{LOOKS[d]} looked at"
        axes.errorbar(seen, middle, np.abs(ends - middle), fmt="o", ms=4, capsize=3, color=colour, label=label)
for axes in (left, right):
    axes.set(yscale="log", ylim=(1e-5, 1.5), xlabel="k")
left.plot([], [], color="#22262b", label="the limit of many queues")
left.set(ylabel="share of queues with k or more", title=f"{INSTANCES} queues at {LOAD:.0%} load")
left.legend(loc="lower center")
right.set(title="The same, the first seven", xticks=range(1, 8))
plt.show()

# %%
pd.DataFrame(
    {
        (f"{LOOKS[d]} looked at", column): {
            k: f"{queue_tail(LOAD, d)[k]:.2%}" if column == "limit" else spell(found[d][k], "%", 100)
            for k in range(1, 7)
        }
        for d in (1, 2)
        for column in ("limit", "simulated")
    }
).rename_axis("k")

# %%
means = {d: [row.mean() / LOAD for row in looked[d]] for d in CHOICES}
measured = {d: mean_interval(means[d]) for d in CHOICES}
theory = {d: mean_in_theory(LOAD, d) for d in CHOICES}
pd.DataFrame(
    {
        "theory, n = ∞": {LOOKS[d]: f"{theory[d]:.3f}" for d in CHOICES},
        f"simulated, n = {INSTANCES}": {LOOKS[d]: spell(measured[d]) for d in CHOICES},
        "apart": {LOOKS[d]: f"{measured[d].mean / theory[d] - 1:+.1%}" for d in CHOICES},
    }
).rename_axis("mean response (service times)")

# %%
for k in DEPTHS[1]:
    agrees(shares[1][k], LOAD**k)  # exact for any number of queues: each is an M/M/1
for k in range(1, 6):  # a hundred queues may be a little worse than the limit, and not better
    widest = mean_interval(shares[2][k], 0.999)
    assert widest.lo <= 1.3 * queue_tail(LOAD, 2)[k], f"far more queues of {k} than in the limit: {widest}"
    assert widest.hi >= queue_tail(LOAD, 2)[k], f"fewer queues of {k} than in the limit: {widest}"
assert found[2][6].hi < 0.02 < 0.4 < found[1][6].lo
assert measured[3].mean < measured[2].lo
assert measured[2].hi < 0.5 * measured[1].lo
off = {k: 100 * (found[2][k].mean - queue_tail(LOAD, 2)[k]) for k in range(1, 7)}
inside = [k for k in range(1, 7) if found[2][k].contains(queue_tail(LOAD, 2)[k])]
furthest = max(off, key=lambda k: abs(off[k]))
as_rare = int(np.argmax(queue_tail(LOAD, 1) < queue_tail(LOAD, 2)[5]))
say(f"""
**Prediction 4.** Two looks take the mean from {measured[1].mean:.1f} to {measured[2].mean:.2f} service times
({theory[2]:.3f} in the limit), the third only to {measured[3].mean:.2f}. **Mitzenmacher's tail is reproduced:** of the six
shares for k = 1 to 6, the limit lies inside the 95% interval of {len(inside)} ({SEEDS[2]} runs); the furthest off is k =
{furthest}, by {off[furthest]:+.1f} percentage points. A hundred queues are no infinite number, so a little more is to be
expected, and relatively most in the far tail. Of queues of five or more there are {spell(found[2][5], "%", 100)} with two
looks ({queue_tail(LOAD, 2)[5]:.1%} in the limit) and {spell(found[1][5], "%", 100)} with one; to be as rare as that, a queue
of the random choice has to be {as_rare} long.
""")

# %% [markdown]
# The formula needs no simulator: slide the load.


# %%
def tails(load):
    _, axes = plt.subplots(figsize=(8, 3.4))
    k = np.arange(13)
    for d, colour in COLOURS.items():
        axes.plot(k, np.maximum(queue_tail(load, d)[:13], 1e-9), "o-", color=colour, label=f"{LOOKS[d]} of many")
    axes.set(yscale="log", ylim=(1e-6, 1.5), xlabel="k", title=f"Queues of k or more at {load:.0%} load")
    axes.set_ylabel("share of queues")
    axes.legend(loc="lower left")
    plt.show()


slide(tails, load=(0.9, 0.5, 0.7, 0.8, 0.95, 0.99))

# %% [markdown]
# ## When least response time oscillates
#
# Eight callers, each with its own balancer, all prefer the instance that has been fastest lately. What they know is
# 10 ms old, and the question is how soon they forget. An instance so overloaded that it answers nobody is soon
# remembered as fast.

# %%
FEEDBACK = {
    "memory of 0.1 s": {"algorithm": "least_response_time", "decay": "100ms"},
    "memory of 10 s": {"algorithm": "least_response_time", "decay": "10s"},
    "0.1 s, best of two": {"algorithm": "least_response_time", "decay": "100ms", "choices": 2},
    "random": "random",
}
fig, panels = plt.subplots(1, 4, figsize=(11, 3), sharey=True)
for axes, (title, balancer) in zip(panels, FEEDBACK.items(), strict=True):
    there = outstanding(sim.run("least_response_time_feedback", overrides={"components.api.balancer": balancer}), "api")
    axes.plot(there.columns, 1 + there.T, lw=1)
    axes.set(title=title, xlabel="time (s)", yscale="log")
    axes.yaxis.set_major_formatter("{x:,.0f}")
panels[0].set_ylabel("1 + requests at an instance")
fig.suptitle("A line for each instance", x=0.01, ha="left", fontsize=10)
plt.show()

# %%
feedback = sim.compare(
    "least_response_time_feedback",
    {"components.api.balancer": list(FEEDBACK.values())},
    replications=4,
    workers=1,
)
called = {label: f"*{name}*" for label, name in zip(feedback.labels, FEEDBACK, strict=True)}
say(f"""
**Prediction 5.** With a memory of 0.1 s p99 is {spell(interval(feedback, 0, "p99"), "s")}, with no knowledge at all
{spell(interval(feedback, 3, "p99"), "s")}.

- {claim(feedback, 0, 3, "p99", called, "higher")}
- {claim(feedback, 1, 3, "p99", called, "lower")}
- {claim(feedback, 2, 3, "p99", called)}

More knowledge, used by everybody at once and forgotten too soon, is a herd.
""")

# %% [markdown]
# ## What consistent hashing is for
#
# Not for balance. It gives every key a **home**, so that an instance can keep its own keys in memory, and it moves few
# keys when an instance leaves. Ten instances and 20,000 keys; then one of the ten leaves, each in its turn:

# %%
KEYS = range(20_000)


def modulo(instances):
    """The home of each key by its hash modulo the number of instances."""
    return np.array([instances[stable_hash(key) % len(instances)] for key in KEYS])


def on_ring(instances, points_each):
    """The home of each key on a ring."""
    points, owners = ring(tuple(f"cache[{number}]" for number in instances), (points_each,) * len(instances))
    return np.array([instances[owners[bisect(points, stable_hash(key)) % len(points)]] for key in KEYS])


TEN = list(range(10))
rows = []
for label, homes in {
    "hash(key) % n": modulo,
    "ring, 1 point each": lambda instances: on_ring(instances, 1),
    "ring, 100 points each": lambda instances: on_ring(instances, 100),
}.items():
    before = homes(TEN)
    moves = [(before != homes([other for other in TEN if other != gone])).mean() for gone in TEN]
    rows.append((label, np.mean(moves), max(moves), np.bincount(before).max() * len(TEN) / len(KEYS)))
columns = ["keys that move", "at worst", "fullest instance / average"]
moved = pd.DataFrame(rows, columns=["", *columns]).set_index("")

fig, axes = plt.subplots(figsize=(8, 2.2))
axes.barh(moved.index, 100 * moved["keys that move"], color=["#d55e00", "#5ec1c2", "#0072b2"])
axes.axvline(10, color="#22262b", lw=1, ls=":")
axes.set(xlabel="keys that move when one of ten leaves (%); dotted: those of the one that leaves", xlim=(0, 100))
axes.invert_yaxis()
plt.show()
pd.DataFrame({name: moved[name].map("{:.1%}".format if name in columns[:2] else "{:.2f}".format) for name in columns})

# %% [markdown]
# The price is balance: keys are not equally popular. The shipped scenario `hot_key` has ten shards at half of their
# capacity and one key that makes a seventh of the traffic. A *bound* lets the overflow go to the next shard.

# %%
HASHING = {
    "consistent hash": {"algorithm": "consistent_hash", "key": "key"},
    "bounded to 1.25x": {"algorithm": "consistent_hash", "key": "key", "bound": 1.25},
    "least connections": "least_connections",
}
hot = sim.compare("hot_key", {"components.shards.balancer": list(HASHING.values())}, replications=4, workers=1)
fig, panels = plt.subplots(1, 3, figsize=(11, 2.8), sharey=True)
for axes, title, kept in zip(panels, HASHING, hot.runs, strict=True):
    shards = kept[0].summary["components"]["shards"]["instances"].values()
    axes.bar(range(10), [100 * shard["utilization"] for shard in shards], color="#0072b2")
    axes.set(title=title, xlabel="shard", xticks=range(10), ylim=(0, 105))
panels[0].set_ylabel("busy (%)")
plt.show()
called = {label: f"*{name}*" for label, name in zip(hot.labels, HASHING, strict=True)}
assert moved.iloc[0, 0] > 0.8
assert moved.iloc[2, 0] < 0.2
say(f"""
**Prediction 6.** `% n` moves {moved.iloc[0, 0]:.0%} of the keys, the ring {moved.iloc[2, 0]:.0%}: a cache behind `% n`
is cold after every change of the fleet. And the price:

- {claim(hot, 1, 0, "p99", called, "lower")}
- {claim(hot, 2, 1, "p99", called)}
""")

# %% [markdown]
# ## What to say in an interview
#
# - *"Which balancing algorithm?"* Least outstanding requests, of two random choices if there are many instances or
#   many balancers. It needs no weights and no tuning, it steers around a slow machine by itself, and it does not herd.
# - *"Is round robin good enough?"* For equal machines it is better than random and worse than looking at queues. But it
#   is blind: a slow machine gets its full share, and that share of the users gets the p99 of that machine.
# - *"Why two choices?"* Because the tail of the queue lengths becomes doubly exponential. The second look removes
#   most of the waiting, the third little; and two random looks at stale numbers do not send everybody to the same
#   idle machine.
# - *"Why not always least response time?"* It measures the past. With many callers and a short memory they all run to
#   the same machine, and one that fails fast, or answers nobody any more, looks fast. Give it a long decay, let it
#   choose between two, add outlier ejection.
# - *"When consistent hashing?"* When the instance matters for the key: caches, shards, sessions. Use many virtual
#   nodes, and a bound on the load, for one hot key has one home.
#
# ## Try this
#
# 1. Set the load of the homogeneous fleet to 50% (`"clients.app.traffic.rate": "200/s"`). Does the algorithm still
#    matter? At 95%?
# 2. Make service times constant (`"components.api.work": "20ms"`). Which algorithm gains most, and why?
# 3. In the mixed fleet set `"components.api.weight": 1`. Which algorithms used the weights?
# 4. Change the supermarket to ten queues (rate 900/s). How far is theory off now? It falls with 1/n.
# 5. In `least_response_time_feedback` raise `network.latency` to 50 ms. Does the long decay still hold?
# 6. `nat_skew` hashes by address. Predict which instance suffers, then run it.
