# %% [markdown]
# # Caches
#
# ## The question
#
# A cache answers what has been asked before, so that the database does not have to. It is bounded, so something has to
# go; its answers age, so they have to be thrown away; and the moment at which a popular one is thrown away is the
# moment at which everybody asks for it. **How large, how fresh, and what happens when an entry expires?**
#
# ## Predict first
#
# Write your answers down before you go on.
#
# 1. 2,000 items whose popularity follows Zipf's law with exponent 0.9 (the item of rank r is asked for in proportion to
#    r^-0.9). The cache holds 20 of them, or 100, or 1,000. Which share of the requests hits? And with an exponent of
#    0.6, or 1.2?
# 2. The cache is full. Who has to go: the least recently used (LRU), the least frequently used (LFU) or the first that
#    came in (FIFO)? Order them by hit ratio. How far from the best possible is the best of them?
# 3. The hit ratio rises from 50% to 80%. What does that do to the load of the database, to the median latency, and to
#    p99?
# 4. An item is asked for once a second and kept for 10 s. Which share of the requests hits? It changes about once a
#    minute: which share of the answers is wrong? And if you keep it for 100 s?
# 5. A page takes half a second to make and is kept for ten; 300 visitors a second ask for it. How often is it made each
#    time it expires? Who suffers?

# %%
from statistics import NormalDist

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from lecture import agrees, claim, interval, samples, say, scenario, slide, spell

import sim
from sim.experiment.statistics import mean_interval

INK = "#22262b"
COLOURS = ("#5ec1c2", "#0072b2", "#d55e00")

# %% [markdown]
# ## How large? Che's approximation
#
# Suppose every request asks for item i with probability p_i, whatever came before. In an LRU cache an item leaves when
# it has not been asked for while C *other* items were. For a large cache that takes nearly the same number of requests
# T for every item (Che, Tung & Wang 2002). So the chance of finding item i is the chance that it was asked for within
# the last T requests, and T follows from the fact that the cache is full:
#
# $$h_i = 1 - e^{-p_i T}, \qquad \sum_i \left(1 - e^{-p_i T}\right) = C, \qquad h = \sum_i p_i h_i$$
#
# In a FIFO cache an item stays for T requests from when it *came*, which gives h_i = p_i T / (1 + p_i T). And nothing
# can beat a cache that always holds the C most popular items, if somebody tells it which they are.

# %%
ITEMS = 2_000


def zipf(items, s):
    """The probability that a request asks for each item, the most popular one first."""
    weights = np.arange(1, items + 1) ** -float(s)
    return weights / weights.sum()


def che(p, size, there=lambda load: 1 - np.exp(-load)):
    """The hit ratio: T by bisection, then the mean over requests.

    `there` is the chance that an item is there if it is asked for `load` times in T requests on average.
    """
    low, high = 0.0, 1.0
    while there(p * high).sum() < size:
        high *= 2
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if there(p * middle).sum() < size else (low, middle)
    return float((p * there(p * high)).sum())


def fifo(p, size):
    return che(p, size, lambda load: load / (1 + load))


def most_popular(p, size):
    return float(p[:size].sum())


# %%
SKEWS, SIZES = [0.6, 0.9, 1.2], [20, 100, 1000]
shop = scenario("""
    scenario: A cache in front of an origin that answers at once
    duration: 4s
    warmup: 2s
    clients:
      user:
        traffic: {rate: 5000/s}
        requests: [{send: GET /item, key: {zipf: {items: 2000, s: 0.9}}}]
        to: edge
    components:
      edge: {kind: cdn, to: origin, cache: {size: 100, policy: lru}}
      origin: {kind: external, latency: 0ms}
""")
SIZE, KEY = "components.edge.cache.size", "clients.user.requests[0].key"
by_skew = sim.sweep(
    shop,
    {SIZE: SIZES, KEY: [{"zipf": {"items": ITEMS, "s": s}} for s in SKEWS]},
    replications=3,
    metric="hit_ratio",
    workers=1,
)
found = {
    (size, s): interval(by_skew, number, "hit_ratio")
    for number, (size, s) in enumerate((size, s) for size in SIZES for s in SKEWS)
}

