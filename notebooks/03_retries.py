# %% [markdown]
# # Retries
#
# ## The question
#
# A request failed; try again. It is the first thing that everybody does, it hides nearly every small fault, and it has
# brought down more systems than the faults have. **When does a retry help, and when does it bring the house down?**
#
# ## Predict first
#
# Write your answers down before you go on.
#
# 1. Half of all attempts fail, at random, and clients make up to four. How many attempts come per request, and how many
#    requests succeed? And when everything fails?
# 2. App, gateway and service each try four times. The database is down. How many queries does one tap make?
# 3. A hundred clients want to update the same row at once; a conflict sends them back to try again. Order by *work
#    done* and by *time until all are through*: no backoff, exponential backoff, and exponential with equal, full and
#    decorrelated jitter.
# 4. A service at 70% load; for ten seconds twice the traffic; clients give up after 300 ms and try four times. The
#    spike ends. What happens then? And which of these would cure it: backoff with jitter, a retry budget of 20%, a
#    short queue, last-in-first-out, servers that skip requests whose deadline has passed?
# 5. A database can do 300 queries a second, clients try twice. Up to which load does it survive anything?

# %%
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import simpy
from lecture import agrees, claim, interval, samples, say, scenario, slide, spell

import sim
from sim.experiment.statistics import mean_interval, paired_difference
from sim.kernel import Streams
from sim.policies.backoff import DecorrelatedJitter, EqualJitter, Exponential, FullJitter

INK = "#22262b"

# %% [markdown]
# ## Amplification
#
# If attempts fail independently with probability p, up to four of them make 1 + p + p² + p³ attempts per request, and
# 1 - p⁴ of the requests succeed. A *budget* of 20% lets a client repeat at most a fifth of its requests, so the load is
# never more than 1.2 times the traffic.

# %%
provider = scenario("""
    scenario: A provider that fails at random
    duration: 25s
    warmup: 10s
    clients:
      user: {traffic: {rate: 200/s}, to: provider, retry: {attempts: 4}}
    components:
      provider: {kind: external, latency: 1ms, error_rate: 0.5}
""")
FAILING = [0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0]
failing = {"components.provider.error_rate": FAILING}
studies = {
    "4 attempts": sim.sweep(provider, failing, replications=3, metric="attempts", workers=1),
    "4 attempts, budget 20%": sim.sweep(
        provider.with_({"clients.user.retry.budget": "20%"}), failing, replications=3, metric="attempts", workers=1
    ),
}


def in_theory(p, kind):
    """Attempts per request and share of requests that succeed."""
    attempts = 1 + p + p**2 + p**3
    if "budget" not in kind:
        return attempts, 1 - p**4
    attempts = np.minimum(attempts, 1.2)
    return attempts, np.minimum(1 - p**4, attempts * (1 - p))


fig, sides = plt.subplots(1, 2, figsize=(11, 3.4))
fine = np.linspace(0, 1, 200)
for (kind, study), colour in zip(studies.items(), ("#d55e00", "#0072b2"), strict=True):
    for axes, name, theory in zip(sides, ("attempts", "availability"), in_theory(fine, kind), strict=True):
        axes.plot(100 * fine, theory, color=colour)
        found = [interval(study, number, name) for number in range(len(FAILING))]
        axes.errorbar(
            [100 * p for p in FAILING],
            [each.mean for each in found],
            [each.half_width for each in found],
            fmt="o",
            color=colour,
            label=kind,
        )
sides[0].set(xlabel="attempts that fail (%)", ylabel="attempts per request", title="Load", ylim=(0, 4.2))
sides[1].set(xlabel="attempts that fail (%)", ylabel="share of requests", title="Success", ylim=(0, 1.05))
sides[0].plot([], [], color=INK, label="theory")
sides[0].legend(loc="upper left")
plt.show()

# %%
half, down = FAILING.index(0.5), FAILING.index(1.0)
plain, budget = studies.values()
for number, p in enumerate(FAILING):
    for name, theory in zip(("attempts", "availability"), in_theory(p, ""), strict=True):
        agrees(samples(plain, number, name), theory)
