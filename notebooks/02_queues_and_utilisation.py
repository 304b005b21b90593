# %% [markdown]
# # Queues and utilisation
#
# ## The question
#
# A service that is busy half of the time is said to have "room for twice the traffic". **How busy may a server be, and
# what decides it?**
#
# ## Predict first
#
# Write your answers down before you go on.
#
# 1. Four workers, 10 ms a request. From 50% to 80% load, what happens to the mean response? From 80% to 95%?
# 2. The same mean service time and the same load, but (a) every request takes exactly 10 ms, (b) times are exponential,
#    (c) one request in nine takes eight times as long as the others. Order the mean waits, and guess the factors.
# 3. Traffic grows slowly. Which doubles first, the mean or the p99?
# 4. Ten workers at 80% load. One shared queue, or ten queues with round robin, or with a random choice: what are the
#    mean responses?

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from lecture import agrees, claim, interval, samples, say, scenario, slide, spell

import sim

SERVICE = 0.010


def known(study, name):
    """A measure of each variant: means and the ends of the intervals, in ms."""
    every = [interval(study, number, name) for number in range(len(study.variants))]
    return tuple(1e3 * np.array([getattr(each, end) for each in every]) for end in ("mean", "lo", "hi"))


# %% [markdown]
# ## The hockey stick
#
# Poisson arrivals, exponential service times with a mean of 10 ms, four workers, one queue: M/M/4. Its theory is a
# hundred years old (Erlang 1917). With an offered load of a = λ/μ workers out of c, an arrival has to wait with
# probability
#
# $$C(c, a) = \frac{\frac{a^c}{c!}\frac{c}{c-a}}{\sum_{k<c} \frac{a^k}{k!} + \frac{a^c}{c!}\frac{c}{c-a}}$$
#
# and then waits for 1/(cμ - λ) on average.


# %%
def erlang_c(workers, offered):
    """Probability that an arrival has to wait."""
    term, below = 1.0, 0.0
    for k in range(workers):
        below += term
        term *= offered / (k + 1)
    waits = term * workers / (workers - offered)
    return waits / (below + waits)


def mean_response(workers, load):
    """M/M/c, in s."""
    return SERVICE + SERVICE * erlang_c(workers, workers * load) / (workers * (1 - load))


def takes_longer(workers, load, time):
    """M/M/c: probability that a response takes longer than a time (s)."""
    waits, spare = erlang_c(workers, workers * load), workers * (1 - load) - 1
    service = np.exp(-time / SERVICE)
    if abs(spare) < 1e-9:
        return service * (1 + waits * time / SERVICE)
    return service * (1 + waits * (1 - np.exp(-spare * time / SERVICE)) / spare)


def quantile_response(workers, load, share):
    """M/M/c: the time (s) within which a share of the responses is there, by bisection."""
    low, high = 0.0, 2.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if takes_longer(workers, load, middle) > 1 - share else (low, middle)
    return high


server = scenario("""
    scenario: One queue, four workers
    duration: 60s
    warmup: 10s
    clients: {user: {traffic: {rate: 200/s}, to: server}}
    components:
      server: {kind: service, workers: 4, queue: unbounded, work: {exponential: 10ms}}   # capacity: 400/s
""")
LOADS = [0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95]
RATES = [f"{400 * load:g}/s" for load in LOADS]
stick = sim.sweep(server, {"clients.user.traffic.rate": RATES}, replications=6, metric="mean", workers=1)

# %%
fig, axes = plt.subplots(figsize=(8, 4))
fine = np.linspace(0.05, 0.97, 150)
for name, colour, theory in (
    ("p99", "#b3400a", [quantile_response(4, load, 0.99) for load in fine]),
    ("p95", "#e69f00", [quantile_response(4, load, 0.95) for load in fine]),
    ("mean", "#0072b2", [mean_response(4, load) for load in fine]),
):
    middle, lo, hi = known(stick, name)
    axes.plot(100 * fine, 1e3 * np.array(theory), color=colour, label=f"{name}: theory")
    axes.errorbar(
        [100 * load for load in LOADS],
        middle,
        [middle - lo, hi - middle],
        fmt="o",
        color=colour,
        capsize=3,
        label=f"{name}: simulated",
    )
axes.set(xlabel="load (%)", ylabel="response time (ms)", ylim=(0, 260), title="M/M/4: the hockey stick")
axes.legend(loc="upper left")
plt.show()

# %%
rows, inside = {}, 0
for number, load in enumerate(LOADS):
    row = {}
    for name, theory in (
        ("mean", mean_response(4, load)),
        ("p95", quantile_response(4, load, 0.95)),
        ("p99", quantile_response(4, load, 0.99)),
    ):
        found = interval(stick, number, name)
        inside += found.contains(theory)
        agrees(samples(stick, number, name), theory)
        row |= {(name, "theory"): f"{1e3 * theory:.1f} ms", (name, "simulated"): spell(found, "ms", 1000)}
    rows[f"{load:.0%}"] = row
