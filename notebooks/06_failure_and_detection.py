# %% [markdown]
# # Failure and detection
#
# ## The question
#
# One of five instances fails. Not all failures look alike: it may be gone, it may accept requests and never answer, it
# may answer nothing but errors, or be merely slow. Until somebody notices and stops asking it, its share of the users
# pays. **Who notices what, how long does it take, and what does it cost?**
#
# ## Predict first
#
# Write your answers down before you go on.
#
# 1. Round robin over five instances; one *crashes* (connections are refused), or *hangs* (it accepts and never
#    answers; clients give up after a second). Which costs more requests? Which hurts p99? And if the balancer prefers
#    whoever has the least to do?
# 2. One instance answers one request in five with an error; another is five times as slow as it should be. Which of
#    these finds them: health checks, ejection after five failures in a row, least outstanding requests?
# 3. A health check every ten seconds, three failures in a row until the verdict, time-out half a second. How long until
#    a hanging instance is out, at best, on average, at worst? How many requests are lost at 100 a second?
# 4. Ejection after five failures in a row. How many failures does it take if the instance fails always? Nine times in
#    ten? Every second time?
# 5. So probe every second, allow 100 ms, and believe the first failure. Nothing is wrong with any instance, and they
#    are 80% busy. What happens?
# 6. The instance is back, with cold caches: eight times as slow at first. It gets its fair share at once. What then?

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from lecture import agrees, say, scenario, slide, spell

import sim
from sim.experiment.statistics import compare_all, mean_interval

INK, RED = "#22262b", "#b83227"

# %% [markdown]
# ## Five ways to fail
#
# Five instances of four workers that have little to do: four of them could do all of the work easily. From 10 s to 25 s
# instance 2 fails. Nobody checks anything. What do the users see?

# %%
fleet = scenario("""
    scenario: Five instances, one of which fails
    duration: 32s
    warmup: 5s
    clients: {app: {traffic: {rate: 150/s}, timeout: 1s, to: api}}
    components:
      api: {kind: service, instances: 5, workers: 4, queue: 50, balancer: round_robin, work: {p50: 15ms, p99: 60ms}}
""")
START, END, SEEDS = 10.0, 25.0, range(1, 7)
FAILURES = {
    "crash": {"crash": "api[2]"},
    "hang": {"hang": "api[2]"},
    "only errors": {"errors": "api[2]"},
    "one error in five": {"errors": "api[2]", "rate": "20%"},
    "five times as slow": {"slow": "api[2]", "factor": 5},
}


def fails(how, seed=1, **defence):
    """A run in which an instance fails."""
    event = {"at": f"{START:g}s", "for": f"{END - START:g}s", **FAILURES[how]}
    return sim.run(fleet, seed, {"events": [event], **defence})


fig, panels = plt.subplots(2, 5, figsize=(11, 4.2), sharex=True, sharey="row")
for (upper, lower), how in zip(panels.T, FAILURES, strict=True):
    lines = fails(how).timeline.iloc[:-1]
    at_once = lines["refused"] + lines["upstream_error"]
    upper.bar(lines["t_s"], at_once, width=1, align="edge", color="#d55e00", label="failed at once")
    upper.bar(
        lines["t_s"], lines["timeout"], bottom=at_once, width=1, align="edge", color=INK, label="failed after 1 s"
    )
    lower.plot(lines["t_s"], 1e3 * lines["p99"], color="#b3400a", drawstyle="steps-post", lw=1.2)
    upper.set_title(how, fontsize=11)
    lower.set(xlabel="time (s)", yscale="log")
    lower.yaxis.set_major_formatter("{x:,.0f}")
    for axes in (upper, lower):
        axes.axvspan(START, END, color=RED, alpha=0.1, lw=0)
panels[0, 0].set_ylabel("failed per second")
panels[1, 0].set_ylabel("p99 (ms, log)")
fig.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
plt.show()