assert interval(budget, down, "attempts").hi < 1.25
assert interval(budget, half, "availability").hi < 0.9 * interval(plain, half, "availability").lo
assert interval(budget, 1, "availability").mean > interval(plain, 1, "availability").mean - 0.005
say(f"""
**Prediction 1.** At p = 50% four attempts make {spell(interval(plain, half, "attempts"))} attempts per request (theory:
{in_theory(0.5, "")[0]:.3f}) and {interval(plain, half, "availability").mean:.1%} succeed (theory:
{in_theory(0.5, "")[1]:.1%}); when everything fails, {interval(plain, down, "attempts").mean:.0f} times the load reaches
a service that is already down. With the budget it is {interval(budget, down, "attempts").mean:.2f} times. The price: at
p = 50% only {interval(budget, half, "availability").mean:.1%} succeed. A budget gives up exactly when retrying has
become hopeless or harmful; while few attempts fail, up to p = 10%, it costs next to nothing
({interval(budget, 1, "availability").mean:.2%} against {interval(plain, 1, "availability").mean:.2%}).
""")

# %% [markdown]
# ## Layers multiply
#
# In the shipped scenario `retry_layers` an app, a gateway and a service each make up to four attempts, and for ten
# seconds the database answers nothing but errors.


# %%
def queries(overrides):
    """Attempts per user request that reach the database, before and during the fault."""
    run = sim.run("retry_layers", overrides=overrides)
    user = run.timeline
    rows = run.summary["components"]
    calm, fault = user["t_s"] < 30, (user["t_s"] >= 30) & (user["t_s"] < 40)
    before = user.loc[calm, "offered"].sum() + user.loc[user["t_s"] >= 40, "offered"].sum()
    return (rows["orders_db"]["offered"] - before) / user.loc[fault, "offered"].sum()


ONE_LAYER = {"components.gateway.routes[0].retry": 1, "components.orders.steps[1].call.retry": 1}
three, one = queries({}), queries(ONE_LAYER)
assert abs(three / 4**3 - 1) < 0.05
assert abs(one / 4 - 1) < 0.05
fig, axes = plt.subplots(figsize=(8, 1.9))
axes.barh(["retries in three layers", "in the app only"], [three, one], color=["#d55e00", "#0072b2"])
axes.set(xlabel="queries per user request while the database fails")
axes.invert_yaxis()
plt.show()
say(f"""
**Prediction 2.** {three:.0f} queries for each tap during the fault (4 × 4 × 4 = {4**3}), {one:.1f} when only the app
retries. Every layer is reasonable by itself. Retry in one place, the one that knows whether it is worth it.
""")

# %% [markdown]
# ## Backoff and jitter: the AWS study
#
# M. Brooker's "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015): N clients read a row, write it back if
# nobody has changed it in between, and otherwise back off and read again. Each hop of the network takes |Normal(10, 2)|
# ms. That is contention for a *version*, not for a server, and no scenario can say it; but it is a dozen lines of
# SimPy around the simulator's own backoff policies.

# %%
GROWING = Exponential(base=0.010, cap=2.0, factor=2.0)
BACKOFFS = {
    "none": Exponential(base=0.0, cap=0.0),
    "exponential": GROWING,
    "equal jitter": EqualJitter(GROWING),
    "full jitter": FullJitter(GROWING),
    "decorrelated": DecorrelatedJitter(base=0.005, cap=2.0),
}


def contend(backoff, clients, seed):
    """Writes that the server gets, and the time until the last client is through (s)."""
    streams, env = Streams(seed), simpy.Environment()
    hop = streams.drawn("hop", lambda rng, n: np.abs(rng.normal(0.010, 0.002, n))).next
    uniform = streams.uniform("jitter")
    row = {"version": 0, "writes": 0}

    def client():
        failures, pause = 0, 0.0
        while True:
            yield env.timeout(hop())
            read = row["version"]
            yield env.timeout(hop() + hop())
            row["writes"] += 1
            accepted = read == row["version"]
            row["version"] += accepted
            yield env.timeout(hop())
            if accepted:
                return
            failures += 1
            pause = backoff.pause(failures, pause, uniform)
            yield env.timeout(pause)

    for _ in range(clients):
        env.process(client())
    env.run()
    return row["writes"], env.now