pd.DataFrame(rows).T.rename_axis("load")

# %%
grows = {load: mean_response(4, load) for load in (0.5, 0.8, 0.9, 0.95)}
waited = {load: 1e3 * (response - SERVICE) for load, response in grows.items()}
say(f"""
Theory lies inside {inside} of the {3 * len(LOADS)} intervals (95%, six seeds each).

**Prediction 1.** From 50% to 80% load the mean grows by {grows[0.8] / grows[0.5] - 1:.0%}, from 80% to 95% by
{grows[0.95] / grows[0.8] - 1:.0%}. The mean wait is {waited[0.5]:.1f} ms at 50%, {waited[0.8]:.1f} ms at 80%,
{waited[0.9]:.0f} ms at 90% and {waited[0.95]:.0f} ms at 95%: each halving of what is idle more than doubles it. That is
why 90% is no place to live: the next small thing that goes wrong happens on the steep part.
""")

# %% [markdown]
# What is behind an average? Slide the load and watch the requests in the system over one minute, beside their long-run
# mean (by Little's law, arrivals per second times the mean response).


# %%
def one_minute(load):
    minute = server.with_({"clients.user.traffic.rate": f"{400 * load:g}/s", "duration": "60s", "warmup": "0s"})
    there = sim.run(minute, 3).components
    there = there[there["component"] == "server"]
    _, axes = plt.subplots(figsize=(8, 2.6))
    axes.bar(there["t_s"], there["outstanding"], width=1.0, align="edge", color="#9fd0ee")
    axes.axhline(400 * load * mean_response(4, load), color="#0072b2", label="long-run mean in theory")
    axes.set(xlabel="time (s)", ylabel="requests there", title=f"{load:.0%} load", ylim=(0, None))
    axes.legend(loc="upper left")
    plt.show()


slide(one_minute, load=(0.9, 0.5, 0.7, 0.8, 0.95, 0.98))

# %% [markdown]
# ## Variability
#
# One worker at 70% load, and the same mean service time of 10 ms in three ways: constant, exponential, and a mixture of
# quick requests and a few slow ones with a squared coefficient of variation of 4. Pollaczek and Khinchine: the mean
# wait is
#
# $$W = \frac{\rho}{1-\rho} \cdot \frac{1 + c_v^2}{2} \cdot S$$
#
# so variability multiplies what load has made.

# %%
SLOW = 0.5 * (1 - np.sqrt(0.6))  # share of slow requests that gives a squared coefficient of variation of 4
KINDS = {
    "constant": ("10ms", 0),
    "exponential": ({"exponential": "10ms"}, 1),
    "a few slow ones": (
        {
            "mixture": [
                {"weight": 1 - SLOW, "of": {"exponential": f"{5 / (1 - SLOW):.6f}ms"}},
                {"weight": SLOW, "of": {"exponential": f"{5 / SLOW:.6f}ms"}},
            ]
        },
        4,
    ),
}
LOAD = 0.7
single = server.with_(
    {"components.server.workers": 1, "clients.user.traffic.rate": f"{100 * LOAD:g}/s", "duration": "520s"}
)
variety = sim.compare(
    single,
    {"components.server.work": [work for work, _ in KINDS.values()]},
    replications=6,
    metric="mean",
    workers=1,
)

# %%
waits = [LOAD / (1 - LOAD) * (1 + squared) / 2 * SERVICE for _, squared in KINDS.values()]
middle, lo, hi = known(variety, "mean")
service = 1e3 * SERVICE
fig, sides = plt.subplots(1, 2, figsize=(11, 3.2))
places = np.arange(len(KINDS))
sides[0].bar(places, 1e3 * np.array(waits), width=0.5, color="#9fd0ee", label="theory")
sides[0].errorbar(
    places, middle - service, [middle - lo, hi - middle], fmt="o", color="#0072b2", capsize=4, label="simulated"
)
sides[0].set(xticks=places, xticklabels=list(KINDS), ylabel="mean wait (ms)", title=f"Mean wait at {LOAD:.0%} load")
sides[0].legend(loc="upper left")
loads = np.linspace(0.05, 0.95, 100)
for (kind, (_, squared)), colour in zip(KINDS.items(), ("#5ec1c2", "#0072b2", "#d55e00"), strict=True):
    sides[1].plot(100 * loads, loads / (1 - loads) * (1 + squared) / 2 * service, color=colour, label=kind)
