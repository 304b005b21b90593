# %% [markdown]
# # Queues are not free
#
# ## The question
#
# Work that nobody waits for need not be done now: put it into a queue, answer, and do it later. The answer is early, a
# spike is absorbed, a failure of the worker is not seen. None of this is a present. **What does a queue cost, who pays,
# and how do you notice?**
#
# ## Predict first
#
# Write your answers down before you go on.
#
# 1. A shop sends an e-mail for each order, which takes 240 ms. Orders come at 50 a second; the mailers can do 84 a
#    second. For a minute and a half four times as many orders come. What happens to the orders if the shop waits for the
#    mailer? If it publishes a message instead? And to the e-mails?
# 2. How long is it from the end of the spike until all e-mails are there in time again? Half as many mailers more: how
#    much sooner?
# 3. A message that has not been acknowledged within 30 s is delivered again. You make that 2 s, so that the work of a
#    consumer that has died is taken over sooner. What do you pay, if the work takes 1 s on average, exponentially?
# 4. One message in a hundred can never be processed. It is tried again after two seconds. When do you notice?
# 5. A tenth more is published than can be done. The queue is unbounded; or holds 500 messages and rejects the next; or
#    makes its publishers wait. Which of them do your users notice, and which should they?

# %%
from statistics import NormalDist

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from lecture import say, scenario, slide, spell

import sim
from sim.experiment.statistics import mean_interval

INK, BLUE, ORANGE, TEAL, PURPLE = "#22262b", "#0072b2", "#d55e00", "#5ec1c2", "#7a0177"
SEEDS = (1, 2, 3, 4, 5)


def kept(run, queue, name):
    """What a queue has kept second by second."""
    rows = run.series
    return rows[(rows["component"] == queue) & (rows["name"] == name)].set_index("t_s")["value"]


# %% [markdown]
# ## An early answer
#
# The shipped scenario `email_queue`, and the same shop with a plain call in the place of the message: it then waits for
# its mailer, with one of its 32 workers.

# %%
QUEUE = sim.load("email_queue")
CALL = QUEUE.with_(
    {"components.shop.steps": [{"work": {"p50": "4ms", "p99": "20ms"}}, {"call": "mailer"}], "objectives": []}
)
early, waiting = sim.run(QUEUE), sim.run(CALL)

fig, (left, right) = plt.subplots(1, 2, figsize=(11, 3.2))
for run, colour, name in ((waiting, ORANGE, "call"), (early, BLUE, "publish")):
    lines = run.timeline.iloc[:-1]
    left.plot(lines["t_s"], 1e3 * lines["p99"], color=colour, label=name)
left.set(yscale="log", xlabel="time (s)", ylabel="p99 of orders (ms, log)", title="Those who order")
left.legend()
right.plot(kept(early, "emails", "lag_s"), color=BLUE)
right.set(xlabel="time (s)", ylabel="age of the oldest (s)", title="Those who wait for their e-mail")
for axes in (left, right):
    axes.axvspan(60, 150, color="#a97800", alpha=0.12, lw=0)
plt.show()

# %%
emails = early.summary["components"]["emails"]
lost = waiting.summary["requests"]["by_outcome"].get("queue_full", 0)
assert lost > 0 == early.summary["requests"]["by_outcome"].get("queue_full", 0)
assert waiting["p99"] > 10 * early["p99"]
assert emails["end_to_end_s"]["p99"] > 1000 * early["p99"]
say(f"""
**Prediction 1.** With a call the p99 of orders is {1e3 * waiting["p99"]:,.0f} ms and {lost:,} orders are refused: the
shop's workers stand in the mailer's queue. With a message it is {1e3 * early["p99"]:.0f} ms, spike or not, and nothing is
refused. But nothing has become faster. {emails["depth_max"]:,} messages wait at the worst, and the last of a hundred
e-mails comes {emails["end_to_end_s"]["p99"]:.0f} s after its order. The queue has moved the wait to where the dashboard of
the shop does not look.
""")

# %% [markdown]
# ## The drain
#
# A backlog grows by arrivals less capacity, and drains by capacity less arrivals:
#
# $$T_{drain} = \frac{backlog}{capacity - arrivals}$$
#
# It is the spare capacity that counts, and that is what is left when the usual arrivals have been served.

# %%
MAILERS = (4, 5, 6, 8, 10)
WORK = 0.2 * np.exp(0.5 * (np.log(4) / NormalDist().inv_cdf(0.99)) ** 2)  # mean of {p50: 200ms, p99: 800ms}
SPIKE = 90
drains = {count: sim.run(QUEUE, overrides={"components.mailer.instances": count}) for count in MAILERS}