# %% [markdown]
# The crash and the errors are *fast*: p99 does not move, and whoever watches latencies sees nothing. The hang is
# *slow*: as many failures, each after a full second of waiting. The last two are **gray failures** (Huang and others,
# HotOS 2017): the instance lives, most of its answers are right, and it hardly shows.
#
# ## Who notices what
#
# The same five failures against four defences, alone and together (four seeds each; all figures are of requests sent
# while the instance fails).

# %%
CHECK = {"interval": "1s", "timeout": "500ms", "unhealthy_after": 3}
LEAST, HEALTH, EJECTION, RETRY = (
    {"components.api.balancer": "least_request"},
    {"components.api.health_check": CHECK},
    {"components.api.outlier_ejection": 5},
    {"clients.app.retry": 2},
)
DEFENCES = {
    "none": {},
    "least requests": LEAST,
    "health check, 1 s": HEALTH,
    "ejection after 5": EJECTION,
    "one retry": RETRY,
    "health + ejection": HEALTH | EJECTION,
    "all of them": LEAST | HEALTH | EJECTION | RETRY,
}


def felt(run):
    """The share of requests that failed, and p99 in ms, while the instance failed."""
    rows = run.requests
    rows = rows[(rows["arrived"] >= START) & (rows["arrived"] < END)]
    return (rows["outcome"] != "ok").mean(), 1e3 * rows["latency"].quantile(0.99)


matrix = {
    (how, name): np.array([felt(fails(how, seed, **defence)) for seed in range(1, 5)]).T
    for how in FAILURES
    for name, defence in DEFENCES.items()
}

# %%
fig, sides = plt.subplots(1, 2, figsize=(11, 4), sharey=True)
for axes, which, title in zip(sides, (0, 1), ("Failed (%)", "p99 (ms)"), strict=True):
    cells = np.array([[matrix[how, name][which].mean() for how in FAILURES] for name in DEFENCES])
    shown = 100 * cells if which == 0 else cells
    shade = np.log10(np.maximum(shown, 0.1)) if which == 0 else np.log10(shown)
    axes.imshow(shade, cmap="OrRd", aspect="auto", vmin=shade.min(), vmax=shade.max() * 1.3)
    for row, column in np.ndindex(shown.shape):
        text = f"{shown[row, column]:.1f}" if which == 0 else f"{shown[row, column]:,.0f}"
        dark = shade[row, column] > shade.min() + 0.8 * (shade.max() - shade.min()) and which == 0
        axes.text(column, row, text, ha="center", va="center", color="white" if dark else INK)
    axes.set(title=title, xticks=range(len(FAILURES)), yticks=range(len(DEFENCES)), yticklabels=list(DEFENCES))
    axes.set_xticklabels(list(FAILURES), rotation=25, ha="right")
    axes.grid(visible=False)
plt.show()


# %%
def failed_less(*pairs):
    """For each (failure, defence, other defence), which of the two lost less, in points; Holm over all of them."""
    samples = [(matrix[how, other][0], matrix[how, name][0]) for how, name, other in pairs]
    words = []
    for (how, name, other), found in zip(pairs, compare_all(samples), strict=True):
        lo, hi = 100 * found.interval.lo, 100 * found.interval.hi
        if lo <= 0 <= hi:
            words.append(f"- {how}: *{name}* and *{other}* cannot be told apart ({lo:+.1f} to {hi:+.1f} points)")
            continue
        near, far = sorted((abs(lo), abs(hi)))
        verb = "loses less" if hi < 0 else "loses more"
        words.append(f"- {how}: *{name}* {verb} than *{other}*, by {near:.1f} to {far:.1f} points")
    return "\n".join(words)


def lost(how, name):
    return spell(mean_interval(matrix[how, name][0]), "%", 100)


def slow(how, name):
    return spell(mean_interval(matrix[how, name][1]), "ms")


for how in ("crash", "hang"):
    assert 0.19 < matrix[how, "none"][0].mean() < 0.21