sides[1].set(ylim=(0, 150), xlabel="load (%)", ylabel="mean wait (ms)", title="The same stick, another height (theory)")
sides[1].legend(loc="upper left")
plt.show()

# %%
called = {label: f"*{kind}*" for label, kind in zip(variety.labels, KINDS, strict=True)}
for number, wait in enumerate(waits):
    agrees(samples(variety, number, "mean"), wait + SERVICE)
lines = "\n".join(
    f"- {kind}: {spell(interval(variety, number, 'mean'), 'ms', 1000)} mean response, "
    f"{1e3 * (wait + SERVICE):.1f} ms in theory"
    for number, (kind, wait) in enumerate(zip(KINDS, waits, strict=True))
)
say(f"""
**Prediction 2.** In theory the waits are as {waits[0] / waits[0]:.0f} to {waits[1] / waits[0]:.0f} to
{waits[2] / waits[0]:.0f}.

{lines}
- {claim(variety, 2, 1, "mean", called, "higher")}
- {claim(variety, 0, 1, "mean", called, "lower")}
""")

# %% [markdown]
# ## Why p99 explodes before the mean
#
# A mean response is service plus *the share that waits* times *how long they wait*. While hardly anybody waits the mean
# does not notice, but as soon as more than one in a hundred waits, the p99 does. How clearly one sees it depends on the
# service times: if they vary a lot by themselves, p99 is high from the beginning and waiting adds relatively little. So
# look at both: four workers, constant and exponential service, each relative to its own idle value.

# %%
steady = sim.sweep(
    server.with_({"components.server.work": "10ms"}),
    {"clients.user.traffic.rate": RATES},
    replications=4,
    metric="mean",
    workers=1,
)

# %%
idle = {"constant": {"mean": 10.0, "p99": 10.0}, "exponential": {"mean": 10.0, "p99": 10.0 * np.log(100)}}
studies = {"constant": steady, "exponential": stick}
fig, sides = plt.subplots(1, 3, figsize=(11, 3.2))
for axes, (kind, study) in zip(sides, studies.items(), strict=False):
    for name, colour in (("p99", "#b3400a"), ("mean", "#0072b2")):
        axes.plot(
            [100 * load for load in LOADS], known(study, name)[0] / idle[kind][name], "o-", color=colour, label=name
        )
    axes.axhline(2, color="#22262b", lw=1, ls=":")
    axes.set(xlabel="load (%)", title=f"{kind} service", ylim=(0.8, 7), xticks=range(20, 101, 20))
    axes.legend(loc="upper left")
sides[0].set_ylabel("times its idle value")
fine = np.linspace(0.02, 0.98, 100)
for workers, colour in ((1, "#d55e00"), (4, "#0072b2"), (16, "#5ec1c2"), (64, "#242427")):
    sides[2].plot(100 * fine, [100 * erlang_c(workers, workers * load) for load in fine], color=colour, label=workers)
sides[2].axhline(1, color="#22262b", lw=1, ls=":")
sides[2].set(xlabel="load (%)", ylabel="requests that wait (%)", title="Erlang C", yscale="log", ylim=(0.05, 110))
sides[2].yaxis.set_major_formatter("{x:g}")
sides[2].legend(title="workers", loc="center left", bbox_to_anchor=(1.0, 0.5))
plt.show()


# %%
def doubled(study, kind, name):
    """The load at which a measure has doubled, by interpolation between the loads that were run."""
    return np.interp(2.0, known(study, name)[0] / idle[kind][name], LOADS)


assert doubled(steady, "constant", "p99") < doubled(steady, "constant", "mean") - 0.1
assert abs(doubled(stick, "exponential", "p99") - doubled(stick, "exponential", "mean")) < 0.1
say(f"""
**Prediction 3.** With constant service times p99 has doubled at {doubled(steady, "constant", "p99"):.0%} load, the mean
at {doubled(steady, "constant", "mean"):.0%}: at {LOADS[4]:.0%} load p99 stands at
{spell(interval(steady, 4, "p99"), "ms", 1000)}, the mean at {spell(interval(steady, 4, "mean"), "ms", 1000)}. With
exponential ones the two double at nearly the same load ({doubled(stick, "exponential", "p99"):.0%} and
{doubled(stick, "exponential", "mean"):.0%}), because the p99 of the *service* is already {np.log(100):.1f} times its
mean. In milliseconds p99 is ahead here too: from 50% to 80% load it rises by
{1e3 * (quantile_response(4, 0.8, 0.99) - quantile_response(4, 0.5, 0.99)):.0f} ms (in theory), the mean by
{1e3 * (grows[0.8] - grows[0.5]):.0f} ms. "p99 goes first" is about what waiting adds: watch the p99 of the
queueing time, and not only that of the response.
""")