fig, axes = plt.subplots(figsize=(9, 3.4))
for (count, run), colour in zip(drains.items(), (ORANGE, "#e69f00", TEAL, BLUE, PURPLE), strict=True):
    axes.plot(kept(run, "emails", "depth"), color=colour, label=f"{count} mailers")
axes.axvspan(60, 150, color="#a97800", alpha=0.12, lw=0)
axes.set(xlabel="time (s)", ylabel="messages waiting", title="The same spike, and more and more spare capacity")
axes.legend()
plt.show()


# %%
def drained(run):
    """How long after the spike the backlog was gone, s."""
    depth = kept(run, "emails", "depth")
    return float(depth[(depth.index > 150) & (depth < 5)].index[0]) - 150


rows = {}
for count, run in drains.items():
    capacity = count * 5 / WORK
    backlog = max(0.0, SPIKE * (200 - capacity))
    rows[count] = {
        "capacity": f"{capacity:.0f}/s",
        "spare": f"{capacity - 50:.0f}/s",
        "backlog, by the formula": f"{backlog:,.0f}",
        "backlog, simulated": f"{kept(run, 'emails', 'depth').max():,.0f}",
        "drain, by the formula": f"{backlog / (capacity - 50):.0f} s",
        "drain, simulated": f"{drained(run):.0f} s",
    }
    if backlog > 5_000:
        assert abs(drained(run) / (backlog / (capacity - 50)) - 1) < 0.15, f"{count} mailers drain otherwise"
pd.DataFrame(rows).T.rename_axis("mailers")

# %%
say(f"""
**Prediction 2.** With {MAILERS[0]} mailers it takes {drained(drains[4]):.0f} s until the queue is empty, for a spike of
{SPIKE} s. Half as many mailers more, and it is {drained(drains[6]):.0f} s: the backlog is smaller *and* the spare capacity is
larger. Whoever sizes consumers for the average has no spare capacity, and a backlog for ever.
""")

# %% [markdown]
# How high may the spike be? Slide its factor, with six mailers.


# %%
def spiked(factor):
    run = sim.run(QUEUE, overrides={"components.mailer.instances": 6, "events[0].factor": factor})
    _, axes = plt.subplots(figsize=(8, 2.6))
    axes.fill_between(*kept(run, "emails", "lag_s").reset_index().to_numpy().T, color="#9fd0ee", lw=0)
    axes.axvspan(60, 150, color="#a97800", alpha=0.12, lw=0)
    axes.set(xlabel="time (s)", ylabel="age of the oldest (s)", ylim=(0, 200))
    axes.set_title(f"{factor} times the orders: e-mails up to {run['emails lag']:.0f} s late")
    plt.show()


slide(spiked, factor=(5, 2, 3, 4, 6))

# %% [markdown]
# ## Done at least once
#
# A consumer takes a message, works, and acknowledges. The broker cannot tell one that has died from one that is slow: it
# waits for the *visibility time-out*, and delivers the message again. Ten consumers, work of 1 s on average
# (exponential), half busy; two of them crash for a minute at 40 s.

# %%
workers = scenario("""
    scenario: Consumers that die
    duration: 150s
    warmup: 5s
    clients: {app: {traffic: {rate: 5/s}, to: jobs}}
    components:
      jobs: {kind: queue, size: unbounded, visibility_timeout: 30s, consumers: worker}
      worker: {kind: service, instances: 10, work: {exponential: 1s}}
    events:
      - {at: 40s, for: 60s, crash: "worker[0..1]"}
""")
TIMEOUTS = (1, 2, 3, 5, 10, 20, 30)
tried = {
    seconds: [sim.run(workers, seed, {"components.jobs.visibility_timeout": f"{seconds}s"}) for seed in SEEDS]
    for seconds in TIMEOUTS
}


def share(run):
    """Messages that were processed more than once, as a share."""
    jobs = run.summary["components"]["jobs"]
    return jobs["duplicates"] / jobs["acknowledged"]


fig, (left, right) = plt.subplots(1, 2, figsize=(11, 3.2))
for axes, figure, scale, colour in ((left, share, 100, ORANGE), (right, lambda run: run["jobs lag"], 1, BLUE)):
    found = [mean_interval([figure(run) for run in runs]) for runs in tried.values()]
    middle = scale * np.array([each.mean for each in found])
    spread = scale * np.array([each.half_width for each in found])
    axes.errorbar(TIMEOUTS, middle, spread, fmt="o", color=colour, capsize=3, label="simulated")
    axes.set(xscale="log", xlabel="visibility time-out (s, log)", ylim=(0, None))
    axes.set_xticks(TIMEOUTS, [f"{seconds}" for seconds in TIMEOUTS])