CLIENTS = [10, 25, 50, 75, 100, 150, 200]
contended = {
    name: {n: np.array([contend(backoff, n, seed) for seed in range(30 if n == 100 else 8)]).T for n in CLIENTS}
    for name, backoff in BACKOFFS.items()
}

# %%
SHADES = dict(zip(BACKOFFS, ("#242427", "#d55e00", "#e69f00", "#0072b2", "#5ec1c2"), strict=True))
fig, sides = plt.subplots(1, 2, figsize=(11, 3.6))
for name, by_clients in contended.items():
    for axes, which in zip(sides, (0, 1), strict=True):
        means = [by_clients[n][which].mean() for n in CLIENTS]
        axes.plot(CLIENTS, means, "o-", ms=4, color=SHADES[name], label=name)
sides[0].set(xlabel="clients", ylabel="writes", title="Work that the server gets", ylim=(0, 6000))
sides[1].set(xlabel="clients", ylabel="seconds (log)", title="Time until all are through", yscale="log")
sides[1].yaxis.set_major_formatter("{x:g}")
sides[0].legend(loc="upper left")
plt.show()

# %%
hundred = {name: by_clients[100] for name, by_clients in contended.items()}
pd.DataFrame(
    {
        "writes": {name: spell(mean_interval(values[0])) for name, values in hundred.items()},
        "seconds": {name: spell(mean_interval(values[1])) for name, values in hundred.items()},
    }
).rename_axis("100 clients")


# %%
def ranking(which):
    """From least to most; `<` where the interval of the paired difference (30 seeds) leaves zero out, else `≈`."""
    order = sorted(hundred, key=lambda name: hundred[name][which].mean())
    words = order[0]
    for better, worse in pairwise(order):
        sure = paired_difference(hundred[better][which], hundred[worse][which]).interval.lo > 0
        words += f" {'<' if sure else '≈'} {worse}"
    return words


writes = {name: values[0].mean() for name, values in hundred.items()}
seconds = {name: values[1].mean() for name, values in hundred.items()}
assert ranking(0) == "full jitter < equal jitter < decorrelated < exponential < none"
assert ranking(1).startswith("none < ")
assert ranking(1).endswith(" < equal jitter < exponential")
assert writes["full jitter"] < 0.5 * writes["exponential"]
say(f"""
**Prediction 3.** The study's ranking at a hundred clients:

- work: {ranking(0)}
- time: {ranking(1)}

Full jitter cuts the work of plain exponential backoff by {1 - writes["full jitter"] / writes["exponential"]:.0%} (the
study: "by more than half") and the time from {seconds["exponential"]:.0f} s to {seconds["full jitter"]:.1f} s, since
clients who collided and wait equally long collide again. No backoff is the fastest, because here failed work costs the
server nothing; it makes {writes["none"] / writes["full jitter"]:.1f} times the writes.
""")

# %% [markdown]
# The same as a scenario, where work does cost something: in `retry_herd` eight hundred devices report within a tenth of
# a second, the service takes what fits into its queues and refuses the rest. Five attempts; the pauses grow from 1 s
# to 8 s.

# %%
JITTERS = {"none": "exponential", "equal": "equal jitter", "full": "full jitter", "decorrelated": "decorrelated"}
BACKOFF = {"base": "1s", "max": "8s"}
herd = sim.compare(
    "retry_herd",
    {"clients.devices.retry.backoff": [{**BACKOFF, "jitter": jitter} for jitter in JITTERS]},
    replications=6,
    metric="mean",
    workers=1,
)

fig, panels = plt.subplots(1, 4, figsize=(11, 2.7), sharey=True)
highest = []
for axes, (jitter, name) in zip(panels, JITTERS.items(), strict=True):
    backoff = {"clients.devices.retry.backoff": {**BACKOFF, "jitter": jitter}}
    started = sim.run("retry_herd", overrides=backoff).recorded.attempt_starts[0]
    counts, edges = np.histogram(started, bins=190, range=(9, 28))
    highest.append(counts[20:].max())
    axes.bar(edges[:-1], counts, width=0.1, align="edge", color=SHADES[name])
    axes.set(title=name, xlabel="time (s)")
