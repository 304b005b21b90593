# %% [markdown]
# # Replay your own log
#
# ## The question
#
# You have an access log and a plan: next season there will be three times the traffic. Nobody knows how the service
# behaves then, but the log knows what the traffic is like, and perhaps how long answers took. **How many instances do
# we need for three times this traffic, if p99 is to stay below 1.5 s, and how sure is that?**
#
# ## Predict first
#
# Write your answers down before you go on.
#
# 1. The log has 3,000 requests in ten minutes, with a rush in one of them. How much busier is the busiest minute than
#    the average one? What if you plan for the average?
# 2. The log says how long each answer took. That is service *and* waiting. How do you tell them apart? Which minutes
#    would you look at?
# 3. One server can just do today's traffic. How many for three times as much: fewer than three, three, or more?
# 4. Which of these changes the answer: that time stamps have whole seconds; that the service times are only estimated;
#    that a replay three times as fast also makes the rush three times as short; a CDN in front of it all?
# 5. Behind the instances there is one database. What does the hundredth instance buy?

# %%
import json
from pathlib import Path
from statistics import NormalDist
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from lecture import interval, say, scenario, slide, spell

import sim

INK = "#22262b"
SHIPPED = {file.stem: file for file in sim.shipped_scenarios()}

# %% [markdown]
# ## What the log shows
#
# The shipped log is small and made up (ten minutes of a shop that does not exist), but it has what real ones have. Put
# the path of your own file here, plain or gzipped, and run the cell again: the formats of Apache and NGINX (*common*,
# *combined*), JSON by line and CSV with a header are told apart by themselves.