fine = np.geomspace(1, 30, 100)
left.plot(fine, 100 * np.exp(-fine), color=INK, lw=1, label="work that takes longer: exp(-T/1 s)")
left.legend(loc="upper right")
right.plot(fine, fine, color=INK, lw=1, ls=":", label="the time-out itself")
right.legend(loc="upper left")
left.set(title="Done twice", ylabel="duplicates (%)")
right.set(title="Longest wait for a message", ylabel="lag (s)")
plt.show()

# %%
twice = {seconds: mean_interval([share(run) for run in runs]) for seconds, runs in tried.items()}
late = {seconds: mean_interval([run["jobs lag"] for run in runs]) for seconds, runs in tried.items()}
for seconds, known in twice.items():
    assert abs(known.mean - np.exp(-seconds)) < known.half_width + 0.02, f"{known} are done twice with {seconds} s"
assert late[30].lo > late[2].hi
say(f"""
**Prediction 3.** With 30 s {spell(twice[30], "%", 100)} of the messages are processed twice, and the oldest message
becomes {spell(late[30], "s")} old (five seeds): what the dead consumers had in hand lies there for that long. With 2 s it
is {spell(late[2], "s")}, and {spell(twice[2], "%", 100)} are done twice, crash or no crash, because some work simply takes
longer ({np.exp(-2):.1%} of it, in theory); with 1 s {spell(twice[1], "%", 100)}. *At least once* means: make the work idempotent, for you will do some of it
twice. *At most once* is the other choice: lose it.
""")

# %%
once = [sim.run(workers, seed, {"components.jobs.delivery": "at_most_once"}) for seed in SEEDS]
lost = mean_interval([run["jobs messages_lost"] for run in once])
assert lost.mean > 0
say(f"""
At most once, the same crash: nothing is done twice, and {spell(lost, "messages")} are lost for good. Nobody is told.
""")

# %% [markdown]
# ## Poison
#
# The shipped scenario `poison_message`: the same orders go to three queues; one message in a hundred can never be
# processed. It is tried for ever (*endless*); at most four times and then set aside (*dead letter*); the same, in order
# (*in order*: what is about the same customer waits for it).

# %%
poison = sim.run("poison_message")
poison.plot.queues()
plt.show()

# %%
figures = poison.summary["components"]
wasted = {
    name: 1 - figures[name]["acknowledged"] / figures[name]["delivered"]
    for name in ("endless", "dead_letter", "in_order")
}
old, depth = kept(poison, "endless", "lag_s"), kept(poison, "endless", "depth")
aged, choked = float(old.index[old > 5][0]), float(depth.index[depth < 100][-1])
assert aged < 0.5 * choked < 0.5 * poison.scenario.duration
assert figures["dead_letter"]["end_to_end_s"]["p99"] < 1 < figures["in_order"]["end_to_end_s"]["p99"]
assert wasted["dead_letter"] < 0.1 < 0.3 < wasted["endless"]
assert poison["orders p99"] < 0.05
say(f"""
**Prediction 4.** For {choked:.0f} s no more than a hundred messages wait, and nothing seems to be wrong; only the age of the
oldest one passed 5 s after {aged:.0f} s. Each poison message is an attempt every two seconds, for ever, so
the attempts in vain grow in a straight line until no worker is left: {wasted["endless"]:.0%} of all deliveries, and
{figures["endless"]["depth"]:,} messages wait at the end. With a limit of four deliveries they are
{wasted["dead_letter"]:.1%} of all; {figures["dead_letter"]["dead_letters"]} dead letters lie there for somebody to look
at, and p99 is {1e3 * figures["dead_letter"]["end_to_end_s"]["p99"]:.0f} ms. Kept in order, everything behind a poison message
waits for its four deliveries: p99 is {figures["in_order"]["end_to_end_s"]["p99"]:.1f} s. The p99 of orders is
{1e3 * poison["orders p99"]:.0f} ms all the time. Watch the *age of the oldest message* and the number of dead letters;
the latency of requests says nothing.
""")

# %% [markdown]
# ## The hidden outage
#
# The shipped scenario `unbounded_queue`: 55 messages come each second, 50 can be done.

# %%
hidden = sim.run("unbounded_queue")
SHOPS = {"unbounded": ("open", ORANGE), "rejecting": ("strict", BLUE), "blocking": ("patient", TEAL)}