assert matrix["crash", "none"][1].max() < 500 < 900 < matrix["hang", "none"][1].min()
say(f"""
**Prediction 1.** Unnoticed, a crash and a hang cost the same, a fifth: {lost("crash", "none")} and
{lost("hang", "none")}. p99 is {slow("crash", "none")} in the crash and {slow("hang", "none")} in the hang.
A refused connection takes no time, so the dead instance is always the idlest, and whoever looks for the idlest sends it
more than its share ({lost("crash", "least requests")}); a hanging one never looks idle again
({lost("hang", "least requests")}).
""")
pairs = [
    ("crash", "least requests", "none"),
    ("hang", "least requests", "none"),
    ("only errors", "health check, 1 s", "none"),
    ("one error in five", "ejection after 5", "none"),
    ("one error in five", "one retry", "none"),
    ("hang", "one retry", "ejection after 5"),
]
say(failed_less(*pairs))


# %%
def known(how, name, which=0):
    """What is known of the share that fails, or of p99 (ms)."""
    return mean_interval(matrix[how, name][which])


assert known("crash", "least requests").lo > known("crash", "none").hi
assert known("hang", "least requests").hi < known("hang", "none").lo
assert known("only errors", "health check, 1 s").lo > 0.9 * known("only errors", "none").mean
assert known("only errors", "ejection after 5").hi < 0.1 * known("only errors", "none").mean
assert known("one error in five", "ejection after 5").lo > 0.5 * known("one error in five", "none").mean
assert known("one error in five", "one retry").hi < 0.2 * known("one error in five", "none").mean
assert known("five times as slow", "health + ejection", 1).lo > 0.8 * known("five times as slow", "none", 1).mean
assert known("five times as slow", "least requests", 1).hi < known("five times as slow", "none", 1).lo
say(f"""
**Prediction 2.** The process that answers errors passes its health check, which asks another question than the users
do. Ejection finds it after five of them. One error in five: {0.2**5:.2%} of all runs of five requests are failures
throughout, so ejection hardly ever comes, and {lost("one error in five", "ejection after 5")} fail. A retry hides them:
with round robin it goes to the next instance, and {lost("one error in five", "one retry")} fail; with least requests it
may meet the same instance again ({lost("one error in five", "all of them")}). Five times as slow is nobody's failure:
p99 is {slow("five times as slow", "none")}, with checks and ejection
{slow("five times as slow", "health + ejection")}; a balancer that looks at outstanding requests takes it to
{slow("five times as slow", "least requests")}. No defence sees everything, and none of them is enough alone.
""")

# %% [markdown]
# ## How long until a health check notices?
#
# Probes come every I seconds; the failure falls somewhere between two of them; k in a row must fail, and the last one
# has failed when its time-out is over (at once, if the connection is refused). With u uniform in 0..1:
#
# $$D = (k - u)\,I + t_\text{out}, \qquad \text{so between } (k-1)I + t_\text{out} \text{ and } kI + t_\text{out}$$
#
# Here k = 3, and 0.5 s for the time-out of a probe; fourteen seeds for each failure.

# %%
INTERVALS, FAILING, TIMEOUT, AT, ASKED, DAYS = [0.5, 1, 2, 5, 10], 3, 0.5, 10, 100, 14
dies = scenario("""
    scenario: One instance of five is lost for good
    duration: 42s
    warmup: 0s
    clients: {app: {traffic: {rate: 100/s}, timeout: 1s, to: api}}
    components:
      api:
        kind: service
        instances: 5
        workers: 4
        balancer: round_robin
        work: {p50: 10ms, p99: 50ms}
        health_check: {interval: 1s, timeout: 500ms, unhealthy_after: 3}
""")


def detection(how, every, seed):
    """Seconds until the instance is out, and how many requests were lost until then."""
    over = {"components.api.health_check.interval": f"{every}s", "events": [{"at": f"{AT}s", how: "api[0]"}]}
    over["duration"] = f"{AT + FAILING * every + TIMEOUT + 2}s"
    run = sim.run(dies, seed, over)
    requests = run.summary["requests"]
    return run.summary["events"][0]["detection_s"], requests["completed"] - requests["ok"]


found = {
    (how, every): np.array([detection(how, every, seed) for seed in range(1, DAYS + 1)]).T
    for how in ("crash", "hang")
    for every in INTERVALS
}