fig, sides = plt.subplots(1, 2, figsize=(11, 3.8))
fine = np.unique(np.geomspace(10, 1900, 40).astype(int))
ranks = np.arange(1, ITEMS + 1)
for s, colour in zip(SKEWS, COLOURS, strict=True):
    p = zipf(ITEMS, s)
    sides[0].plot(100 * ranks / ITEMS, 100 * p.cumsum(), color=colour, label=f"exponent {s}")
    sides[1].plot(fine, [100 * che(p, size) for size in fine], color=colour)
    sides[1].plot(SIZES, [100 * found[size, s].mean for size in SIZES], "o", color=colour, label=f"exponent {s}")
sides[0].set(xlabel="the most popular items (%)", ylabel="of all requests (%)", title="What is asked for")
sides[1].plot([], [], color=INK, label="Che")
sides[1].plot([], [], "o", color=INK, label="simulated")
sides[1].set(xscale="log", xlabel="items that fit (log)", ylabel="hit ratio (%)", title="What an LRU cache answers")
sides[1].xaxis.set_major_formatter("{x:,.0f}")
for axes in sides:
    axes.set_ylim(0, 100)
sides[0].legend(loc="lower right")
sides[1].legend(loc="upper left", fontsize=9)
plt.show()

# %%
apart = {key: 100 * (known.mean - che(zipf(ITEMS, key[1]), key[0])) for key, known in found.items()}
inside = sum(known.contains(che(zipf(ITEMS, s), size)) for (size, s), known in found.items())
pd.DataFrame(
    {
        (f"exponent {s}", column): {
            size: f"{100 * che(zipf(ITEMS, s), size):.1f}%" if column == "Che" else spell(found[size, s], "%", 100)
            for size in SIZES
        }
        for s in SKEWS
        for column in ("Che", "simulated")
    }
).rename_axis("size")

# %%
assert all(abs(apart[key]) < 1 + 100 * found[key].half_width for key in found), apart
tenfold = [100 * (found[1000, s].mean - found[100, s].mean) for s in SKEWS]
say(f"""
**Prediction 1.** With exponent 0.9 one item in a hundred ({SIZES[0]}) answers {found[20, 0.9].mean:.0%} of the
requests, one in twenty {found[100, 0.9].mean:.0%}, every second one {found[1000, 0.9].mean:.0%}: hits grow roughly
with the *logarithm* of the size. Ten times as large (100 to 1,000) buys {tenfold[0]:.0f}, {tenfold[1]:.0f} and
{tenfold[2]:.0f} points with exponents 0.6, 0.9 and 1.2. The skew of your traffic matters more than the size of your
cache, and it is not yours to choose: measure it.

Che's approximation is at most {max(map(abs, apart.values())):.2f} points off in the {len(apart)} cases; it lies inside
the 95% interval (three seeds) in {inside} of them.
""")

# %% [markdown]
# The formula needs no simulator: slide the number of items. Watch what happens to a cache of *fixed* size while the
# catalogue grows.


# %%
def catalogue(items):
    _, axes = plt.subplots(figsize=(8, 3))
    sizes = np.unique(np.geomspace(10, 1500, 30).astype(int))
    for s, colour in zip(SKEWS, COLOURS, strict=True):
        hits = [100 * che(zipf(items, s), size) for size in sizes]
        axes.plot(sizes, hits, color=colour, label=f"exponent {s}")
    axes.set(xscale="log", ylim=(0, 100), xlabel="items that fit (log)", ylabel="hit ratio (%)")
    axes.set_title(f"A catalogue of {items:,} items")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.legend(loc="upper left")
    plt.show()