panels[0].set_ylabel("attempts per 0.1 s")
plt.show()

# %%
called = {label: f"*{name}*" for label, name in zip(herd.labels, JITTERS.values(), strict=True)}
lost = [interval(herd, number, "drop_ratio") for number in range(len(JITTERS))]
worst = max(lost[1:], key=lambda found: found.mean)
assert worst.hi < lost[0].lo
assert highest[2] < 0.5 * highest[0]
say(f"""
Without jitter the retries come back as one wave ({highest[0]} attempts in the highest tenth of a second after the
first second), with full jitter the highest has {highest[2]}. Without it {spell(lost[0], "%", 100)} of all requests fail
for good, with any of the jitters {spell(worst, "%", 100)}.

- {claim(herd, 2, 0, "mean", called, "lower")}
- {claim(herd, 2, 1, "mean", called)}
- {claim(herd, 2, 3, "mean", called)}
- {claim(herd, 3, 2, "attempts", called)}
""")

# %% [markdown]
# ## The storm that outlives its cause
#
# `retry_storm`: a service at 70% of its capacity, and from 20 s to 30 s twice the traffic. Clients give up after 300 ms
# and try four times in all, at once. The queue is unbounded. The time-out stops the caller, not the server: what it has
# given up is still in the queue, and will be worked on.

# %%
CURES = {
    "as it is": {},
    "backoff, full jitter": {"clients.app.retry.backoff": {"base": "100ms", "max": "2s", "jitter": "full"}},
    "skip what is too late": {"components.api.deadline_propagation": True},
    "last in, first out": {"components.api.order": "lifo"},
    "retry budget 20%": {"clients.app.retry.budget": "20%"},
    "no retries": {"clients.app.retry": 1},
    "queue of 10": {"components.api.queue": 10},
    "queue of 10 and budget": {"components.api.queue": 10, "clients.app.retry.budget": "20%"},
}
LONGER = {"duration": "100s"}
storms = {
    name: [sim.run("retry_storm", seed, {**cure, **LONGER}) for seed in range(3, 6)] for name, cure in CURES.items()
}


def answered(run):
    """The share of the requests sent in each second that got their answer in time; the last two seconds left out."""
    rows, seconds = run.requests, int(run.scenario.duration - 2)
    sent = np.bincount(rows["arrived"].astype(int), minlength=seconds)[:seconds]
    good = np.bincount(rows.loc[rows["outcome"] == "ok", "arrived"].astype(int), minlength=seconds)[:seconds]
    return good / sent


def well_again(run, end):
    """Seconds after `end` from which on nine of ten requests of each second are answered in time; None for never."""
    bad = np.flatnonzero(answered(run) < 0.9)
    since = bad.max() + 1 if len(bad) else 0
    return None if since >= len(answered(run)) else max(since - end, 0.0)


def smooth(values, seconds=3):
    """A moving average."""
    return np.convolve(values, np.ones(seconds) / seconds, mode="valid")


fig, panels = plt.subplots(2, 4, figsize=(11, 4.6), sharex=True, sharey=True)
for axes, (name, runs) in zip(panels.flat, storms.items(), strict=True):
    lines = runs[0].timeline
    axes.axvspan(20, 30, color="#a97800", alpha=0.2, lw=0, zorder=3, label="spike")
    axes.fill_between(lines["t_s"][1:-1], smooth(lines["attempts"]), color="#f3c9a5", label="attempts")
    axes.plot(lines["t_s"][1:-1], smooth(lines["offered"]), color=INK, ls="--", lw=1, label="offered")
    axes.plot(lines["t_s"][1:-1], smooth(lines["ok"]), color="#0072b2", lw=2, label="answered in time")
    axes.set(title=name, ylim=(0, 320))
for axes in panels[1]:
    axes.set_xlabel("time (s)")
for axes in panels[:, 0]:
    axes.set_ylabel("per second")
fig.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
plt.show()


# %%
def span(seconds):
    """The least and the most of several."""
    return " to ".join(dict.fromkeys(f"{end:.0f}" for end in (min(seconds), max(seconds)))) + " s"