def expected(how, every):
    """Mean detection in theory."""
    return (FAILING - 0.5) * every + (TIMEOUT if how == "hang" else 0)


fig, sides = plt.subplots(1, 2, figsize=(11, 3.8))
fine = np.geomspace(0.4, 12, 50)
sides[0].fill_between(fine, 2 * fine, 3 * fine + TIMEOUT, color="#e3e6ea", label="from (k-1) I to k I + time-out")
sides[0].plot(fine, expected("hang", fine), color=INK, label="mean in theory (hang)")
for how, colour, shift in (("crash", "#d55e00", 0.96), ("hang", "#0072b2", 1.04)):
    for every in INTERVALS:
        seconds, failed = found[how, every]
        sides[0].plot(shift * every * np.ones_like(seconds), seconds, ".", color=colour, alpha=0.5, ms=5)
        sides[1].plot(seconds, failed, ".", color=colour, ms=5, label=how if every == 1 else None)
    sides[0].plot([], [], ".", color=colour, label=how)
sides[1].plot([0, 32], [0, 32 * ASKED / 5], color=INK, lw=1, label="a fifth of the traffic")
sides[0].set(xscale="log", yscale="log", xlabel="interval (s, log)", ylabel="detection (s, log)", xticks=INTERVALS)
sides[0].set_yticks([1, 2, 5, 10, 20, 30])
for axis in (sides[0].xaxis, sides[0].yaxis):
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter("")
sides[1].set(xlabel="detection (s)", ylabel="requests lost")
for axes in sides:
    axes.legend(loc="upper left", fontsize=9)
plt.show()

# %%
pd.DataFrame(
    {
        (how, column): {
            f"{every:g} s": f"{expected(how, every):.2f} s"
            if column == "theory"
            else spell(mean_interval(found[how, every][0]), "s")
            if column == "found"
            else spell(mean_interval(found[how, every][1]))
            for every in INTERVALS
        }
        for how in ("crash", "hang")
        for column in ("theory", "found", "requests lost")
    }
).rename_axis("interval")

# %%
within = [mean_interval(found[key][0]).contains(expected(*key)) for key in found]
outside = sum(
    int(((seconds < (FAILING - 1) * every) | (seconds > FAILING * every + TIMEOUT + 0.01)).sum())
    for (_, every), (seconds, _) in found.items()
)
for key, (seconds, _) in found.items():
    agrees(seconds, expected(*key))
assert outside == 0
ten = found["hang", 10]
say(f"""
**Prediction 3.** Every ten seconds, hanging: between {(FAILING - 1) * 10 + TIMEOUT} and {FAILING * 10 + TIMEOUT} s,
{expected("hang", 10)} s on average; found: {ten[0].min():.1f} to {ten[0].max():.1f} s,
{spell(mean_interval(ten[0]), "s")} on average, and {spell(mean_interval(ten[1]))} requests are lost. Of {len(within)}
means {sum(within)} have the theory inside their 95% interval, and {outside} of {DAYS * len(found)} detections lie outside
the limits. The interval is a price: requests lost = traffic × share × (k - ½) × interval.
""")

# %% [markdown]
# Slide the interval: a crash at 10 s, as users feel it.


# %%
def noticed(interval):
    over = {"components.api.health_check.interval": f"{interval}s", "events": [{"at": "10s", "crash": "api[0]"}]}
    run = sim.run(dies, 5, over)
    lines = run.timeline.iloc[:-1]
    seconds = run.summary["events"][0]["detection_s"]
    _, axes = plt.subplots(figsize=(8, 2.4))
    axes.bar(lines["t_s"], lines["refused"], width=1, align="edge", color="#d55e00")
    axes.set(ylim=(0, 30), xlabel="time (s)", ylabel="refused per second")
    axes.set_title(f"Every {interval} s: out after {seconds:.1f} s, {lines['refused'].sum()} requests lost")
    plt.show()


slide(noticed, interval=(5, 0.5, 1, 2, 8, 10))