slide(catalogue, items=(20_000, 2_000, 5_000, 50_000, 100_000))

# %% [markdown]
# ## Who has to go?

# %%
POLICIES = ["lru", "fifo", "lfu"]
rules = sim.compare(
    shop,
    {SIZE: SIZES, "components.edge.cache.policy": POLICIES},
    replications=3,
    metric="hit_ratio",
    workers=1,
)
number = {pair: index for index, pair in enumerate((size, policy) for size in SIZES for policy in POLICIES)}
BOUNDS = {"lru": ("Che", che), "fifo": ("Che, for FIFO", fifo), "lfu": ("the most popular", most_popular)}

fig, axes = plt.subplots(figsize=(8, 3.8))
p = zipf(ITEMS, 0.9)
for (policy, (words, formula)), colour in zip(BOUNDS.items(), ("#0072b2", "#d55e00", "#5ec1c2"), strict=True):
    axes.plot(fine, [100 * formula(p, size) for size in fine], color=colour, label=words)
    hits = [interval(rules, number[size, policy], "hit_ratio") for size in SIZES]
    axes.errorbar(
        SIZES, [100 * h.mean for h in hits], [100 * h.half_width for h in hits], fmt="o", color=colour, label=policy
    )
axes.set(xscale="log", ylim=(0, 100), xlabel="items that fit (log)", ylabel="hit ratio (%)", title="Who is pushed out")
axes.xaxis.set_major_formatter("{x:,.0f}")
axes.legend(loc="upper left", ncols=2)
plt.show()

# %%
called = {rules.labels[index]: f"`{policy}`" for (_, policy), index in number.items()}
best = interval(rules, number[100, "lfu"], "hit_ratio")
assert best.hi < most_popular(p, 100)
say(f"""
**Prediction 2.** A hundred places, exponent 0.9 (differences are points of the hit ratio):

- {claim(rules, number[100, "lru"], number[100, "fifo"], "hit_ratio", called, "higher")}
- {claim(rules, number[100, "lfu"], number[100, "lru"], "hit_ratio", called, "higher")}

Whoever knew the popularities would hit {most_popular(p, 100):.1%}; `lfu` comes to {spell(best, "%", 100)}, because it
has to learn them, and forgets the count of what it pushes out. So `lfu` is the best *while popularity does not change*,
which is how the traffic here was made. Where it changes (news, launches), old counts keep dead items in, and recency
wins: real caches mix both (TinyLFU, ARC, S3-FIFO).
""")

# %% [markdown]
# ## What a hit is worth
#
# `cache_sizing`: a service with a cache (0.5 ms) before a database (p50 8 ms, p99 40 ms, 20 connections), 10,000 items
# with exponent 0.9. Queries are the misses and nothing else. For the users' latency, a request is slower than x if it
# misses **and** its query is slower than x; so p99 of the users is the (1 - 1% / (1 - h)) quantile of the database.

# %%
TRY = [50, 150, 500, 1500, 5000]
sizing = sim.sweep(
    sim.load("cache_sizing").with_({"duration": "70s", "warmup": "45s"}),
    {"components.cache.size": TRY},
    replications=3,
    metric="p99",
    workers=1,
)
HIT, MEDIAN, P99, CONNECTIONS, RATE = 0.5e-3, 8e-3, 40e-3, 20, 400
SIGMA = np.log(P99 / MEDIAN) / NormalDist().inv_cdf(0.99)


def latency_in_theory(hits, share):
    """A percentile of the users' latency, s: look-up, and for a miss a log-normal query."""
    inside = 1 - (1 - share) / (1 - hits)
    return HIT + (MEDIAN * np.exp(SIGMA * NormalDist().inv_cdf(inside)) if inside > 0 else 0.0)


