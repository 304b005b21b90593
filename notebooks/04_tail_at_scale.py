# %% [markdown]
# # The tail at scale
#
# ## The question
#
# Every service behind a page is fast: its p99 is fine, its owner is proud. The page is slow all the same. **Why, where
# does the time go, and what can be done about it?**
#
# ## Predict first
#
# Write your answers down before you go on.
#
# 1. A call takes 10 ms, one in a hundred takes a second. A page makes a hundred calls at once and waits for all. How
#    many pages take a second? What is the median page?
# 2. And with 2,000 calls, one in ten thousand of them slow?
# 3. A fleet that is a little more than half busy serves pages that make 1, 8 or 32 calls at once, at the same total
#    rate. Does the fleet mind?
#    What is most of a slow page's time: work or waiting?
# 4. One call in twenty is slow. Each call that has no answer after 20 ms is sent a second time, elsewhere, and the
#    first answer wins. How much more load is that, and how much better is p99?
# 5. Why wait: send *every* request twice at once. Up to which load does that pay?

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from lecture import agrees, say, scenario, slide, spell

import sim
from sim.experiment.statistics import mean_interval, paired_difference, quantile_interval

INK, BLUE, RED, ORANGE = "#22262b", "#0072b2", "#b3400a", "#d55e00"


def latencies(run, client=None, drain=2.0):
    """Latencies of the requests that arrived after warm-up and had two seconds at least to end, s."""
    rows = run.requests
    chosen = rows["arrived"].between(run.recorded.warmup, run.scenario.duration - drain) & (rows["outcome"] == "ok")
    return rows.loc[chosen if client is None else chosen & (rows["client"] == client), "latency"].to_numpy()


# %% [markdown]
# ## What is rare for a call is common for a page
#
# J. Dean and L. A. Barroso, "The Tail at Scale" (CACM 2013): if each of n calls is slow with probability p, and
# independently, then a share of 1 - (1 - p)^n of the pages waits for a slow one. The shipped scenario `tail_at_scale`
# has pages of 1, 10 and 100 calls; six seeds.

# %%
PAGES = {"one": 1, "ten": 10, "hundred": 100}
pages = [sim.run("tail_at_scale", seed) for seed in range(1, 7)]
shares = {n: [(latencies(run, client) > 0.5).mean() for run in pages] for client, n in PAGES.items()}
slow = {n: mean_interval(share) for n, share in shares.items()}
medians = {n: mean_interval([np.median(latencies(run, client)) for run in pages]) for client, n in PAGES.items()}


def slow_pages(n, p):
    """The share of pages that wait for a slow call."""
    return 1 - (1 - p) ** n


fig, axes = plt.subplots(figsize=(8, 3.6))
calls = np.geomspace(1, 2000, 200)
for p, colour in ((0.01, BLUE), (0.001, "#5ec1c2"), (0.0001, INK)):
    axes.plot(calls, 100 * slow_pages(calls, p), color=colour, label=f"1 call in {1 / p:,.0f} is slow")
found = list(slow.values())
axes.errorbar(
    list(slow),
    [100 * each.mean for each in found],
    [100 * each.half_width for each in found],
    fmt="o",
    color=BLUE,
    capsize=4,
    label="simulated",
)
axes.set(xscale="log", xlabel="calls of a page", ylabel="pages that are slow (%)", title="Fan-out")
axes.xaxis.set_major_formatter("{x:,.0f}")
axes.legend(loc="upper left")
plt.show()

# %%
pd.DataFrame(
    {
        "theory": {n: f"{slow_pages(n, 0.01):.1%}" for n in slow},
        "simulated": {n: spell(each, "%", 100) for n, each in slow.items()},
        "median page": {n: spell(each, "ms", 1000) for n, each in medians.items()},
    }
).rename_axis("calls")

# %%
for n in PAGES.values():
    agrees(shares[n], slow_pages(n, 0.01))
assert medians[100].lo > 0.5 > medians[10].hi
say(f"""
**Prediction 1.** {spell(slow[100], "%", 100)} of the pages of a hundred calls take a second; Dean and Barroso's
{slow_pages(100, 0.01):.1%}. The median page is the worst call. **Prediction 2.** With 2,000 calls of which one in ten
thousand is slow it is {slow_pages(2000, 0.0001):.0%}, "almost one in five".

Turn it round: for 99% of the pages of n calls to be fast, each call has to be fast with probability 0.99^(1/n). With a
hundred calls a page's p99 is a call's p{100 * 0.99 ** (1 / 100):.2f}, which nobody has on a dashboard.
""")