# %% [markdown]
# ## Ejection: users as probes
#
# Requests know earlier than probes. Ejection takes an instance out after k failures in a row (here 5). If each request
# fails with probability p, that takes
#
# $$N = \frac{1 - p^k}{p^k\,(1 - p)} \quad (\text{and } k \text{ for } p = 1)$$
#
# requests on average (Feller, vol. 1, XIII.7), of which pN fail. Two instances, one of which is ill; forty seeds each.

# %%
SHARES, RUN = [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0], 5
ill = scenario("""
    scenario: One instance of two is ill
    duration: 60s
    clients: {app: {traffic: {rate: 50/s}, to: api}}
    components:
      api:
        kind: service
        instances: 2
        workers: 4
        balancer: round_robin
        outlier_ejection: {consecutive_failures: 5, base_ejection_time: 300s}
        work: 5ms
    events: [{at: 0s, errors: "api[0]", rate: 50%}]
""")


def failures_in_theory(p):
    return RUN if p == 1 else p * (1 - p**RUN) / (p**RUN * (1 - p))


def failures_until_out(p, seed):
    """How many requests failed before the instance was ejected; the run lasts ten times as long as that should take."""
    duration = 10 * failures_in_theory(p) / p / 25
    run = sim.run(ill, seed, {"events[0].rate": p, "duration": f"{duration:.0f}s"})
    if run.summary["events"][0]["detection_s"] is None:
        raise ValueError("not ejected within the run: the mean would be too small")
    return run.summary["requests"]["by_outcome"]["upstream_error"]


ejected = {p: agrees([failures_until_out(p, seed) for seed in range(1, 41)], failures_in_theory(p)) for p in SHARES}
fig, axes = plt.subplots(figsize=(8, 3.4))
fine = np.linspace(0.35, 0.999, 100)
axes.plot(100 * fine, [failures_in_theory(p) for p in fine], color=INK, label="theory")
axes.errorbar(
    [100 * p for p in SHARES],
    [each.mean for each in ejected.values()],
    [each.half_width for each in ejected.values()],
    fmt="o",
    color="#0072b2",
    label="simulated",
)
axes.set(yscale="log", xlabel="requests that fail at the instance (%)", ylabel="failures until it is out (log)")
axes.set_yticks([5, 10, 20, 50, 100])
axes.yaxis.set_major_formatter("{x:g}")
axes.yaxis.set_minor_formatter("")
axes.legend(loc="upper right")
plt.show()
inside = sum(ejected[p].contains(failures_in_theory(p)) for p in SHARES)
say(f"""
**Prediction 4.** Always failing: {ejected[1.0].mean:g}. Nine in ten: {spell(ejected[0.9])} (theory:
{failures_in_theory(0.9):.1f}). Every second: {spell(ejected[0.5])} (theory: {failures_in_theory(0.5):.1f}). One in
five: {failures_in_theory(0.2):,.0f} in theory. The theory lies inside {inside} of the {len(SHARES)} intervals. A count
of failures *in a row* is quick against what is broken and blind against what is flaky; for that one compares the
success *rates* of the instances.
""")

# %% [markdown]
# ## Too eager
#
# Shorter intervals, shorter time-outs, fewer failures: why not? Five instances of one worker at 80% of their capacity,
# and nothing wrong with any of them. A probe waits in the queue as everybody does. Three checks: none, a *patient* one
# (every second, time-out 1 s, three failures), and an *eager* one (every second, time-out 100 ms, the first failure
# counts). A *panic threshold* of 50% tells the balancer to ignore the checks once they have condemned more than half of
# the fleet.

# %%
busy = scenario("""
    scenario: Nothing is wrong
    duration: 50s
    warmup: 5s
    clients: {app: {traffic: {rate: 200/s}, timeout: 1s, to: api}}
    components:
      api:
        kind: service
        instances: 5
        workers: 1
        queue: 50
        balancer: {algorithm: round_robin, panic_threshold: 0%}
        work: {exponential: 20ms}
""")
PATIENT = {"interval": "1s", "timeout": "1s", "unhealthy_after": 3}
EAGER = {"interval": "1s", "timeout": "100ms", "unhealthy_after": 1}
CHECKS = {
    "none": {},
    "patient": {"components.api.health_check": PATIENT},
    "eager": {"components.api.health_check": EAGER},
    "eager, panic at 50%": {"components.api.health_check": EAGER, "components.api.balancer.panic_threshold": "50%"},
}
checked = {name: [sim.run(busy, seed, check) for seed in SEEDS] for name, check in CHECKS.items()}