queries = [run.summary["components"]["db"] for number in range(len(TRY)) for run in sizing.finished(number)]
seconds = sizing.runs[0][0].summary["duration_s"] - sizing.runs[0][0].summary["warmup_s"]
per_second = np.array([each["offered"] / seconds for each in queries]).reshape(len(TRY), -1)

catalog, sizes = zipf(10_000, 0.9), np.unique(np.geomspace(30, 7000, 120).astype(int))
theory = np.array([che(catalog, size) for size in sizes])
fig, sides = plt.subplots(1, 2, figsize=(11, 3.6))
sides[0].plot(sizes, RATE * (1 - theory), color=INK, label="Che")
sides[0].plot(TRY, per_second.mean(axis=1), "o", color="#0072b2", label="simulated")
sides[0].set(xscale="log", ylim=(0, RATE), title="Load of the database", ylabel="queries per second")
for name, share, colour in (("p50", 0.5, "#0072b2"), ("p99", 0.99, "#b3400a")):
    sides[1].plot(sizes, [1e3 * latency_in_theory(h, share) for h in theory], color=colour)
    known = [interval(sizing, index, name) for index in range(len(TRY))]
    sides[1].errorbar(
        TRY, [1e3 * k.mean for k in known], [1e3 * k.half_width for k in known], fmt="o", color=colour, label=name
    )
sides[1].plot([], [], color=INK, label="theory")
sides[1].set(xscale="log", yscale="log", title="Latency of the users", ylabel="ms (log)")
sides[1].set_yticks([0.5, 1, 2, 5, 10, 20, 40])
sides[1].yaxis.set_major_formatter("{x:g}")
sides[1].yaxis.set_minor_formatter("")
for axes in sides:
    axes.set_xlabel("items that fit (log)")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.legend(loc="lower left")
plt.show()

# %%
small, large = TRY.index(500), TRY.index(5000)
loads = [mean_interval(per_second[index]) for index in range(len(TRY))]
for index, size in ((small, 500), (large, 5000)):
    agrees(per_second[index], RATE * (1 - che(catalog, size)))
    agrees(samples(sizing, index, "p99"), latency_in_theory(che(catalog, size), 0.99))
halved = {name: interval(sizing, large, name).hi / interval(sizing, small, name).lo for name in ("p50", "p99")}
assert halved["p50"] < 0.25
assert halved["p99"] > 0.5
say(f"""
**Prediction 3.** From 500 to 5,000 items the hit ratio rises from {1 - loads[small].mean / RATE:.0%} to
{1 - loads[large].mean / RATE:.0%}.

- The database: from {spell(loads[small], "queries/s")} to {spell(loads[large])}, less by
  {1 - loads[large].mean / loads[small].mean:.0%}. It is the *misses* that count: from 98% to 99% would halve its load.
- The median: from {spell(interval(sizing, small, "p50"), "ms", 1000)} to
  {spell(interval(sizing, large, "p50"), "ms", 1000)}, a hit.
- p99: from {spell(interval(sizing, small, "p99"), "ms", 1000)} to {spell(interval(sizing, large, "p99"), "ms", 1000)}
  (theory: {1e3 * latency_in_theory(che(catalog, 500), 0.99):.1f} and
  {1e3 * latency_in_theory(che(catalog, 5000), 0.99):.1f} ms). As long as more than one request in a hundred misses,
  p99 *is* the database. A cache saves capacity and mends the median; to the tail it does little.
- And a dependency has grown: without the cache the database gets {RATE / loads[large].mean:.1f} times the load that it
  is used to. Can it bear that?
""")

# %% [markdown]
# ## How fresh? Time to live
#
# An item that is asked for λ times a second and kept for T seconds: each fetch is followed by λT hits on average, so
#
# $$h = \frac{\lambda T}{1 + \lambda T}$$
#
# (Jung, Berger & Balakrishnan 2003). If the item itself changes at random, μ times a second on average, an answer of
# age a is out of date with probability 1 - exp(-μa), and the ages of hits are spread evenly over 0 to T. The
# simulator's caches do not know what the truth is; but each answer is the truth as it was at the last fetch, so it is
# enough to draw the moments of change afterwards.