at_the_end = {name: mean_interval([answered(run)[-20:].mean() for run in runs]) for name, runs in storms.items()}
wasted = {name: mean_interval([run["wasted_work"] for run in runs]) for name, runs in storms.items()}
recovered = {
    name: [seconds for run in runs if (seconds := well_again(run, end=30)) is not None] for name, runs in storms.items()
}
pd.DataFrame(
    {
        "in time, last 20 s": {name: spell(found, "%", 100) for name, found in at_the_end.items()},
        "runs that recovered": {name: f"{len(recovered[name])} of {len(runs)}" for name, runs in storms.items()},
        "after the spike": {name: span(found) if found else "never" for name, found in recovered.items()},
        "work for nobody": {name: spell(found, "%", 100) for name, found in wasted.items()},
    }
)

# %%
stuck = [name for name, found in recovered.items() if not found]
cured = [name for name, found in recovered.items() if len(found) == len(storms[name])]
assert stuck == ["as it is", "backoff, full jitter", "skip what is too late"]
assert cured == [name for name in CURES if name not in stuck]
assert max(recovered["last in, first out"]) <= 2
assert wasted["queue of 10"].hi < 0.5 * wasted["last in, first out"].lo
say(f"""
**Prediction 4.** The spike ends and the overload stays: every request fails four times, so the load is four times the
traffic, so every request fails. The system has two stable states, and the spike has pushed it into the other one.

- It never recovers: {", ".join(stuck)}. Backoff does not remove retries, it moves them to the right. Skipping late
  requests alone leaves the workers with requests that are *just* not late, and become so while they are worked on.
- Every run recovers: {", ".join(cured)}. Either fewer attempts than capacity come in, or what is served is still
  wanted by somebody.
- Last in, first out is back at once, for the newest are served first; but what was passed over is worked on when
  nobody waits for it any more ({spell(wasted["last in, first out"], "%", 100)} of the work). A queue no longer than the
  patience of the callers wastes {spell(wasted["queue of 10"], "%", 100)} and is well after at most
  {max(recovered["queue of 10"]):.0f} s.
""")

# %% [markdown]
# How large has the trigger to be? Slide the spike; the table below counts, over three seeds, how often the service is
# well again within half a minute.


# %%
def trigger(spike):
    lines = sim.run("retry_storm", overrides={"events[0].factor": spike}).timeline
    _, axes = plt.subplots(figsize=(8, 2.6))
    axes.axvspan(20, 30, color="#a97800", alpha=0.15, lw=0)
    axes.plot(lines["t_s"][1:-1], smooth(lines["offered"]), color=INK, ls="--", lw=1, label="offered")
    axes.plot(lines["t_s"][1:-1], smooth(lines["ok"]), color="#0072b2", lw=2, label="answered in time")
    axes.set(
        title=f"{spike:g} times the traffic for ten seconds", xlabel="time (s)", ylabel="per second", ylim=(0, 250)
    )
    axes.legend(loc="upper right", ncols=2)
    plt.show()


slide(trigger, spike=(1.4, 1.1, 1.2, 1.3, 1.6, 2.0, 3.0))

# %%
SHORTER = {"duration": "62s"}
tips = {
    f"{spike:g}x": sum(
        well_again(sim.run("retry_storm", seed, {"events[0].factor": spike, **SHORTER}), end=30) is not None
        for seed in range(1, 4)
    )
    for spike in (1.1, 1.2, 1.4, 1.6)
}
assert tips["1.6x"] == 0 < tips["1.1x"]
pd.DataFrame({"well again, of 3 runs": tips}).T.rename_axis("spike", axis=1)

# %% [markdown]
# ## The capacity that retries hide
#
# Bronson and others (HotOS 2021): a database with a capacity of 300 queries/s, callers that give up after a second and
# try once more. In the bad state every request is sent twice, so below 150/s it works itself free, and above it never
# does, although 150/s is half of its capacity. Freeze it for ten seconds and see. A fluid model says how long recovery
# takes: when the freeze ends, λ(2·10 s - 1 s) attempts wait; all but 300 of them have to be worked off, with what
# capacity is left over from 2λ.