ENDS = {"no_healthy_instance": "#6f0d66", "queue_full": "#e69f00", "timeout": INK}


def failures(axes, run):
    """Draws the requests that failed in each second, by how."""
    lines, below = run.timeline.iloc[:-1], 0
    for outcome, colour in ENDS.items():
        label = outcome.replace("_", " ")
        axes.bar(lines["t_s"], lines[outcome], bottom=below, width=1, align="edge", color=colour, label=label)
        below = below + lines[outcome]
    if not below.any():
        axes.text(0.5, 0.5, "nothing fails", transform=axes.transAxes, ha="center", color=INK)
    axes.set_xlabel("time (s)")


fig, panels = plt.subplots(1, 4, figsize=(11, 2.8), sharey=True)
for axes, (name, runs) in zip(panels, checked.items(), strict=True):
    failures(axes, runs[0])
    axes.set_title(name)
panels[0].set_ylabel("failed per second")
fig.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
plt.show()

# %%
unserved = {name: mean_interval([1 - run["availability"] for run in runs]) for name, runs in checked.items()}
eager = unserved.pop("eager")
assert eager.lo > 10 * max(each.hi for each in unserved.values())
say(f"""
**Prediction 5.** The share of requests that fail: without a check {spell(unserved["none"], "%", 100)}, with the patient
one {spell(unserved["patient"], "%", 100)}, with the eager one **{spell(eager, "%", 100)}**, with the eager
one and a panic threshold {spell(unserved["eager, panic at 50%"], "%", 100)} (six seeds). An instance with a queue of
100 ms counts as dead; its traffic goes to the others, whose queues grow, so that they count as dead too. The check does
not find an outage, it makes one. A health check must be slower to condemn than the slowest healthy answer, and it must
never take out everybody.
""")


# %% [markdown]
# How busy may the fleet be for the eager check to be harmless? Slide the load.


# %%
def condemned(load):
    over = {"clients.app.traffic.rate": f"{load}/s", **CHECKS["eager"]}
    run = sim.run(busy, overrides=over)
    _, axes = plt.subplots(figsize=(8, 2.6))
    failures(axes, run)
    axes.set(ylabel="failed per second", ylim=(0, 250))
    axes.set_title(f"{load / 250:.0%} busy: {1 - run['availability']:.1%} of the requests fail")
    axes.legend(loc="upper right", ncols=3)
    plt.show()


slide(condemned, load=(225, 100, 125, 150, 175, 200))

# %% [markdown]
# ## Coming back
#
# `slow_start`: an instance of four crashes at 15 s, is back at 25 s, and cold: eight times as slow at first, at full
# speed after half a minute. Slow start lets its share of the traffic grow over a window.

# %%
RETURNS = {
    "full share at once": {},
    "slow start, 20 s": {"components.api.slow_start": "20s"},
    "slow start, 40 s": {"components.api.slow_start": "40s"},
    "least requests": {"components.api.balancer": "least_request"},
}
returned = {name: [sim.run("slow_start", seed, over) for seed in SEEDS] for name, over in RETURNS.items()}


def queue_of_the_cold(run):
    rows = run.components
    return rows[(rows["component"] == "api") & (rows["instance"] == 0)]


fig, panels = plt.subplots(2, 4, figsize=(11, 4.4), sharex=True, sharey="row")
for (upper, lower), (name, runs) in zip(panels.T, returned.items(), strict=True):
    lines, cold = runs[0].timeline.iloc[:-1], queue_of_the_cold(runs[0])
    upper.plot(lines["t_s"], 1e3 * lines["p99"], color="#b3400a", drawstyle="steps-post", lw=1.2)
    lower.fill_between(cold["t_s"], cold["outstanding"], color="#d55e00", step="post", lw=0)
    upper.set(title=name, yscale="log")
    upper.yaxis.set_major_formatter("{x:,.0f}")
    lower.set_xlabel("time (s)")
    for axes in (upper, lower):
        axes.axvspan(15, 25, color=RED, alpha=0.1, lw=0)