fig, panels = plt.subplots(1, 3, figsize=(11, 3.2))
for client, (queue, colour) in SHOPS.items():
    lines = hidden.timeline[hidden.timeline["client"] == client].iloc[:-1]
    slow = lines.assign(bin=lines["t_s"] // 10).groupby("bin")[["p50", "offered", "ok"]].mean()
    panels[0].plot(kept(hidden, queue, "lag_s"), color=colour, label=client)
    panels[1].plot(10 * slow.index, 100 * (1 - (slow["ok"] / slow["offered"]).clip(upper=1)), color=colour)
    panels[2].plot(10 * slow.index, 1e3 * slow["p50"], color=colour)
panels[0].set(title="Work", ylabel="age of the oldest (s)", xlabel="time (s)")
panels[1].set(title="Requests: failing", ylabel="%", xlabel="time (s)")
panels[2].set(title="Requests: median", ylabel="ms (log)", yscale="log", xlabel="time (s)")
fig.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
plt.show()

# %%
rows = {}
for client, (queue, _) in SHOPS.items():
    jobs = hidden.summary["components"][queue]
    rows[client] = {
        "requests that fail": f"{hidden[f'{client} drop_ratio']:.1%}",
        "median": f"{1e3 * hidden[f'{client} p50']:,.0f} ms",
        "lag": f"{hidden[f'{queue} lag']:.0f} s",
        "left at the end": f"{jobs['depth'] + jobs['in_flight']:,}",
        "the oldest of them": f"{jobs['oldest_s']:.0f} s",
    }
pd.DataFrame(rows).T.rename_axis("queue")

# %%
jobs = {queue: hidden.summary["components"][queue] for queue, _ in SHOPS.values()}
done = [each["acknowledged"] for each in jobs.values()]
assert max(done) < 1.05 * min(done)
assert hidden["unbounded drop_ratio"] == 0 < min(hidden["rejecting drop_ratio"], hidden["blocking drop_ratio"])
assert hidden["open lag"] > 2 * max(hidden["strict lag"], hidden["patient lag"])
assert hidden["blocking p50"] > 100 * hidden["unbounded p50"]
lag = kept(hidden, "open", "lag_s")
growth = np.polyfit(lag.index[lag.index > 60], lag[lag.index > 60], 1)[0]
assert 0.6 < growth / (1 - 50 / 55) < 1.5
say(f"""
**Prediction 5.** The unbounded queue is the only one with green dashboards, and the only one that is broken: its lag grows
by {60 * growth:.1f} s a minute, for ever; the formula says {60 * (1 - 50 / 55):.1f}. No percentile of the requests will ever
tell. The bounded one fails {hidden["rejecting drop_ratio"]:.1%} of the requests and is never more than
{hidden["strict lag"]:.0f} s behind: the size of a queue is the longest wait that you are willing to promise. Back-pressure
keeps the same promise ({hidden["patient lag"]:.0f} s) and makes the shop wait: {1e3 * hidden["blocking p50"]:,.0f} ms for
everybody, and then it refuses too. All three do the same work ({min(done):,} to {max(done):,} messages). They differ in who is told.
""")

# %% [markdown]
# ## What to say in an interview
#
# - *"Why a queue?"* To answer before the work is done, to ride out spikes and failures of what does the work. It adds no
#   capacity: on average consumers must do more than arrives.
# - *"How long until it has caught up?"* Backlog over spare capacity. With 10% to spare an outage of ten minutes takes an
#   hour and forty minutes to drain.
# - *"What do you alert on?"* The age of the oldest message, against what was promised. Depth says little without the
#   rate; the latency of requests says nothing at all. And dead letters: any.
# - *"How large?"* The longest acceptable wait, times capacity. Beyond that reject, shed or push back: a queue without a
#   bound is an outage that nobody hears of.
# - *"Exactly once?"* At least once and idempotent consumers. The time-out is a guess between done twice and done late.
# - *"Poison?"* A limit of deliveries, growing pauses, a dead-letter queue that somebody owns. Where order matters, one
#   bad message stops all those behind it: keep the partitions small.
#
# ## Try this
#
# 1. Give the mailer of `email_queue` a `prefetch` of 100 (`consumers: [{service: mailer, prefetch: 100}]`) and crash one
#    instance. What has become of the messages that it held?
# 2. Take the broker down for 20 s (`broker_down: emails`). Which requests fail? Make the step `optional`: what fails now?
# 3. Lose a share of what is published (`publish_lost: emails, rate: 1%`). Which figure of the report tells?
# 4. Let failures back off (`backoff: {base: 1s, factor: 2}`) in `poison_message`: when does *endless* choke now?
# 5. Put `partitions: 4` on `emails`, without a key and with `key: {zipf: 1000}`. How many of the 20 workers can work?
# 6. Shed the oldest instead of rejecting the newest (`on_full: shed`) in `unbounded_queue`. Who is worse off?