# %% [markdown]
# The same curve for other numbers:


# %%
def fan_out(calls, one_in):
    every = np.arange(1, 501)
    _, axes = plt.subplots(figsize=(8, 2.6))
    axes.plot(every, 100 * slow_pages(every, 1 / one_in), color=BLUE)
    axes.plot(calls, 100 * slow_pages(calls, 1 / one_in), "o", color=RED)
    axes.set(xlabel="calls of a page", ylabel="slow pages (%)", ylim=(0, 105))
    axes.set_title(f"{calls} calls, 1 in {one_in} slow: {slow_pages(calls, 1 / one_in):.1%} of the pages")
    plt.show()


slide(fan_out, calls=(100, 1, 10, 20, 50, 200, 500), one_in=(100, 20, 50, 200, 1000))

# %% [markdown]
# ## Where p99 goes
#
# So far slowness was chance. With queues it is load as well: the calls of one page arrive *together*. A fleet of
# sixteen workers, a little more than half busy, answers pages that make 1, 8 or 32 calls at once; the calls per second
# are the same. The time ledger of a page follows the call that decided, and says for the typical page and for the one
# at p99 where its time went.

# %%
CALLS = [1, 8, 32]


def fleet(calls):
    """Pages of so many calls, 960 calls a second in all."""
    return scenario(f"""
        scenario: Pages of {calls} calls
        duration: 45s
        warmup: 5s
        clients:
          reader: {{traffic: {{rate: {960 / calls:g}/s}}, to: page, network: {{latency: 5ms}}}}
        components:
          page:
            kind: service
            workers: 10000
            steps:
              - work: 1ms
              - parallel: [{{call: leaf, times: {calls}}}]
          leaf:
            kind: service
            instances: 4
            workers: 4
            queue: unbounded
            balancer: least_request
            work: {{p50: 8ms, p99: 30ms}}
    """)


fleets = {calls: [sim.run(fleet(calls), seed) for seed in range(1, 5)] for calls in CALLS}

# %%
PARTS = {"network": "#9fd0ee", "policy": "#8a4f7d", "service": BLUE, "queue": ORANGE}
rows = [(calls, cohort) for calls in CALLS for cohort in ("p50", "p99")]
ledger = {
    (calls, cohort): {
        part: np.mean([run.summary["time_ledger"][cohort][part] for run in fleets[calls]]) for part in (*PARTS, "total")
    }
    for calls, cohort in rows
}
fig, axes = plt.subplots(figsize=(9, 3.2))
names = [f"{calls} call{'s' * (calls > 1)}, {cohort}" for calls, cohort in rows]
left = np.zeros(len(rows))
for part, colour in PARTS.items():
    widths = np.array([1e3 * ledger[row][part] for row in rows])
    if widths.any():
        axes.barh(names, widths, left=left, color=colour, label=part)
    left += widths
axes.set(xlabel="milliseconds", title="The typical page and the page at p99")
axes.invert_yaxis()
axes.legend(loc="upper right")
plt.show()


# %%
def share(calls, cohort, part):
    """A part of the ledger as a share of the whole."""
    return ledger[calls, cohort][part] / ledger[calls, cohort]["total"]


busy = {calls: mean_interval([run["leaf utilization"] for run in runs]) for calls, runs in fleets.items()}
p99 = {calls: mean_interval([run["p99"] for run in runs]) for calls, runs in fleets.items()}
growth = paired_difference([run["p99"] for run in fleets[1]], [run["p99"] for run in fleets[32]]).interval
assert growth.lo > 0
assert share(1, "p99", "queue") < 0.1 < share(32, "p50", "queue") < share(32, "p99", "queue")
assert share(32, "p99", "queue") > 0.5
say(f"""
**Prediction 3.** The fleet is equally busy ({spell(busy[1], "%", 100)} and {spell(busy[32], "%", 100)}), but p99 goes
from {spell(p99[1], "ms", 1000)} with one call to {spell(p99[32], "ms", 1000)} with thirty-two (difference
{1e3 * growth.lo:.0f} to {1e3 * growth.hi:.0f} ms, four seeds). With one call, waiting is {share(1, "p99", "queue"):.0%}
of a page at p99. With thirty-two it is {share(32, "p50", "queue"):.0%} of the *typical* page and
{share(32, "p99", "queue"):.0%} of the one at p99: each page is a little burst, and its calls wait for one another.
""")

# %% [markdown]
# Any run can say this of itself, as a figure of the report:

# %%
fleets[32][0].plot.ledger()
plt.show()

# %% [markdown]
# ## Hedging: what it gains and what it costs
#
# A hedged request is sent again, to another replica, when no answer has come after a while; the first answer wins and
# the other is dropped. Hedging is not a component of the simulator yet. What can be had is exact all the same: record
# the latencies of **two independent replicas**, X and Y, and take min(X, d + Y). A leaf answers in 5 ms on average; one
# call in twenty takes 100 ms on average. No queues, so the extra calls cost nobody anything; that comes below. In
# theory
#
# $$P(\text{hedged} > t) = G(t)\,G(t - d) \quad (t > d), \qquad G(t) = 0.95\,e^{-t/5} + 0.05\,e^{-t/100}$$
#
# with t in ms, and a share G(d) of the calls is sent twice.

# %%
leaf = scenario("""
    scenario: A leaf with a tail
    duration: 80s
    clients: {user: {traffic: {rate: 2k/s}, to: leaf}}
    components:
      leaf:
        kind: external
        latency: {mixture: [{weight: 95, of: {exponential: 5ms}}, {weight: 5, of: {exponential: 100ms}}]}
""")
REPLICAS = (range(1, 3), range(11, 13))  # the seeds of each
first, second = (np.concatenate([latencies(sim.run(leaf, seed)) for seed in seeds]) for seeds in REPLICAS)
size = min(len(first), len(second))
first, second = first[:size], second[:size]


def beyond(t):
    """Probability that a call takes longer than t (s)."""
    t = np.maximum(t, 0.0)
    return 0.95 * np.exp(-t / 0.005) + 0.05 * np.exp(-t / 0.100)


def quantile(tail, share):
    """The time (s) that a share of calls exceeds, by bisection."""
    low, high = 0.0, 5.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if tail(middle) > share else (low, middle)
    return high


def hedged(delay):
    """The recorded latencies, hedged after a delay (s)."""
    return np.minimum(first, delay + second)


def hedged_beyond(delay):
    """Probability that a hedged call takes longer than t (s)."""
    return lambda t: beyond(t) * beyond(t - delay)


DELAY = 0.020
rows = {}
for name, calls, tail in (
    ("as it is", first, beyond),
    ("hedged after 20 ms", hedged(DELAY), hedged_beyond(DELAY)),
):
    found = {p: quantile_interval(calls, p) for p in (0.5, 0.99, 0.999)}
    rows[name] = {
        (f"p{100 * p:g}", word): text
        for p, each in found.items()
        for word, text in (
            ("theory", f"{1e3 * quantile(tail, 1 - p):.1f} ms"),
            ("recorded", f"{1e3 * each.mean:.1f} ({1e3 * each.lo:.1f} to {1e3 * each.hi:.1f})"),
        )
    }
twice = (first > DELAY).mean()
agrees([(calls > DELAY).mean() for calls in np.array_split(first, 10)], beyond(DELAY))
say(f"""
{size:,} calls to each replica, 95% intervals; {twice:.2%} of the calls are sent twice (theory: {beyond(DELAY):.2%}).
""")
pd.DataFrame(rows).T

# %% [markdown]
# How long to wait before the second one? Early hedges cost load, late ones do not help. And what a page of a hundred
# calls makes of it: the slowest of a hundred recorded calls, a hundred after a hundred.

# %%
DELAYS = np.array([0, 2, 5, 10, 15, 20, 30, 50, 100, 200]) / 1e3