# %%
TTLS, ASKED, CHANGES = [1, 3, 10, 30, 100, 300], 1.0, 1 / 60
news = scenario("""
    scenario: One item, asked for once a second
    duration: 2000s
    warmup: 0s
    clients: {user: {traffic: {rate: 1/s}, to: edge}}
    components:
      edge: {kind: cdn, to: origin, cache: {ttl: 10s}}
      origin: {kind: external, latency: 0ms}
""")


def freshness(ttl, seed):
    """The share of answers that came from the cache, and the share of answers that were out of date."""
    run = sim.run(news, seed, {"components.edge.cache.ttl": f"{ttl}s"})
    rows, dice = run.requests, np.random.default_rng(seed)
    changes = np.sort(dice.uniform(0, run.scenario.duration, dice.poisson(CHANGES * run.scenario.duration)))
    at = rows["arrived"].to_numpy()
    cached = (rows["outcome"] == "cached").to_numpy()
    fetched = np.maximum.accumulate(np.where(cached, 0.0, at))
    outdated = np.searchsorted(changes, at) > np.searchsorted(changes, fetched)
    return cached.mean(), outdated.mean()


SEEDS = range(1, 7)
measured = {ttl: [mean_interval(both) for both in np.array([freshness(ttl, seed) for seed in SEEDS]).T] for ttl in TTLS}


def hits_in_theory(ttl):
    return ASKED * ttl / (1 + ASKED * ttl)


def outdated_in_theory(ttl):
    return hits_in_theory(ttl) * (1 + np.expm1(-CHANGES * ttl) / (CHANGES * ttl))


fig, axes = plt.subplots(figsize=(8, 3.6))
times = np.geomspace(0.7, 400, 100)
for which, (words, formula, colour) in enumerate(
    [("from the cache", hits_in_theory, "#0072b2"), ("out of date", outdated_in_theory, "#d55e00")]
):
    axes.plot(times, 100 * formula(times), color=colour)
    known = [measured[ttl][which] for ttl in TTLS]
    axes.errorbar(
        TTLS, [100 * k.mean for k in known], [100 * k.half_width for k in known], fmt="o", color=colour, label=words
    )
axes.plot([], [], color=INK, label="theory")
axes.set(xscale="log", ylim=(0, 103), xlabel="time to live (s, log)", ylabel="of all answers (%)")
axes.set_title("Asked for once a second, changed once a minute")
axes.xaxis.set_major_formatter("{x:g}")
axes.legend(loc="lower left", bbox_to_anchor=(0, 0.04))
plt.show()
say(f"""
**Prediction 4.** Kept for 10 s: {spell(measured[10][0], "%", 100)} hits (theory: {hits_in_theory(10):.1%}), and
{spell(measured[10][1], "%", 100)} of the answers are out of date (theory: {outdated_in_theory(10):.1%}). Kept for 100
s: {spell(measured[100][0], "%", 100)} hits, {spell(measured[100][1], "%", 100)} out of date (theory:
{outdated_in_theory(100):.1%}). The first seconds buy nearly everything: the hit ratio saturates as soon as λT is large,
and from there on only staleness grows. So the more popular an item is, the *shorter* its time to live may be.
""")

# %% [markdown]
# Not one item but a thousand, by Zipf's law with exponent 1, at 100 requests a second together: each has its own λ, so
# a time to live is generous to some and useless to others. Slide it.


# %%
RATES = 100 * zipf(1_000, 1.0)