# %%
LOG = SHIPPED["replay"].parent / "data" / "access.log.gz"
log = sim.read_access_log(LOG)
minute = (log.time // 60).astype(int)
per_minute = np.bincount(minute)

by_group = (log["method"] + " /" + log["path"].str.split("/").str[1]).value_counts().head(8)[::-1]
by_caller = log["client"].value_counts().to_numpy().cumsum() / len(log)
span, malformed, reordered = (log.attrs[name] for name in ("span", "malformed", "reordered"))

fig, panels = plt.subplots(1, 3, figsize=(11, 3.2))
panels[0].bar(range(len(per_minute)), per_minute, width=0.85, color="#0072b2")
panels[0].axhline(per_minute.mean(), color="#d55e00", ls="--", lw=1.4, label="average")
panels[0].set(title="When", xlabel="minute", ylabel="requests")
panels[0].legend(loc="upper left")
panels[1].barh(by_group.index, by_group.to_numpy(), color="#0072b2")
panels[1].set(title="What", xlabel="requests")
panels[1].grid(axis="x")
panels[2].plot(range(1, len(by_caller) + 1), 100 * by_caller, color="#0072b2")
panels[2].set(title="Who", xlabel="the busiest addresses", ylabel="of all requests (%)", ylim=(0, 103))
plt.show()

# %%
fifth = int(np.ceil(len(by_caller) / 5))
say(f"""
**Prediction 1.** {len(log):,} requests in {span / 60:.0f} minutes: {len(log) / span:.1f} a second on average,
{per_minute.max() / 60:.1f} in the busiest minute, {per_minute.max() / per_minute.mean():.1f} times as many. Whoever
plans for the average is overloaded for that minute. A fifth of the {len(by_caller)} addresses sends
{by_caller[fifth - 1]:.0%} of the requests, which matters as soon as a balancer hashes by address.

{malformed} lines could not be read, and {reordered} were out of order: a server writes a line when the request
*ends*, with the time at which it came. The first of the unreadable ones:
""")
pd.DataFrame(log.attrs["samples"], columns=["line", "text"]).set_index("line")

# %% [markdown]
# ## Replay
#
# `traffic: {replay: access.log.gz, speed: 3}` sends these requests again, the same moments, paths and callers, three
# times as fast. Only how long the *service* takes is drawn at random, so each seed is another day with the same
# visitors. In between a log says nothing: where time stamps have whole seconds, the requests of each are spread evenly.
#
# Slide: what would happen to a guess, servers of three workers with p50 120 ms and p99 900 ms?


# %%
def architecture(log, p50=0.120, p99=0.900, workers=3, instances=1, speed=1):
    """Servers behind a balancer, and a log that is replayed against them."""
    return scenario(f"""
        scenario: Yesterday's traffic on tomorrow's servers
        clients: {{visitors: {{traffic: {{replay: '{log}', speed: {speed}}}, to: web}}}}
        components:
          web:
            kind: service
            instances: {instances}
            workers: {workers}
            queue: unbounded
            balancer: least_request
            work: {{p50: {1e3 * p50:.1f}ms, p99: {1e3 * p99:.1f}ms}}
    """)


def tomorrow(speed, instances):
    run = sim.run(architecture(LOG, instances=instances, speed=speed))
    latency = run.requests["latency"].groupby(minute)
    _, axes = plt.subplots(figsize=(8, 2.6))
    axes.bar(range(len(per_minute)), latency.quantile(0.99), width=0.85, color="#f3c9a5", label="p99")
    axes.bar(range(len(per_minute)), latency.median(), width=0.85, color="#0072b2", label="p50")
    axes.set(xlabel="minute of the log", ylabel="latency (s)", title=f"Speed {speed:g}, servers: {instances}")
    axes.legend(loc="upper right", ncols=2)
    plt.show()


slide(tomorrow, speed=(3, 1, 2, 4, 6), instances=(2, 1, 3, 4, 6))

# %% [markdown]
# ## What is behind the log?
#
# To say anything about tomorrow one has to know the service. If the log says how long answers took (NGINX:
# `$request_time`; Apache: `%D`), it can be found out. The shipped log does not say it, so the next cell makes one that
# does: a server whose parameters we know answers these requests, each at a random moment of its second, and writes them
# down as NGINX would: as JSON, when they end (`msec`). From then on we **forget the parameters** and see whether the log
# gives them back.

# %%
WORKSHOP = TemporaryDirectory()
TRUTH = {"p50": 0.120, "p99": 0.900, "workers": 3}
NOON = 1_709_208_000  # 29 February 2024, s since 1970


def visits(times):
    """What the log asks for, at other times (s from its beginning)."""
    visits = log[["client", "method", "path"]].assign(time=NOON + np.round(times, 3)).sort_values("time", kind="stable")
    return visits.assign(client="visitor " + visits["client"].astype(str)).reset_index(drop=True)


def write(table, name):
    """Writes such a table as a log."""
    file = Path(WORKSHOP.name) / name
    if file.suffix == ".csv":
        table.to_csv(file, index=False)
    else:
        lines = [json.dumps(entry) for entry in table.to_dict("records")]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


dice = np.random.default_rng(1)
yesterday = visits(np.floor(log["time"]) + dice.random(len(log)))
served = sim.run(architecture(write(yesterday, "unserved.csv"), **TRUTH), seed=7)
took = served.requests["latency"].astype(float).round(3)
ended = yesterday.assign(time=(yesterday["time"] + took).round(3), request_time=took).rename(columns={"time": "msec"})
YESTERDAY = write(ended.sort_values("msec"), "yesterday.json")
lines = YESTERDAY.read_text(encoding="utf-8").splitlines()
say("\n".join(["The first lines of `yesterday.json`:", "```json", *lines[:3], "```"]))

# %% [markdown]
# **First the service times.** In quiet minutes hardly anybody waits, so there the time of an answer *is* the service
# time. If its logarithm is about normal (the points lie on the line), two numbers describe it.

# %%
past = sim.read_access_log(YESTERDAY)
when = (past["time"] // 60).astype(int)
busiest = int(np.bincount(when).argmax())
quiet = np.bincount(when)[when] < len(past) / (when.max() + 1)
times = np.sort(past["duration"][quiet].astype(float))
Z99, Z = NormalDist().inv_cdf(0.99), NormalDist().inv_cdf(0.975)

logs = np.log(times)
mu, sigma = logs.mean(), logs.std(ddof=1)
error = sigma / np.sqrt(len(times))  # of mu; that of sigma is 1/sqrt(2) of it, and the two are independent
fit = {
    name: [1e3 * np.exp(mu + z * sigma + k * Z * error * np.sqrt(1 + z * z / 2)) for k in (0, -1, 1)]
    for name, z in (("p50", 0.0), ("p99", Z99))
}

fig, sides = plt.subplots(1, 2, figsize=(11, 3.6))
spread = past["duration"].groupby(when)
sides[0].bar(range(when.max() + 1), spread.quantile(0.95), width=0.85, color="#f3c9a5", label="p95")
sides[0].bar(range(when.max() + 1), spread.median(), width=0.85, color="#0072b2", label="p50")
sides[0].set(title="Yesterday's answers", xlabel="minute", ylabel="time (s)")
sides[0].legend(loc="upper left")
places = [NormalDist().inv_cdf((n + 0.5) / len(times)) for n in range(len(times))]
sides[1].plot(places, 1e3 * times, ".", color="#0072b2", ms=3, label="quiet minutes")
sides[1].plot([-3, 3], 1e3 * np.exp(mu + sigma * np.array([-3, 3])), color="#d55e00", lw=1.4, label="log-normal")
sides[1].set(
    title="Are they log-normal?", xlabel="standard deviations from the median", ylabel="ms (log)", yscale="log"
)
sides[1].yaxis.set_major_formatter("{x:g}")
sides[1].legend(loc="upper left")
plt.show()

# %%
pd.DataFrame(
    {
        "from the log": {name: f"{middle:.0f} ms" for name, (middle, _, _) in fit.items()},
        "95% interval": {name: f"{lo:.0f} to {hi:.0f} ms" for name, (_, lo, hi) in fit.items()},
        "the truth": {name: f"{1e3 * TRUTH[name]:.0f} ms" for name in fit},
    }
)

# %% [markdown]
# **Then the workers.** They show only where somebody has to wait. Replay yesterday with these service times and two to
# six workers, twelve times each, and look at the mean of the busiest minute: which number of workers makes days like
# the one in the log?

# %%
FITTED = {"p50": fit["p50"][0] / 1e3, "p99": fit["p99"][0] / 1e3}
CANDIDATES, DAYS = [2, 3, 4, 5, 6], 12
days = {
    workers: [sim.run(architecture(YESTERDAY, workers=workers, **FITTED), seed).requests for seed in range(1, DAYS + 1)]
    for workers in CANDIDATES
}
rush = {workers: np.array([day["latency"][when == busiest].mean() for day in days[workers]]) for workers in CANDIDATES}
logged = float(past["duration"][when == busiest].mean())
away = {
    workers: abs(np.log(logged) - np.log(rush[workers]).mean()) / np.log(rush[workers]).std(ddof=1) for workers in rush
}
workers = min(away, key=away.get)
FITTED["workers"] = workers

fig, sides = plt.subplots(1, 2, figsize=(11, 3.6))
for number in CANDIDATES:
    sides[0].plot(np.full(DAYS, number), rush[number], ".", color="#0072b2", alpha=0.6)
sides[0].axhline(logged, color="#d55e00", lw=1.4, label="the log")
sides[0].plot([], [], ".", color="#0072b2", label="a replayed day")
sides[0].set(title="The busiest minute", xlabel="workers", ylabel="mean time (s, log)", yscale="log", xticks=CANDIDATES)
sides[0].set_yticks([0.2, 0.5, 1, 2, 5, 10])
sides[0].yaxis.set_major_formatter("{x:g}")
sides[0].yaxis.set_minor_formatter("")
sides[0].legend(loc="upper right")
tails = np.array([day["latency"].groupby(when).quantile(0.95) for day in days[workers]])
sides[1].fill_between(range(when.max() + 1), tails.min(axis=0), tails.max(axis=0), color="#9fd0ee", label="replays")
sides[1].plot(spread.quantile(0.95), "o", color="#d55e00", label="the log")
sides[1].set(title=f"p95 of each minute, {workers} workers", xlabel="minute", ylabel="s", ylim=(0, None))
sides[1].legend(loc="upper left")
plt.show()
inside = ((tails.min(axis=0) <= spread.quantile(0.95)) & (spread.quantile(0.95) <= tails.max(axis=0))).sum()
others = ", ".join(f"{number}: {away[number]:.1f}" for number in CANDIDATES if number != workers)
assert away[TRUTH["workers"]] < 3, "the truth contradicts the log"
for name, z in (("p50", 0.0), ("p99", Z99)):
    assert abs(np.log(FITTED[name] / TRUTH[name])) < 3.3 * error * np.sqrt(1 + z * z / 2), (
        f"{name} contradicts the truth"
    )
said = "as was found" if workers == TRUTH["workers"] else "which these days alone do not show"
say(f"""
**Prediction 2.** {workers} workers: the log's busiest minute is {away[workers]:.1f} standard deviations away from what
such days are like (with {others}). The truth is {TRUTH["workers"]}, {said}. With {workers}, the p95 of {inside} of
{when.max() + 1} minutes lies within what {DAYS} replays show; if the model is right, one more day lies between the
least and the most of {DAYS} others with probability {(DAYS - 1) / (DAYS + 1):.0%}, so about
{(when.max() + 1) * (DAYS - 1) / (DAYS + 1):.1f} are to be expected. The model may be used. If it had failed here, every
answer below would be worthless.
""")

# %% [markdown]
# ## Three times the traffic
#
# Now the question. `sim.capacity` tries numbers of instances, with more seeds where the objective is neither surely met
# nor surely missed, and says which resource gave out first.

# %%
OBJECTIVE = "p99 < 1.5s"
answer = sim.capacity(
    architecture(YESTERDAY, speed=3, **FITTED), "components.web.instances=1..10", OBJECTIVE, workers=1
)
answer


# %%
def readings(found):
    """The tried values, and the intervals of the objective's figure."""
    return [point.number for point in found.points], [point.readings[0].interval for point in found.points]


numbers, intervals = readings(answer)
fig, axes = plt.subplots(figsize=(8, 3.2))
axes.errorbar(
    numbers,
    [each.mean for each in intervals],
    [each.half_width for each in intervals],
    fmt="o",
    color="#0072b2",
    label="p99, mean and 95% interval",
)
axes.axhline(answer.objectives[0].target, color="#7a0177", lw=1.4, ls="--", label=OBJECTIVE)
axes.set(xlabel="instances", ylabel="p99 (s, log)", yscale="log", xticks=numbers, title="Three times the traffic")
axes.set_yticks([1, 2, 5, 10, 20, 30])
axes.yaxis.set_major_formatter("{x:g}")
axes.yaxis.set_minor_formatter("")
axes.legend(loc="upper right")
plt.show()
short = answer.bottleneck
assert 2 <= answer.number <= 4
assert short.utilization < 0.7
say(f"""
**Prediction 3.** {answer.number:.0f} instances: with {answer.met.number:.0f} p99 is
{spell(answer.met.readings[0].interval, "s")}, with {answer.missed.number:.0f} it is
{spell(answer.missed.readings[0].interval, "s")}, for want of *{short.component}*: saturated for
{short.saturated:.0f} s, though busy only {short.utilization:.0%} of the time on average. It is the rush that counts.
It took {sum(point.runs for point in answer.points)} runs.
""")

# %% [markdown]
# ## How sure is that?
#
# The interval above is of the *dice*: other service times, the same log, the same model. It knows nothing of what the
# model leaves out, so change what was assumed, one thing at a time:
#
# - **whole seconds**: the log without its milliseconds (the shipped one is like that), each second spread evenly;
# - **slower**: both service times at the upper ends of their intervals;
# - **more visitors**: speed 3 makes the rush three times as *short*, too. Instead, three copies of the log at the
#   original pace, each request at another moment of its second, from other addresses;
# - **a CDN** in front, which keeps the hundred most recently used answers for ten minutes.

# %%
copies = [visits(np.floor(log["time"]) + dice.random(len(log))) for _ in range(3)]
for number, copy in enumerate(copies):
    copy["client"] += f" of crowd {number}"
whole_seconds = write(yesterday.assign(time=np.floor(yesterday["time"])), "whole_seconds.csv")
crowds = write(pd.concat(copies).sort_values("time"), "crowds.csv")
upper = {name: fit[name][2] / 1e3 for name in fit}
EDGE = {"kind": "cdn", "to": "web", "cache": {"match": "GET /**", "size": 100, "ttl": "10m", "hit": "1ms"}}
MODELS = {
    "as above": architecture(YESTERDAY, speed=3, **FITTED),
    "whole seconds": architecture(whole_seconds, speed=3, **FITTED),
    "slower": architecture(YESTERDAY, speed=3, **{**FITTED, **upper}),
    "more visitors": architecture(crowds, **FITTED),
    "a CDN": architecture(YESTERDAY, speed=3, **FITTED).with_({"components.edge": EDGE, "clients.visitors.to": "edge"}),
}
TRIED = [1, 2, 3, 4]
tables = {
    name: sim.sweep(model, {"components.web.instances": TRIED}, replications=4, workers=1)
    for name, model in MODELS.items()
}
p99 = {name: [interval(table, n, "p99") for n in range(len(TRIED))] for name, table in tables.items()}
target = answer.objectives[0].target


def verdict(known):
    return "met" if known.hi < target else "missed" if known.lo > target else "unsure"


pd.DataFrame(
    {
        name: {
            f"{n} instance{'s' * (n > 1)}": f"{spell(k, 's')}, {verdict(k)}" for n, k in zip(TRIED, row, strict=True)
        }
        for name, row in p99.items()
    }
).T

# %%
fewest = {name: next((n for n, k in zip(TRIED, row, strict=True) if k.hi < target), None) for name, row in p99.items()}
base = fewest["as above"]
assert p99["more visitors"][1].lo > p99["as above"][1].hi
changed = [f"{name} ({'more than 4' if n is None else n})" for name, n in fewest.items() if n != base]
same = [name for name, n in fewest.items() if n == base and name != "as above"]
say(f"""
**Prediction 4.** Four seeds each; {base} instances as above. That stays so with: {", ".join(same) or "none"}. It
changes with: {", ".join(changed) or "none"}. Say it together with the number: what it rests on, and which assumption
would overturn it. With two instances p99 is {spell(p99["as above"][1], "s")} if the log is replayed three times as
fast, and {spell(p99["more visitors"][1], "s")} if the rush lasts its full minute: a short overload builds a short
queue, so `speed` flatters a fleet that is too small. One thing no run can tell: this is *one* log. Another week's rush
may be larger, and the intervals are silent about it.
""")

# %% [markdown]
# ## When instances are not the answer
#
# Suppose a third of the time is spent in a database with four connections, which all instances share. How much traffic
# does each number of instances bear? Now the *speed* is searched for.

# %%
WEB, DB = ({name: f"{1e3 * share * FITTED[name]:.1f}ms" for name in ("p50", "p99")} for share in (2 / 3, 1 / 3))
behind = architecture(YESTERDAY, **FITTED).with_(
    {
        "components.web": {
            "kind": "service",
            "workers": workers,
            "queue": "unbounded",
            "balancer": "least_request",
            "steps": [{"work": WEB}, {"call": "db"}],
        },
        "components.db": {"kind": "database", "connections": 4, "work": DB},
    }
)
INSTANCES = [1, 2, 4, 6]
bears = {
    n: sim.capacity(
        behind.with_({"components.web.instances": n}),
        f"clients.visitors.traffic.speed={0.3 * n:g}..{2.2 * n:g}",
        OBJECTIVE,
        precision=0.15,
        workers=1,
    )
    for n in INSTANCES
}

fig, axes = plt.subplots(figsize=(8, 3.6))
axes.plot([0, 6], [0, 6 * bears[1].number], color=INK, lw=1, ls=":", label="in proportion to the first")
for name, colour in (("web", "#0072b2"), ("db", "#d55e00")):
    chosen = [n for n in INSTANCES if bears[n].bottleneck.component == name]
    ends = np.array([[bears[n].met.number, bears[n].missed.number] for n in chosen]).reshape(-1, 2)
    middle = np.array([bears[n].number for n in chosen])
    axes.errorbar(
        chosen, middle, np.abs(ends - middle[:, None]).T, fmt="o", color=colour, label=f"{name} gives out first"
    )
axes.axhline(3, color="#7a0177", lw=1.4, ls="--", label="three times the traffic")
axes.set(xlabel="instances", ylabel="times yesterday's traffic", title=f"How much they bear with {OBJECTIVE}")
axes.set(xlim=(0, 6.5), ylim=(0, None))
axes.legend(loc="upper left")
plt.show()
last, before = INSTANCES[-1], INSTANCES[-2]
assert [bears[n].bottleneck.component for n in (1, before, last)] == ["web", "web", "db"]
assert 0.75 < bears[before].number / (before * bears[1].number) < 1.25
assert bears[last].missed.number < 0.9 * last * bears[1].met.number
say(f"""
**Prediction 5.** From one to {before} instances the traffic that they bear grows from {bears[1].number:.1f} to
{bears[before].number:.1f} times yesterday's, about in proportion. With {last} it is {bears[last].number:.1f}
({bears[last].met.number:.1f} to {bears[last].missed.number:.1f}), and what gives out first is
*{bears[last].bottleneck.component}*: from here on another instance buys nothing but more requests that wait for the database.
""")

# %% [markdown]
# ## Your own file
#
# Set `LOG` above. What to look out for:
#
# - **Formats.** *common* and *combined* (Apache, NGINX), JSON by line with NGINX's names (`msec` or `time`,
#   `request_method`, `request_uri`, `remote_addr`, `body_bytes_sent`, `request_time`), CSV with such a header. Say
#   `format:` if the first lines mislead. Lines that cannot be read are counted and shown.
# - **Time stamps.** Apache's `%t` is when the request *came*, NGINX's `$time_local` and `$msec` are when it *ended*:
#   with `request_time` (JSON, CSV) its beginning is reckoned from that; a stamp called `start_time` is taken as it is.
#   Whole seconds hide bursts within them.
# - **Durations.** Without `$request_time` or `%D` there is nothing to fit; take p50 and p99 from your monitoring, from
#   a quiet hour, or measure. And somebody who waits in a queue *before* the server is in no server's log.
# - **Choose the hour.** Replay the busiest hour of the busiest day, not the average of a month:
#   `zcat access.log.gz | grep '29/Feb/2024:20:' > rush.log`.
# - **Closed loops.** People who wait for an answer before they click again send less to a slow server. A log of a slow
#   day has that in it.
#
# From the command line:
#
# ```console
# $ sim run replay --set clients.visitors.traffic.replay=/path/to/access.log.gz
# $ sim capacity replay --vary components.web.instances=1..20 --objective "p99 < 500ms" \
#       --set clients.visitors.traffic.speed=100
# ```

# %% [markdown]
# ## What to say in an interview
#
# - *"How do you plan capacity?"* From the busiest minutes of real traffic, replayed; with service times taken from
#   quiet minutes; against an objective; and I check the model on yesterday before I believe it about tomorrow.
# - *"How do you know the service time?"* The time of an answer is service plus waiting. In quiet minutes it is service;
#   what the busy ones add tells how many can be served at once.
# - *"How many servers for three times the traffic?"* About three times as many, **if** they are what gives out first. I
#   look for the shared resource behind them.
# - *"How sure are you?"* I say what the interval covers (chance) and what it does not (another log, another model), and
#   which assumption would change the answer.
# - *"Is the average load enough?"* No: the average of ten minutes hides the minute in which the queue builds.
#
# ## Try this
#
# 1. Fit from *all* minutes instead of the quiet ones. By how much is the service time too long, and what does that do
#    to the number of instances?
# 2. Make the queue short (`"components.web.queue": 5`) and ask for `["p99 < 1.5s", "availability > 99.9%"]`. What is
#    the answer now?
# 3. Hash by address (`"components.web.balancer": "ip_hash"`). How many instances does that cost?
# 4. How many instances if the database has eight connections? And four, but only a tenth of the time is spent there?
# 5. Let one of the instances crash in the rush (`"events": [{"at": "105s", "crash": "web[0]"}]` at speed 3). How many
#    are needed so that the objective survives it?
# 6. Give the CDN a size of 20. Is it still worth an instance?