# %% [markdown]
# ## One queue or many
#
# Ten workers at 80% load. In one pool nobody waits while a worker is idle. Split up, each with a queue of its own, a
# request can wait behind a slow one while the neighbour has nothing to do.

# %%
COMMON = {"kind": "service", "queue": "unbounded", "work": {"exponential": "10ms"}}
FLEETS = {
    "one queue": {**COMMON, "workers": 10},
    "ten queues, least connections": {**COMMON, "instances": 10, "balancer": "least_connections"},
    "ten queues, best of two": {
        **COMMON,
        "instances": 10,
        "balancer": {"algorithm": "least_request", "choices": 2},
    },
    "ten queues, round robin": {**COMMON, "instances": 10, "balancer": "round_robin"},
    "ten queues, random": {**COMMON, "instances": 10, "balancer": "random"},
}
ten = server.with_({"clients.user.traffic.rate": "800/s", "duration": "40s"})
pools = sim.compare(ten, {"components.server": list(FLEETS.values())}, replications=4, metric="mean", workers=1)

# %%
POOLED, SPLIT = mean_response(10, 0.8), SERVICE / (1 - 0.8)  # M/M/10, and ten times M/M/1
fig, axes = plt.subplots(figsize=(8, 2.8))
for name, colour in (("p99", "#b3400a"), ("mean", "#0072b2")):
    middle, lo, hi = known(pools, name)
    axes.errorbar(middle, range(len(FLEETS)), xerr=[middle - lo, hi - middle], fmt="o", color=colour, label=name)
axes.plot([1e3 * POOLED, 1e3 * SPLIT], [0, len(FLEETS) - 1], "k|", ms=16, label="mean in theory")
axes.set(yticks=range(len(FLEETS)), yticklabels=list(FLEETS), xlabel="response time (ms)", xlim=(0, None))
axes.set_ylim(len(FLEETS) - 0.5, -0.5)
axes.grid(axis="x")
axes.legend(loc="upper right")
plt.show()
called = {label: f"*{fleet}*" for label, fleet in zip(pools.labels, FLEETS, strict=True)}
agrees(samples(pools, 0, "mean"), POOLED)
agrees(samples(pools, 4, "mean"), SPLIT)
say(f"""
**Prediction 4.** One queue: {spell(interval(pools, 0, "mean"), "ms", 1000)} ({1e3 * POOLED:.2f} in theory). Ten queues
and a random choice: {spell(interval(pools, 4, "mean"), "ms", 1000)} ({1e3 * SPLIT:.0f} in theory).

- {claim(pools, 1, 0, "mean", called, "higher")}
- {claim(pools, 2, 1, "mean", called, "higher")}
- {claim(pools, 3, 2, "mean", called, "higher")}
- {claim(pools, 4, 3, "mean", called, "higher")}

A good balancer is what gives split queues back most of what pooling would.
""")

# %% [markdown]
# ## What to say in an interview

# %%
say(f"""
- *"At what utilisation do you scale?"* It depends on how many workers share a queue and on how much requests vary. The
  mean wait goes like 1/(1-ρ), times (1+c²)/2 for variability, over the number of workers. At 80% load
  {erlang_c(1, 0.8):.0%} of the requests wait for a single worker, {erlang_c(16, 0.8 * 16):.0%} for a pool of sixteen,
  {erlang_c(64, 0.8 * 64):.0%} for one of sixty-four.
- *"Average latency is fine, p99 is not. Why?"* Waiting is rare, so the mean hides it; p99 is what it looks like for
  those who do wait. Look at queueing time and service time separately.
- *"The same load, but it got slower?"* Look for variance: a few heavy requests, bursts, a noisy neighbour. They make
  all others wait. Give heavy requests a pool of their own, or a bound.
- *"One big pool, or one for each tenant?"* Pooling wins on waiting, splitting wins on isolation. Say which one you are
  buying.
- *"We are at 45%. Can we take twice the traffic?"* That is 90%, and with one worker
  {(0.9 / 0.1) / (0.45 / 0.55):.0f} times the wait of now - with no room for a machine that fails. Do the arithmetic for
  one machine fewer.
""")

# %% [markdown]
# ## Try this
#
# 1. Bound the queue: `"components.server.queue": 10` at 95% load. What happens to p99, and what is the price?
# 2. `order: lifo` at 90% load: compare mean and p99 with FIFO. Which does not change, and why?
# 3. `bursty_traffic` has a mean load of 60%. Predict its p99 from the first figure, then run it.
# 4. Check Little's law: mean `outstanding` against arrivals per second times the mean response.
# 5. How many workers does `erlang_c` say you need so that fewer than 1% wait, at 40, 400 and 4,000 requests/s of 10 ms?
#    Which load is that?
