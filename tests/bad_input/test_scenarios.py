"""Broken scenarios, one change each, and the exact complaints: the head of the file, the network and the clients."""

# ruff: noqa: E501 - a message is one line

from collections.abc import Callable

import pytest

from sim.scenario import load

Complain = Callable[..., list[str]]
HideNothing = Callable[[list[tuple[str, str, list[str]]]], None]
Row = tuple[str, list[str]]
"""What stands in the place of the right text, and the complaints: path, message, line and column."""

# fmt: off
CHANGES: dict[str, list[Row]] = {
    "scenario: A shop\n": [
        ("", ["'scenario' is missing  :1:1"]),
        ("scenario: 5\n", ["scenario: needs a text, got the number 5  :1:11"]),
        ("scenario: ''\n", ["scenario: needs at least 1 character  :1:11"]),
        ("scenario: [a]\n", ["scenario: needs a text, got a list  :1:11"]),
        ("about: {}\nscenario: x\n", ["about: needs a text, got a mapping  :1:8"]),
        ("watch_for: fun\nscenario: x\n", ["watch_for: needs a list, got the text 'fun'  :1:12"]),
    ],
    "seed: 3": [
        ("seed: on", ["seed: 'on' is read as a truth value by some YAML readers; write true or quote it  :2:7"]),
        ("seed: true", ["seed: needs a whole number, got true  :2:7"]),
        ('seed: "3"', ["seed: needs a whole number, got the text '3'  :2:7"]),
        ("seed: 1.5", ["seed: needs a whole number, got the number 1.5  :2:7"]),
        ("seed: -1", ["seed: must be at least 0, not -1  :2:7"]),
        ("seed: 1e3", ["seed: '1e3' is a number to some YAML readers and a text to others; write 1000 or quote it  :2:7"]),
        ("seed: 3:30", ["seed: '3:30' is read as 210 by some YAML readers; write 210s or quote it  :2:7"]),
        ("seed: null", ["seed: needs a whole number, got null  :2:7"]),
        ("seed: [1]", ["seed: needs a whole number, got a list  :2:7"]),
        ("seed: 99999999999999999999", ["seed: must be at most 9223372036854775807, not 99999999999999999999  :2:7"]),
        ("seed:", ["seed: nothing is written here; write [] or {} for an empty list or mapping, '' for an empty text, null for none  :2:6"]),
        ("sed: 3", ["sed: 'sed' is not known here; did you mean 'seed'?  :2:1"]),
        ("zzz: 3", ["zzz: 'zzz' is not known here; known: scenario, about, watch_for, seed, duration, warmup, regions, network, …  :2:1"]),
        ("regions: [us]", ["regions: needs a mapping, got a list  :2:10"]),
    ],
    "duration: 1m\n": [
        ("", ["'duration' is missing: only replays know when they end  :1:1"]),
        ("duration: 0s\n", ["duration: must be above 0, not 0s  :3:11"]),
        ("duration: 60\n", ["duration: 60 needs a unit; a duration is written like 60ms, 60s, 60m  :3:11"]),
        ("duration: 1 min\n", ["duration: 1 min: unknown unit 'min'; did you mean 1m?  :3:11"]),
        ("duration: -5s\n", ["duration: -5s is negative; a duration cannot be  :3:11"]),
        ("duration: 1:30\n", ["duration: '1:30' is read as 90 by some YAML readers; write 90s or quote it  :3:11"]),
        ("duration: 400d\n", ["duration: must be at most 366d, not 400d  :3:11"]),
        ("duration: 99999d\n", ["duration: 99999d is more than ten years; a duration of that size makes no sense  :3:11"]),
        ("duration: 100/s\n", ["duration: 100/s is a rate, not a duration; one is written like 5ms, 5s, 5m  :3:11"]),
        ("duration: [1m]\n", ["duration: a list is not a duration; one is written like 5ms, 5s, 5m  :3:11"]),
        ("duration: soon\n", ["duration: 'soon' is not a duration; one is written like 5ms, 5s, 5m  :3:11"]),
    ],
    "warmup: 5s": [
        ("warmup: 1m", ["warmup: a warm-up of 1m leaves nothing of 1m  :4:9"]),
        ("warmup: 2m", ["warmup: a warm-up of 2m leaves nothing of 1m  :4:9"]),
        ("warmup: null", ["warmup: null is not a duration; one is written like 5ms, 5s, 5m  :4:9"]),
        ("warmup: 10%", ["warmup: 10%: unknown unit '%'; one is written like 5ms, 5s, 5m  :4:9"]),
    ],
    "{latency: 1ms, between: {gateway/api: 2ms}}": [
        ("1ms", ["network: needs a mapping, got the text '1ms'  :5:10"]),
        ("{latncy: 1ms}", ["network.latncy: 'latncy' is not known here; did you mean 'latency'?  :5:11"]),
        ("{latency: 1}", ["network.latency: 1 needs a unit; a duration is written like 1ms, 1s, 1m  :5:20"]),
        ("{jitter: 130%}", ["network.jitter: 130% is more than the whole; one is written like 20% or 0.2  :5:19"]),
        ("{jitter: 20}", ["network.jitter: 20 is more than the whole; did you mean 20%?  :5:19"]),
        ("{loss: 100%}", ["network.loss: must be at most 99%, not 100%  :5:17"]),
        ("{loss: 1/s}", ["network.loss: 1/s is not a share; one is written like 20% or 0.2  :5:17"]),
        ("{bandwidth: 100Mbps}", ["network.bandwidth: 100Mbps: unknown unit 'Mbps'; did you mean 100Mbit/s?  :5:22"]),
        ("{bandwidth: 100}", ["network.bandwidth: 100 needs a unit; a bandwidth is written like 100Mbit/s, 100Gbit/s, 100MB/s  :5:22"]),
        ("{bandwidth: 100MB}", ["network.bandwidth: 100MB is a size, not a bandwidth; one is written like 100Mbit/s, 1Gbit/s, 10MB/s  :5:22"]),
        ("{bandwidth: 0Mbit/s}", ["network.bandwidth: must be above 0, not 0Mbit/s  :5:22"]),
        ("{between: {gatway/api: 2ms}}", ["network.between.\"gatway/api\": there is no component or client 'gatway'; did you mean 'gateway'?  :5:21"]),
        ("{between: {gateway: 2ms}}", ["network.between.gateway: 'gateway' is not a pair; write two names with a slash between them, such as gateway/search  :5:21"]),
        ("{between: {gateway/gateway: 2ms}}", ["network.between.\"gateway/gateway\": 'gateway/gateway' names one component twice; nothing calls itself  :5:21"]),
        ("{between: {api/db: 2ms, db/api: 3ms}}", ["network.between.\"db/api\": these two stand here already, as 'api/db'  :5:34"]),
        ("{between: {us-east/eu-west: 40ms}}", ["network.between.\"us-east/eu-west\": there is no component or client 'us-east'; known: gateway, api, items, db, bank, app  :5:21"]),
        ("{between: {gateway/api: 2}}", ['network.between."gateway/api": 2 needs a unit; a duration is written like 2ms, 2s, 2m  :5:34']),
        ("{between: {gateway/api: {}}}", ["network.between.\"gateway/api\": is empty; give a latency, or some of latency, jitter, loss, bandwidth  :5:21"]),
        ("{between: {gateway/api: null}}", ["network.between.\"gateway/api\": null is not a duration; one is written like 5ms, 5s, 5m  :5:34"]),
        ("{between: {gateway/api: [2ms, 4ms]}}", ["network.between.\"gateway/api\": a list is not a distribution; an interval is written {uniform: [A, B]}  :5:34"]),
        ("{between: {gateway/api: {latncy: 2ms}}}", ["network.between.\"gateway/api\".latncy: 'latncy' is not known here; did you mean 'latency'?  :5:35"]),
        ("{between: {gateway/api: {exponental: 2ms}}}", ["network.between.\"gateway/api\".exponental: unknown distribution 'exponental'; did you mean 'exponential'?  :5:35"]),
        ("{between: {gateway/api: {exponential: 2ms, loss: 1%}}}", ["network.between.\"gateway/api\".exponential: 'exponential' is not known here; known: latency, jitter, loss, bandwidth  :5:35"]),
        ("{between: {gateway/api: {p50: 4ms, p99: 2ms}}}", ["network.between.\"gateway/api\": p99 (2ms) is below p50 (4ms)  :5:21"]),
        ("{between: {gateway/api: {latency: 2}}}", ["network.between.\"gateway/api\".latency: 2 needs a unit; a duration is written like 2ms, 2s, 2m  :5:44"]),
        ("{between: {gateway/api: {loss: 100%}}}", ["network.between.\"gateway/api\".loss: must be at most 99%, not 100%  :5:41"]),
        ("{between: {gateway/api: {jitter: 20}}}", ["network.between.\"gateway/api\".jitter: 20 is more than the whole; did you mean 20%?  :5:43"]),
        ("{between: {gateway/api: {bandwidth: 100Mbps}}}", ["network.between.\"gateway/api\".bandwidth: 100Mbps: unknown unit 'Mbps'; did you mean 100Mbit/s?  :5:46"]),
        ("{between: {gateway/api: {latency: 2ms, lose_response: 1%}}}", ["network.between.\"gateway/api\".lose_response: 'lose_response' is not known here; known: latency, jitter, loss, bandwidth  :5:49"]),
        ("{between: []}", ["network.between: needs a mapping, got a list  :5:20"]),
    ],
    "clients:\n  app:": [
        ("clients: {}\nx:\n  app:", ["clients: needs at least 1 item  :6:10", "x: 'x' is not known here; known: scenario, about, watch_for, seed, duration, warmup, regions, network, …  :7:1"]),
        ("clints:\n  app:", ["clints: 'clints' is not known here; did you mean 'clients'?  :6:1"]),
        ("clients:\n  gateway:", ["components.gateway: 'gateway' is also the name of a client  :16:3", "events[1].spike: there is no client 'app'; known: gateway  :35:31", "objectives[0]: 'app' is not a client or a route; known: GET /items, POST /orders, gateway  :37:5"]),
        ("clients:\n  my.app:", ['clients."my.app": a name is made of letters, digits, - and _, a hundred at most  :7:3']),
        ("clients:\n  '':", ['clients."": a name is made of letters, digits, - and _, a hundred at most  :7:3']),
        ("clients:\n  5:", ["clients.5: a key is a text; write '5' in quotes  :7:3"]),
        ("clients:\n  a@b:", ['clients."a@b": a name is made of letters, digits, - and _, a hundred at most  :7:3']),
        ('clients:\n  "a[0]":', ['clients."a[0]": a name is made of letters, digits, - and _, a hundred at most  :7:3']),
        ("clients:\n  us/app:", ['clients."us/app": a name is made of letters, digits, - and _, a hundred at most  :7:3']),
        ("clients:\n  app: {}\n  app:", ["clients.app: 'app' is written twice; the first is on line 7  :8:3"]),
    ],
    "{rate: 50/s}": [
        ("{}", ["clients.app.traffic: say where requests come from: rate (or shape, diurnal), users or replay  :8:5"]),
        ("fast", ["clients.app.traffic: 'fast' is not a rate; one is written like 400/s, 90/m, 10/h  :8:14"]),
        ("50", ["clients.app.traffic: 50 needs a unit; a rate is written like 50/s, 50/m, 50/h  :8:14"]),
        ("{rate: 50}", ["clients.app.traffic.rate: 50 needs a unit; a rate is written like 50/s, 50/m, 50/h  :8:21"]),
        ("{rate: 0/s}", ["clients.app.traffic.rate: a rate of zero brings no request at all  :8:15"]),
        ("{rate: 1000000000000/s}", ["clients.app.traffic.rate: 1000000000000/s is more than 100M/s; a rate of that size makes no sense  :8:21"]),
        ("{rate: 1e12}", ["clients.app.traffic.rate: '1e12' is a number to some YAML readers and a text to others; write 1000000000000 or quote it  :8:21"]),
        ("{rate: 2M/s}", ["clients.app.traffic.rate: 2M/s is more than this simulator can run; scale the rate and the capacity behind it down together, to 1M/s or less  :8:21"]),
        ("{rate: -5/s}", ["clients.app.traffic.rate: -5/s is negative; a rate cannot be  :8:21"]),
        ("{rate: 50rps}", ["clients.app.traffic.rate: 50rps: unknown unit 'rps'; did you mean 50/s?  :8:21"]),
        ("{rate: 50ms}", ["clients.app.traffic.rate: 50ms is a duration, not a rate; one is written like 400/s, 90/m, 10/h  :8:21"]),
        ("{rate: 50/s, users: 5}", ["clients.app.traffic.rate: traffic has one source, users or rate  :8:15"]),
        ("{rate: 50/s, think: 5s}", ["clients.app.traffic.think: is for users, as in {users: 500, think: 2s}  :8:27"]),
        ("{users: 0}", ["clients.app.traffic.users: must be at least 1, not 0  :8:22"]),
        ("{users: -1}", ["clients.app.traffic.users: -1 is negative; a count cannot be  :8:22"]),
        ("{users: 1.5}", ["clients.app.traffic.users: 1.5 is not a whole number; one is written like 500, 20k or 1.5M  :8:22"]),
        ("{users: 5s}", ["clients.app.traffic.users: 5s: unknown suffix 's'; one is written like 500, 20k or 1.5M  :8:22"]),
        ("{users: 2M}", ["clients.app.traffic.users: must be at most 1M, not 2M  :8:22"]),
        ("{users: 5, think: 5}", ["clients.app.traffic.think: 5 needs a unit; a duration is written like 5ms, 5s, 5m  :8:32"]),
        ("{users: 5, arrivals: constant}", ["clients.app.traffic.arrivals: is for a rate; users says by itself when requests come  :8:25"]),
        ("{rate: 5/s, speed: 2}", ["clients.app.traffic.speed: is for the replay of a log, as in {replay: access.log}  :8:26"]),
        ("{rate: 5/s, format: json}", ["clients.app.traffic.format: is for the replay of a log, as in {replay: access.log}  :8:26"]),
        ("{rate: 50/s, arrivals: bursty}", ["clients.app.traffic.arrivals: 'bursty' is not known; write poisson, constant or {bursty: {factor: 5, on: 2s, off: 18s}}  :8:37"]),
        ("{rate: 50/s, arrivals: burst}", ["clients.app.traffic.arrivals: 'burst' is not known; write poisson, constant or {bursty: {factor: 5, on: 2s, off: 18s}}  :8:37"]),
        ("{rate: 50/s, arrivals: {bursty: {factor: 9, on: 1s, off: 1s}}}", ["clients.app.traffic.arrivals.bursty.factor: bursts of 1s with 1s between them can bring at most 2 times the mean rate, not 9 times  :8:47"]),
        ("{rate: 50/s, arrivals: {bursty: {factor: 0.5, on: 1s, off: 0s}}}", ["clients.app.traffic.arrivals.bursty.factor: must be at least 1, not 0.5  :8:55", "clients.app.traffic.arrivals.bursty.off: must be at least 1ms, not 0s  :8:73"]),
        ("{rate: 50/s, arrivals: {busty: {}}}", ["clients.app.traffic.arrivals.busty: 'busty' is not known here; did you mean 'bursty'?  :8:38"]),
        ("{shape: []}", ["clients.app.traffic.shape: a shape needs at least one point, such as {at: 10s, rate: 100/s}  :8:22"]),
        ("{shape: [{at: 5s, rate: 5/s}, {at: 2s, rate: 1/s}]}", ["clients.app.traffic.shape: points must be in the order of time: 2s comes after 5s  :8:22"]),
        ("{shape: {at: 5s, rate: 5/s}}", ["clients.app.traffic.shape: needs a list, got a mapping  :8:22"]),
        ("{shape: [{at: 5s, rate: 5/s, ramp: expo}]}", ["clients.app.traffic.shape[0].ramp: 'expo' is not known; known: linear, step  :8:49"]),
        ("{shape: [{at: 5s, rate: 0/s}]}", ["clients.app.traffic.shape: a rate of zero brings no request at all  :8:15"]),
        ("{diurnal: {low: 5/s, high: 1/s}}", ["clients.app.traffic.diurnal: low (5/s) is above high (1/s)  :8:15"]),
        ("{rate: 5/s, diurnal: {low: 5/s, high: 10/s}}", ["clients.app.traffic.rate: leave it out: diurnal says what the rate is at any time  :8:15"]),
        ("{diurnal: {low: 5/s, high: 10/s, period: 1ms}}", ["clients.app.traffic.diurnal.period: a period of 1ms is too short; one second is the least  :8:55"]),
        ("{replay: access.log}", ["clients.app.requests: a replay brings its own requests: leave them out  :9:5", "events[1].spike: 'app' replays a log, and sends what is in it; to have more of it, set its 'speed'  :35:31"]),
        ("{replay: acess.log}", ["clients.app.traffic.replay: there is no file acess.log; did you mean 'access.log'?  :8:23"]),
        ("{replay: access.log, format: comon}", ["clients.app.traffic.format: 'comon' is not known; did you mean 'common'?  :8:43", "clients.app.requests: a replay brings its own requests: leave them out  :9:5", "events[1].spike: 'app' replays a log, and sends what is in it; to have more of it, set its 'speed'  :35:31"]),
        ("{replay: access.log, rate: 5/s}", ["clients.app.traffic.rate: traffic has one source, replay or rate  :8:35"]),
    ],
    "{rate: 50/s}\n    requests:\n      - {send: GET /items, weight: 9, key: {zipf: {items: 100, s: 1}}}\n      - {send: POST /orders, weight: 1}\n": [
        ("{replay: notes.log}\n", ["clients.app.traffic.replay: notes.log is not an access log that can be read (tried common, combined, json, csv); its first line is 'not a log'  :8:23", "events[1].spike: 'app' replays a log, and sends what is in it; to have more of it, set its 'speed'  :32:31"]),
        ("{replay: empty.log}\n", ["clients.app.traffic.replay: empty.log is empty  :8:23", "events[1].spike: 'app' replays a log, and sends what is in it; to have more of it, set its 'speed'  :32:31"]),
        ("{replay: cut.log.gz}\n", ["clients.app.traffic.replay: cut.log.gz is damaged: Compressed file ended before the end-of-stream marker was reached  :8:23", "events[1].spike: 'app' replays a log, and sends what is in it; to have more of it, set its 'speed'  :32:31"]),
        ("{replay: access.log, format: json}\n", ["clients.app.traffic.replay: no line of access.log reads as json; it looks like common; its first line is '10.0.0.1 - - [01/Jan/2024:00:00:00 +0000] \"GET /a HTTP/1.1\" 200 12'  :8:23", "events[1].spike: 'app' replays a log, and sends what is in it; to have more of it, set its 'speed'  :32:31"]),
        ("{replay: .}\n", ["clients.app.traffic.replay: . is a folder, not an access log  :8:23"]),
        ("{replay: logs/access.log}\n", ["clients.app.traffic.replay: there is no file logs/access.log: there is no folder logs  :8:23"]),
        ("{replay: 5}\n", ["clients.app.traffic.replay: 5 is not the name of an access log  :8:23"]),
        ("{replay: ''}\n", ["clients.app.traffic.replay: '' is not the name of an access log  :8:23"]),
        ("{replay: access.log, speed: 0}\n", ["clients.app.traffic.speed: must be at least 0.001, not 0  :8:42", "events[1].spike: 'app' replays a log, and sends what is in it; to have more of it, set its 'speed'  :32:31"]),
        ("{replay: access.log}\n    population: 5\n", ["clients.app.population: a replay brings its own callers: leave it out  :9:5", "events[1].spike: 'app' replays a log, and sends what is in it; to have more of it, set its 'speed'  :33:31"]),
    ],
    "    to: gateway\n": [
        ("", ["clients.app: 'to' is missing  :7:3"]),
        ("    to: gatewy\n", ["clients.app.to: there is no component 'gatewy'; did you mean 'gateway'?  :14:9"]),
        ("    to: items\n", ["clients.app.to: 'items' is a cache: a read_through step reads it, requests do not go there  :14:9"]),
        ("    to: app\n", ["clients.app.to: 'app' is a client, not a component; known: gateway, api, items, db, bank  :14:9"]),
        ("    to: [gateway]\n", ["clients.app.to: needs a text, got a list  :14:9"]),
        ("    to: 5\n", ["clients.app.to: needs a text, got the number 5  :14:9"]),
    ],
    "timeout: 2s": [
        ("timeout: 0s", ["clients.app.timeout: must be above 0, not 0s  :12:14"]),
        ("timeout: 2", ["clients.app.timeout: 2 needs a unit; a duration is written like 2ms, 2s, 2m  :12:14"]),
        ("timeuot: 2s", ["clients.app.timeuot: 'timeuot' is not known here; did you mean 'timeout'?  :12:5"]),
        ("population: 0", ["clients.app.population: must be at least 1, not 0  :12:17"]),
        ("population: {size: 5, zipf: -1}", ["clients.app.population.zipf: must be at least 0, not -1  :12:33"]),
        ("network: {lose_response: 2}", ["clients.app.network.lose_response: 2 is more than the whole; did you mean 2%?  :12:30"]),
        ("region: us", ["clients.app.region: there is no region 'us'; the scenario declares none under 'regions'  :12:13"]),
        ("home: us", ["clients.app.home: there is no region 'us'; the scenario declares none under 'regions'  :12:11"]),
        ("throttle: 5/s", ["clients.app.throttle: 'throttle' is not known here; known: traffic, to, requests, region, home, population, network, timeout, …  :12:5"]),
    ],
    "weight: 9, key: {zipf: {items: 100, s: 1}}": [
        ("weight: -1", ["clients.app.requests[0].weight: must be at least 0, not -1  :10:36"]),
        ("weight: 90%", ["clients.app.requests[0].weight: 90% is not a plain number; one is written like 2 or 1.5  :10:36"]),
        ("wieght: 9", ["clients.app.requests[0].wieght: 'wieght' is not known here; did you mean 'weight'?  :10:28"]),
        ("size: 5", ["clients.app.requests[0].size: 5 needs a unit; a size is written like 5B, 5KiB, 5MB  :10:34"]),
        ("size: 5ms", ["clients.app.requests[0].size: 5ms is a duration, not a size; one is written like 512B, 64KiB, 2MB  :10:34"]),
        ("size: {exponential: 5ms}", ["clients.app.requests[0].size.exponential: 5ms is a duration, not a size; one is written like 512B, 64KiB, 2MB  :10:48"]),
        ("idempotency_key: yes", ["clients.app.requests[0].idempotency_key: 'yes' is read as a truth value by some YAML readers; write true or quote it  :10:45"]),
        ("idempotency_key: 1", ["clients.app.requests[0].idempotency_key: needs true or false, got the number 1  :10:45"]),
        ("idempotency_key: 'true'", ["clients.app.requests[0].idempotency_key: needs true or false, got the text 'true'  :10:45"]),
        ("headers: [a]", ["clients.app.requests[0].headers: needs a mapping, got a list  :10:37"]),
        ("headers: {accept: 1}", ["clients.app.requests[0].headers.accept: needs a text, got the number 1  :10:46"]),
        ("replay_of: app", ["clients.app.requests[0].replay_of: 'replay_of' is not known here; known: send, weight, host, headers, key, size, response_size, idempotency_key, …  :10:28"]),
        ("key: many", ["clients.app.requests[0].key: 'many' is not a key distribution; one is written {zipf: {items: 20k, s: 1.1}}, {uniform: {items: 1000}}, or as the number of an item  :10:33"]),
        ("key: {zpif: {items: 5}}", ["clients.app.requests[0].key.zpif: 'zpif' is not known here; did you mean 'zipf'?  :10:34"]),
        ("key: {zipf: {items: 0}}", ["clients.app.requests[0].key.zipf.items: must be at least 1, not 0  :10:48"]),
        ("key: {zipf: {items: 1G, s: -1}}", ["clients.app.requests[0].key.zipf.items: must be at most 20M, not 1G  :10:48", "clients.app.requests[0].key.zipf.s: must be at least 0, not -1  :10:55"]),
        ("key: {zipf: 5, uniform: 5}", ["clients.app.requests[0].key: give exactly one kind of key distribution; one is written {zipf: {items: 20k, s: 1.1}}, {uniform: {items: 1000}}, or as the number of an item  :10:28"]),
    ],
    "send: GET /items": [
        ("weight: 5", ["clients.app.requests[0]: 'send' is missing  :10:9", "clients.app.requests[0].weight: 'weight' is written twice; the first is on line 10  :10:21"]),
        ("send: GET", ["clients.app.requests[0].send: 'GET' is not a request; one is written like GET /search  :10:16"]),
        ("send: GET items", ["clients.app.requests[0].send: 'GET items' is not a request; one is written like GET /search  :10:16"]),
        ("send: get /items", ["clients.app.requests[0].send: unknown method 'get'; did you mean 'GET'?  :10:16"]),
        ("send: GTE /items", ["clients.app.requests[0].send: unknown method 'GTE'; did you mean 'GET'?  :10:16"]),
        ("send: GET /items/*", ["clients.app.requests[0].send: 'GET /items/*' has a wildcard; a request goes to one path, wildcards are for match  :10:16"]),
        ("send: GET /items?q=1", ["clients.app.requests[0].send: 'GET /items?q=1' has a query; leave it away and say with key which item a request is about  :10:16"]),
    ],
    "    requests:\n      - {send: GET /items, weight: 9, key: {zipf: {items: 100, s: 1}}}\n      - {send: POST /orders, weight: 1}\n": [
        ("    requests: []\n", ["clients.app.requests: needs at least 1 item  :9:15"]),
        ("    requests: GET /\n", ["clients.app.requests: needs a list, got the text 'GET /'  :9:15"]),
        ("    requests: [{send: GET /, weight: 0}, {send: GET /a, weight: 0}]\n", ["clients.app.requests: no request has a weight above 0, so none is ever sent  :9:5"]),
    ],
    "{attempts: 3, backoff: {base: 50ms, max: 1s}, on: [timeout, 5xx]}": [
        ("{attempts: 0}", ["clients.app.retry.attempts: must be at least 1, not 0  :13:23"]),
        ("{attempts: 1000}", ["clients.app.retry.attempts: must be at most 100, not 1000  :13:23"]),
        ("{attempts: 3.0}", ["clients.app.retry.attempts: needs a whole number, got the number 3.0  :13:23"]),
        ("{attempts: true}", ["clients.app.retry.attempts: needs a whole number, got true  :13:23"]),
        ("{attempts: '3'}", ["clients.app.retry.attempts: needs a whole number, got the text '3'  :13:23"]),
        ("{atempts: 3}", ["clients.app.retry.atempts: 'atempts' is not known here; did you mean 'attempts'?  :13:13"]),
        ("yes please", ["clients.app.retry: needs a whole number, got the text 'yes please'  :13:12"]),
        ("{backoff: {base: 5s, max: 1s}}", ["clients.app.retry.backoff.max: 1s is less than base, 5s  :13:33"]),
        ("{backoff: {base: 50ms, factor: 0.5}}", ["clients.app.retry.backoff.factor: must be at least 1, not 0.5  :13:43"]),
        ("{backoff: {base: 50ms, jitter: ful}}", ["clients.app.retry.backoff.jitter: 'ful' is not known; did you mean 'full'?  :13:43"]),
        ("{backoff: {jitter: full}}", ["clients.app.retry.backoff: 'base' is missing  :13:13"]),
        ("{backoff: non}", ["clients.app.retry.backoff: 'non' is not a backoff; write none, a duration, or {base: 100ms, max: 2s}  :13:22"]),
        ("{backoff: 5}", ["clients.app.retry.backoff: 5 needs a unit; a duration is written like 5ms, 5s, 5m  :13:22"]),
        ("{backoff: exponential}", ["clients.app.retry.backoff: 'exponential' is not a backoff; write none, a duration, or {base: 100ms, max: 2s}  :13:22"]),
        ("{on: [timeuot]}", ["clients.app.retry.on[0]: 'timeuot' is not known; did you mean 'timeout'?  :13:18"]),
        ("{on: 500}", ["clients.app.retry.on: '500' is not known; known: timeout, 429, 5xx, connect_failure, reset  :13:17"]),
        ("{on: []}", ["clients.app.retry.on: needs at least 1 item  :13:17"]),
        ("{on: [true]}", ["clients.app.retry.on[0]: needs one of 'timeout', '429', '5xx', 'connect_failure', 'reset', got true  :13:18"]),
        ("{budget: 20}", ["clients.app.retry.budget: 20 is more than the whole; did you mean 20%?  :13:21"]),
        ("{methods: [get]}", ["clients.app.retry.methods[0]: 'get' is not known; did you mean 'GET'?  :13:23"]),
    ],
}
# fmt: on