def by_rank(ttl):
    hits = RATES * ttl / (1 + RATES * ttl)
    _, axes = plt.subplots(figsize=(8, 3))
    axes.plot(np.arange(1, len(RATES) + 1), 100 * hits, color="#0072b2")
    axes.set(xscale="log", ylim=(0, 103), xlabel="rank of the item (log)", ylabel="hit ratio (%)")
    axes.set_title(f"Kept for {ttl} s: {(RATES * hits).sum() / RATES.sum():.1%} of all requests hit")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    plt.show()


slide(by_rank, ttl=(60, 1, 5, 20, 300))

# %%
thousand = shop.with_(
    {
        "clients.user.traffic.rate": "100/s",
        KEY: {"zipf": {"items": 1000, "s": 1.0}},
        "components.edge.cache": {"ttl": "60s"},
        "duration": "720s",  # ten times the time to live: popular items expire in step, every 60 s
        "warmup": "120s",
    }
)
expected = (RATES * RATES * 60 / (1 + RATES * 60)).sum() / RATES.sum()
hits = agrees([sim.run(thousand, seed)["hit_ratio"] for seed in range(1, 5)], expected)
say(f"The simulator, 60 s, four seeds: {spell(hits, '%', 100)} of all requests hit. The formula: {expected:.1%}.")

# %% [markdown]
# ## The stampede
#
# `cache_stampede`: the home page takes half a second to put together, last of all a query, and is kept for ten
# seconds; 300 visitors a second want it. While an expired page is being made, everybody who asks finds it missing and
# has it made as well: 1 + λ × (time to make it) times in all. The database has four connections, and ten members a
# second need it for something else.
#
# Two cures: *coalescing* (single flight: the first one fetches, the others wait for it), and *stale while revalidate*
# (RFC 5861: the old page is served on while one fetch renews it).

# %%
PAGES = {
    "as it is": {"kind": "cache", "ttl": "10s", "latency": "0.5ms"},
    "coalescing": {"kind": "cache", "ttl": "10s", "latency": "0.5ms", "coalesce": True},
    "stale while revalidate": {"kind": "cache", "ttl": "10s", "latency": "0.5ms", "stale_while_revalidate": "5s"},
}
stampede = sim.compare(
    "cache_stampede", {"components.page_cache": list(PAGES.values())}, replications=4, metric="members p99", workers=1
)

fig, panels = plt.subplots(2, 3, figsize=(11, 4.6), sharex=True, sharey="row")
for (upper, lower), (name, page) in zip(panels.T, PAGES.items(), strict=True):
    run = sim.run("cache_stampede", overrides={"components.page_cache": page})
    db = run.components[run.components["component"] == "db"]
    members = run.timeline[run.timeline["client"] == "members"]
    upper.fill_between(db["t_s"], db["outstanding"], color="#d55e00", step="post", lw=0)
    lower.plot(members["t_s"], 1e3 * members["p99"], color="#b3400a", drawstyle="steps-post")
    upper.set_title(name)
    lower.set(xlabel="time (s)", yscale="log")
    lower.yaxis.set_major_formatter("{x:,.0f}")
panels[0, 0].set_ylabel("queries at the database")
panels[1, 0].set_ylabel("members' p99 (ms, log)")
plt.show()

# %%
called = {label: f"*{name}*" for label, name in zip(stampede.labels, PAGES, strict=True)}


def made(variant, count):
    """How often the page is made for each time that it expires."""
    parts = [run.summary["components"] for run in stampede.finished(variant)]
    return mean_interval([part["pages"]["offered"] / part["page_cache"][count] for part in parts])


def missed(variant):
    """The share of the visitors who do not get the page from the cache."""
    caches = [run.summary["components"]["page_cache"] for run in stampede.finished(variant)]
    return mean_interval([1 - cache["hit_ratio"] for cache in caches])