panels[0, 0].set_ylabel("p99 (ms, log)")
panels[1, 0].set_ylabel("requests at the cold one")
plt.show()


# %%
def after_return(run):
    """p99 of the requests of the half minute after the restart, ms."""
    rows = run.requests
    return 1e3 * rows.loc[(rows["arrived"] >= 25) & (rows["arrived"] < 55), "latency"].quantile(0.99)


def away(run):
    """p99 of the requests while the instance was away, ms."""
    rows = run.requests
    return 1e3 * rows.loc[(rows["arrived"] >= 16) & (rows["arrived"] < 25), "latency"].quantile(0.99)


p99 = {name: np.array([after_return(run) for run in runs]) for name, runs in returned.items()}
base, *others = RETURNS
gains = compare_all([(p99[base], p99[name]) for name in others])
words = "\n".join(
    f"- *{name}*: {spell(mean_interval(p99[name]), 'ms')}, "
    + (
        "not to be told apart from it"
        if gain.interval.lo <= 0 <= gain.interval.hi
        else f"{'less' if gain.interval.hi < 0 else 'more'} by {spell(gain.interval, 'ms').lstrip('-')}"
    )
    for name, gain in zip(others, gains, strict=True)
)
back, gone = mean_interval(p99[base]), mean_interval([away(run) for run in returned[base]])
assert back.lo > gone.hi
assert all(gain.interval.hi < 0 for gain in gains)
assert mean_interval(p99["slow start, 40 s"]).hi < mean_interval(p99["slow start, 20 s"]).lo
say(f"""
**Prediction 6.** While the instance is away p99 is {spell(gone, "ms")};
in the half minute after its return it is {spell(back, "ms")} if it gets its full share at once.
Coming back hurts more than being away. Against that:

{words}

A window shorter than the warm-up hands over the full share too early; a balancer that looks at outstanding requests
finds out by itself how much the cold one can do.
""")

# %% [markdown]
# ## What to say in an interview
#
# - *"How do you detect a dead instance?"* Twice: active checks (they find it even without traffic, and find out when it
#   is back) and passive ones, ejection by what requests experience (they are quicker, and ask the users' question).
# - *"How long does it take?"* (k - ½) intervals plus the time-out, up to k intervals. Times traffic, times share: that
#   is what one failure costs. Retries to another instance hide it meanwhile, within a budget.
# - *"Why not probe more often, and believe the first failure?"* Because a busy instance fails an impatient probe. Then
#   the check removes capacity exactly when it is short. Several failures in a row, a generous time-out, a panic
#   threshold.
# - *"What is a gray failure?"* One that the checks do not see and the users do: some errors, slow answers, one bad
#   dependency. Compare instances with each other, by success rate and latency; balance by outstanding requests.
# - *"What is special about a fast failure?"* It attracts traffic: an instance that refuses at once has always the least
#   to do. Whoever balances by load needs ejection.
# - *"And when it is back?"* It is cold. Slow start, or a balancer that notices.
#
# ## Try this
#
# 1. Shorten the clients' time-out to 300 ms in the hang. What does that do to p99, and to ejection? And to the
#    instance that is merely slow?
# 2. Let two of the five instances answer nothing but errors. Ejection takes out one only. Which option says so
#    (`max_ejected`), and why does it exist?
# 3. Where does the *patient* check begin to hurt? Raise the load to 95%.
# 4. In `panic_threshold` three of five crash. Predict: with the threshold, or without?
# 5. A health check that also asks the database (a deep check): what happens to the whole fleet when the database is
#    slow for ten seconds? Use `slow` on a database that all instances call.
# 6. Give slow start an `aggression` of 3: is the cold instance better off with more at the beginning, or less?