def of_pages(calls, size=100):
    """The slowest call of each page."""
    return calls[: len(calls) // size * size].reshape(-1, size).max(axis=1)


fig, sides = plt.subplots(1, 2, figsize=(11, 3.4))
extra = 100 * np.array([(first > delay).mean() for delay in DELAYS])
for axes, title, of in ((sides[0], "A call", np.asarray), (sides[1], "A page of a hundred calls", of_pages)):
    for q, colour in ((0.5, BLUE), (0.99, RED)):
        line = [1e3 * np.quantile(of(hedged(delay)), q) for delay in DELAYS]
        axes.plot(extra, line, "o-", color=colour, label=f"p{100 * q:g}, hedged")
        axes.axhline(1e3 * np.quantile(of(first), q), color=colour, ls=":", label=f"p{100 * q:g}, as it is")
    axes.set(xscale="log", yscale="log", xlabel="calls that are sent twice (%)", title=title)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_yticks([2, 5, 10, 20, 50, 100, 200, 500], ["2", "5", "10", "20", "50", "100", "200", "500"])
    axes.yaxis.set_minor_formatter("")
sides[0].set(ylabel="response time (ms)", ylim=(1.5, 250))
sides[1].set(ylim=(10, 900))
fig.legend(*sides[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
plt.show()


# %%
def hedge_after(milliseconds):
    times = np.linspace(0, 0.2, 200)
    _, axes = plt.subplots(figsize=(8, 2.8))
    axes.plot(1e3 * times, beyond(times), color=INK, label="as it is")
    axes.plot(1e3 * times, hedged_beyond(milliseconds / 1e3)(times), color=BLUE, label="hedged")
    axes.axhline(0.01, color=RED, lw=1, ls=":", label="p99")
    sent = beyond(milliseconds / 1e3)
    axes.set(yscale="log", ylim=(1e-4, 1.2), xlabel="response time (ms)", ylabel="share that takes longer")
    axes.set_title(f"Hedged after {milliseconds} ms: {sent:.1%} more calls")
    axes.legend(loc="upper right")
    plt.show()


slide(hedge_after, milliseconds=(20, 0, 5, 10, 50, 100))

# %% [markdown]
# A relative of the hedge that can be simulated is a short **time-out with retries**: give up after 20 ms and ask again.
# It differs in what it throws away, the answer that was about to come: if all calls are slow, it never gets one.

# %%
impatient = scenario("""
    scenario: A leaf with a tail, and impatient callers
    duration: 80s
    clients: {user: {traffic: {rate: 2k/s}, timeout: 20ms, retry: {attempts: 5, on: timeout}, to: leaf}}
    components:
      leaf:
        kind: external
        latency: {mixture: [{weight: 95, of: {exponential: 5ms}}, {weight: 5, of: {exponential: 100ms}}]}
""")
retried = [sim.run(impatient, seed) for seed in REPLICAS[0]]
ways = {
    "as it is": (first, 1.0, 0),
    "hedged after 20 ms": (hedged(DELAY), 1 + twice, 0),
    "20 ms, up to 5 attempts": (
        np.concatenate([latencies(run) for run in retried]),
        np.mean([run.summary["attempts"]["per_request"] for run in retried]),
        sum(run.summary["requests"]["by_outcome"].get("timeout", 0) for run in retried),
    ),
}


def between(calls, q):
    """A quantile's 95% interval, in ms."""
    found = quantile_interval(calls, q)
    return f"{1e3 * found.lo:.1f} to {1e3 * found.hi:.1f} ms"


pd.DataFrame(
    {
        name: {
            "p99 of a call": between(calls, 0.99),
            "p50 of a page": between(of_pages(calls), 0.5),
            "p99 of a page": between(of_pages(calls), 0.99),
            "calls sent": f"{sent:.3f}",
            "calls that failed": failed,
        }
        for name, (calls, sent, failed) in ways.items()
    }
).T

# %%
page99 = {name: quantile_interval(of_pages(calls), 0.99) for name, (calls, _, _) in ways.items()}
call99 = {name: quantile_interval(calls, 0.99) for name, (calls, _, _) in ways.items()}
plain_way, hedge, many = ways
assert call99[hedge].hi < call99[plain_way].lo
assert page99[many].hi < page99[hedge].lo < page99[hedge].hi < page99[plain_way].lo
say(f"""
**Prediction 4.** The hedge sends {twice:.1%} more calls, and p99 of a call goes from
{1e3 * np.quantile(first, 0.99):.0f} ms to {1e3 * np.quantile(hedged(DELAY), 0.99):.0f} ms; that of a page of a hundred
calls from {1e3 * np.quantile(of_pages(first), 0.99):.0f} ms to
{1e3 * np.quantile(of_pages(hedged(DELAY)), 0.99):.0f} ms. Up to five attempts do even better for the page
({1e3 * page99[many].mean:.0f} ms), for they can be unlucky twice; but only because a slow call here is bad luck and not a
slow replica.
""")

# %% [markdown]
# ## When a second copy makes things worse
#
# Where there are queues the copies are load. Let every request be sent twice, at once, and none be taken back: each
# server then runs at twice its load. With exponential service times and many servers the copies' waits are independent,
# and two copies pay as long as half of 1/(1 - 2ρ) is less than 1/(1 - ρ): up to a load of one third (Vulimiri et al.,
# CoNEXT 2013). Recorded: one server at ρ, and two independent ones at 2ρ of which the faster answer counts.

# %%
queue = scenario("""
    scenario: One queue
    duration: 240s
    warmup: 10s
    clients: {user: {traffic: {rate: 20/s}, to: server}}
    components:
      server: {kind: service, workers: 1, queue: unbounded, work: {exponential: 10ms}}
""")
BASE = [0.1, 0.2, 0.3, 0.4, 0.45]
SEEDS = range(1, 5)


def recorded(load, seed):
    """Latencies of one server at this load."""
    return latencies(sim.run(queue, seed, {"clients.user.traffic.rate": f"{100 * load:g}/s"}))


def best_of_two(load, seed):
    """The faster of two copies, each on a server that carries both copies' load; in random pairs."""
    one, other = recorded(2 * load, seed), recorded(2 * load, 100 + seed)
    pairs = min(len(one), len(other))
    return np.minimum(one[:pairs], np.random.default_rng(seed).permutation(other)[:pairs])


singles = {load: [recorded(load, seed) for seed in SEEDS] for load in BASE}
doubles = {load: [best_of_two(load, seed) for seed in SEEDS] for load in BASE}

# %%
fig, axes = plt.subplots(figsize=(8, 3.6))
loads = np.linspace(0.02, 0.48, 100)
for kind, runs, theory, colour in (
    ("one copy", singles, 10 / (1 - loads), BLUE),
    ("two copies, the first answer wins", doubles, 5 / (1 - 2 * loads), ORANGE),
):
    axes.plot(100 * loads, theory, color=colour, label=f"{kind}: theory")
    means = [mean_interval([1e3 * each.mean() for each in runs[load]]) for load in BASE]
    axes.errorbar(
        [100 * load for load in BASE],
        [each.mean for each in means],
        [each.half_width for each in means],
        fmt="o",
        capsize=3,
        color=colour,
        label=f"{kind}: recorded",
    )
axes.axvline(100 / 3, color=INK, ls=":", lw=1)
axes.set(xlabel="load with one copy (%)", ylabel="mean response (ms)", ylim=(0, 60))
axes.legend(loc="upper left")
plt.show()

# %%
lines = []
for load in BASE:
    gain = paired_difference([one.mean() for one in singles[load]], [two.mean() for two in doubles[load]]).interval
    verdict = "pays" if gain.hi < 0 else "costs" if gain.lo > 0 else "makes no difference that these runs show"
    lines.append(f"- at {load:.0%}: the second copy {verdict} ({1e3 * gain.lo:+.1f} to {1e3 * gain.hi:+.1f} ms)")
    if abs(load - 1 / 3) > 0.1:
        assert verdict == ("pays" if load < 1 / 3 else "costs"), f"at {load:.0%} the second copy {verdict}"
say("**Prediction 5.** Four seeds each:\n\n" + "\n".join(lines))

# %% [markdown]
# ## What to say in an interview

# %%
say(f"""
- *"Each of our services has a good p99. Why is the page slow?"* A page that waits for a hundred calls sees the p99 of a
  call in {slow_pages(100, 0.01):.0%} of all cases. The more calls, the more the page's median is the calls' tail.
- *"What do you do?"* Fewer calls, or calls that are not waited for (answer without the optional ones after a
  deadline). Then less variance: bounded queues, small requests, heavy work apart. Then hedges.
- *"How do you hedge?"* Idempotent reads only, to another replica, after about the p95, with a budget. Here that costs
  {twice:.0%} more calls and takes p99 from {1e3 * np.quantile(first, 0.99):.0f} ms to
  {1e3 * np.quantile(hedged(DELAY), 0.99):.0f} ms. It cures tails that come from *one replica's* bad luck.
- *"And if everything is slow?"* Then hedges are load on top of overload. Cancel the loser, cap the share, and switch it
  off when most calls are late.
- *"Where would you look first?"* In the ledger of the slow requests: is it work, waiting, network or back-off? Each has
  another cure.
""")

# %% [markdown]
# ## Try this
#
# 1. In `tail_at_scale` make slow calls ten times rarer
#    (`"components.leaf.latency.mixture[1].weight": 0.1`). What share of the pages of a hundred is slow now?
# 2. Make the calls optional with a time limit (`call: {to: leaf, timeout: 50ms, optional: true}`). What does the page
#    lose, and what does it gain?
# 3. Give the fleet of the ledger twice the workers at the same load. What happens to the pages of thirty-two?
# 4. Hedge after 5 ms. Is the gain in p99 worth the load? Use the figure.
# 5. The two replicas were independent. Let a tenth of the slow calls be slow on both; what is left of the gain?
# 6. Deterministic service instead of exponential in the last part. Theory says the limit is lower (about a quarter).