MAKING = 0.5 + 0.04
assert abs(made(0, "expirations").mean / (1 + 300 * MAKING) - 1) < 0.1
assert made(1, "expirations").hi < 1.1
assert missed(1).lo > missed(0).hi
say(f"""
**Prediction 5.** The page is made {spell(made(0, "expirations"))} times for each time that it expires (theory: 1 + 300
× {MAKING} s = {1 + 300 * MAKING:.0f}), with coalescing {spell(made(1, "expirations"))} time. Those who ask in that half
second wait, {spell(missed(0), "%", 100)} of the visitors ({spell(missed(1), "%", 100)} with coalescing, where they wait for the one fetch). And so does
whoever shares the database, without having asked for the page at all:

- {claim(stampede, 1, 0, "members p99", called, "lower")}
- {claim(stampede, 1, 0, "p99", called, "lower")} (visitors and members)
- {claim(stampede, 2, 1, "p99", called, "lower")} (visitors and members)

(More visitors wait with coalescing, because their page expires more often: without it the late fetches of the herd keep
renewing it.) With stale while revalidate nobody waits, and what they get is a little older. It needs something old to
serve, though: at the beginning, when the cache is empty, there is a stampede all the same. Use both.
""")

# %% [markdown]
# The herd grows with the visitors, and so does the time that the database needs to work it off: slide them.


# %%
def herd(visitors):
    _, axes = plt.subplots(figsize=(8, 2.8))
    for name, colour in (("as it is", "#d55e00"), ("coalescing", "#0072b2")):
        over = {"clients.visitors.traffic.rate": f"{visitors}/s", "components.page_cache": PAGES[name]}
        rows = sim.run("cache_stampede", overrides=over).components
        db = rows[rows["component"] == "db"]
        axes.plot(db["t_s"], db["outstanding"], color=colour, label=name)
    axes.set(xlabel="time (s)", ylabel="queries at the database", title=f"{visitors} visitors a second")
    axes.legend(loc="upper right", ncols=2)
    plt.show()


slide(herd, visitors=(100, 10, 30, 200, 300, 400))

# %% [markdown]
# ## What to say in an interview
#
# - *"How large should the cache be?"* Measure the popularity of the items; hits grow roughly with the logarithm of its
#   size, and Che's approximation turns a popularity curve into a hit ratio. Then count **misses**, because they are
#   the load.
# - *"Will a cache mend our p99?"* No: not until fewer than one request in a hundred misses. It mends the median and the
#   bill.
# - *"Which eviction?"* LRU is a sound default; frequency helps against scans and long tails; what wins depends on
#   whether popularity changes.
# - *"Which time to live?"* Long enough that λT is a few tens, and no longer than wrong answers may live. Popular items
#   may have a short one.
# - *"What is a stampede?"* Everybody who asks while an expired entry is being fetched fetches it too: 1 + λ × fetch
#   time. Coalesce the misses, serve stale while one fetch renews it, and spread expiry times (jitter) if many keys were
#   put at the same moment.
# - *"What if the cache dies?"* Then the origin gets all of the traffic at once. Either it can bear that, or the cache
#   is no optimisation any more but part of the system, and needs copies, warm-up and load shedding.
#
# ## Try this
#
# 1. Ask for all items equally often (`"clients.user.requests[0].key": {"uniform": {"items": 2000}}`). What is the hit
#    ratio of any policy, without calculating?
# 2. Give `lfu` more time: a duration of 20 s. Does it come closer to the most popular items?
# 3. In `cache_sizing` reduce the database to two connections. From which size on can it bear the misses? What happens
#    if you then empty the cache (`"events": [{"at": "25s", "flush": "cache"}]`)?
# 4. Keep the page for 2 s in the stampede. Is the worst second worse, or do bad seconds only come more often?
# 5. Let the database fail for 20 s (`"events": [{"at": "30s", "for": "20s", "errors": "db"}]`) and give the page cache
#    `"stale_if_error": "60s"`. Who notices?
# 6. In the simulator all instances of a service share a fetch, as if the lock were in the cache. How often would the
#    page be made if each of 40 instances coalesced for itself?