CASES = [
    pytest.param(old, new, lines, id=" ".join(new.split())[:60] or f"no {old.split(':')[0].strip()}")
    for old, rows in CHANGES.items()
    for new, lines in rows
]


@pytest.mark.parametrize(("old", "new", "lines"), CASES)
def test_what_is_wrong_is_said_in_one_line(complaints: Complain, old: str, new: str, lines: list[str]) -> None:
    """Path, what is wrong, what would be right, line and column."""
    assert complaints(old, new) == lines


def test_scenarios_hide_nothing(hide_nothing: HideNothing) -> None:
    """What is wrong here is said beside a wrong value and a wrong name elsewhere, and so are they."""
    hide_nothing([(old, new, lines) for old, rows in CHANGES.items() for new, lines in rows])


def test_a_log_with_a_wrong_date_does_not_say_how_long_a_run_is(complaints: Complain) -> None:
    """A leap of a year in a log of nine seconds; with a duration it is only a note of the run."""
    text = """\
scenario: a
clients: {app: {traffic: {replay: leap.log}, to: db}}
components: {db: {kind: database, work: 5ms}}
"""
    assert complaints(text=text) == [
        "clients.app.traffic.replay: leap.log: line 3 is 366d after every earlier one, and the others span 5s: is its date right? (a 'duration' would say how much of it to replay)  :2:35"
    ]
    assert load("shop.yaml", {"duration": "1m"}).warnings == ()