# %%
database = scenario("""
    scenario: Thirty connections of 100 ms, and a freeze
    duration: 115s
    clients:
      user: {traffic: {rate: 100/s}, timeout: 1s, retry: {attempts: 2, on: timeout}, to: database}
    components:
      database:
        kind: service
        workers: 30
        queue: unbounded
        steps: [{work: {exponential: 100ms}}, {call: disk}]
      disk: {kind: external, latency: 10us}
    events:
      - {at: 5s, for: 900ms, slow: disk, factor: 1000000}   # each worker stands still for 10 s when it comes by
""")
CAPACITY, START, FREEZE, TIMEOUT, ENTERS = 300, 5.0, 10.0, 1.0, 0.1  # workers freeze 0.1 s late on average
RATES = [100, 130, 160]
freezes = {
    rate: [sim.run(database, seed, {"clients.user.traffic.rate": f"{rate}/s"}) for seed in range(1, 4)]
    for rate in RATES
}


def fluid(rate):
    """Seconds from the end of the freeze until answers are in time again; None for never."""
    spare = CAPACITY - 2 * rate
    return (rate * (2 * FREEZE - TIMEOUT) - CAPACITY * TIMEOUT) / spare if spare > 0 else None


fig, axes = plt.subplots(figsize=(8, 3.2))
for (rate, runs), colour in zip(freezes.items(), ("#5ec1c2", "#0072b2", "#d55e00"), strict=True):
    axes.plot(100 * answered(runs[0]), color=colour, label=f"{rate}/s")
axes.axvspan(START, START + FREEZE, color="#b83227", alpha=0.12, lw=0)
axes.set(xlabel="time (s)", ylabel="answered in time (%)", title="After a freeze of ten seconds", ylim=(0, 105))
axes.legend(loc="center right")
plt.show()

# %%
table = {}
for rate, runs in freezes.items():
    found = [well_again(run, START + FREEZE + ENTERS) for run in runs]
    starts = [run.recorded.attempt_starts[0] for run in runs]
    attempts = mean_interval([((times > 85) & (times < 110)).sum() / 25 / rate for times in starts])
    table[f"{rate}/s"] = {
        "fluid model": "never" if fluid(rate) is None else f"{fluid(rate):.0f} s",
        "simulated": "never" if None in found else spell(mean_interval(found), "s"),
        "attempts per request, 85 to 110 s": spell(attempts),
    }
    if fluid(rate) is None:
        assert found == [None] * len(found), f"it recovers at {rate}/s"
    else:
        agrees(found, fluid(rate))
say("**Prediction 5.** Time after the freeze until it is well again, three seeds each:")
pd.DataFrame(table).T

# %% [markdown]
# ## What to say in an interview
#
# - *"Would you add retries?"* Yes: a few attempts, in **one** layer, for idempotent requests, with backoff and full
#   jitter, and with a **budget**, so that retries cannot multiply an outage.
# - *"What is jitter for?"* Clients that failed together would come back together. Jitter spreads a herd; it does not
#   reduce the load of an overload that lasts.
# - *"The cause is gone, and the system is still down. Why?"* It is metastable: time-outs and retries keep the queue
#   full, and a full queue keeps the time-outs coming. Shed load or stop the retries; more capacity helps only if there
#   is then enough for the traffic times the attempts.
# - *"How do you keep it from happening?"* Queues shorter than the callers' patience, retry budgets, deadlines that
#   travel with the request, load that stays below capacity divided by the number of attempts - or knowing that it does
#   not.
# - *"How do you avoid duplicate effects?"* Idempotency keys: a time-out does not say that nothing happened.
#
# ## Try this
#
# 1. In `retry_storm` set the queue to 30 instead of 10. Why is that already too long? (300 ms is how many services?)
# 2. How small does a budget have to be for the storm to end within twenty seconds of the spike?
# 3. Two cures that fail alone: deadlines and backoff. Do they cure it together?
# 4. In `contend`, let a write take the server 1 ms of its only worker. Is "no backoff" still the fastest?
# 5. Give the herd a budget of 20% instead of jitter. Who pays?
# 6. Shorten the freeze to 1 s at 200/s. The published tipping point lies between 1.0 s and 1.5 s.
