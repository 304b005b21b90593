"""Broken components, one change each, and the exact complaints."""

# ruff: noqa: E501 - a message is one line

from collections.abc import Callable

import pytest

Complain = Callable[..., list[str]]
HideNothing = Callable[[list[tuple[str, str, list[str]]]], None]
Row = tuple[str, list[str]]
"""What stands in the place of the right text, and the complaints: path, message, line and column."""

# fmt: off
CHANGES: dict[str, list[Row]] = {
    "components:\n  gateway:": [
        ("components: {}\nx:\n  gateway:", ["components: needs at least 1 item  :15:13", "x: 'x' is not known here; known: scenario, about, watch_for, seed, duration, warmup, regions, network, …  :16:1"]),
        ("components:\n  gate way:", ['components."gate way": a name is made of letters, digits, - and _, a hundred at most  :16:3']),
    ],
    "    kind: gateway\n": [
        ("", ["components.gateway: 'kind' is missing; write one of 'cdn', 'waf', 'gateway', 'service', 'cache', 'database', 'external', 'queue', …  :16:3"]),
        ("    kind: gatway\n", ["components.gateway.kind: 'gatway' is not known; did you mean 'gateway'?  :17:11"]),
        ("    kind: 5\n", ["components.gateway.kind: '5' is not known; known: cdn, waf, gateway, service, cache, database, external, queue, …  :17:11"]),
        ("    knd: gateway\n", ["components.gateway.knd: 'knd' is not known here; did you mean 'kind'?  :17:5"]),
        ("    kind: kafka\n", ["components.gateway.kind: 'kafka' is not known; known: cdn, waf, gateway, service, cache, database, external, queue, …  :17:11"]),
    ],
    '    routes: [{match: "/**", to: api, timeout: 1s}]\n': [
        ("", ["components.gateway: 'routes' is missing  :16:3"]),
        ("    routes: []\n", ["components.gateway.routes: needs at least 1 item  :19:13"]),
        ("    routes: {match: /}\n", ["components.gateway.routes: needs a list, got a mapping  :19:13"]),
        ("    routes: [{to: api}]\n", ["components.gateway.routes[0]: 'match' is missing  :19:14"]),
        ("    routes: [{match: /}]\n", ["components.gateway.routes[0]: 'to' is missing  :19:14"]),
    ],
    'match: "/**"': [
        ("match: items", ['components.gateway.routes[0].match: \'items\' is not a path pattern: it must start with /; one is written like /search, "POST /checkout" or "GET /static/**"  :19:22']),
        ('match: "GTE /**"', ["components.gateway.routes[0].match: unknown method 'GTE'; did you mean 'GET'?  :19:22"]),
        ('match: "/a/{id}"', ["components.gateway.routes[0].match: '/a/{id}': a segment that may be anything is written *, not '{id}'  :19:22"]),
        ("match: {client: ap}", ["components.gateway.routes[0].match.client: there is no client 'ap'; did you mean 'app'?  :19:31"]),
        ("match: {client: [app, web]}", ["components.gateway.routes[0].match.client[1]: there is no client 'web'; known: app  :19:37"]),
        ('match: "/a**"', ["components.gateway.routes[0].match: '/a**': ** must be a whole segment, not a part of 'a**'  :19:22"]),
        ("match: /**/a/**/b/**/c/**/d/**", ["components.gateway.routes[0].match: a path pattern has at most 50 segments, and ** at most 4 times  :19:22"]),
        ('match: "/a?b=1"', ["components.gateway.routes[0].match: '/a?b=1' has a query string; queries are not matched, only paths are  :19:22"]),
        ("match: {}", ["components.gateway.routes[0].match: an empty match; all requests are matched by /**  :19:15"]),
        ("match: 5", ['components.gateway.routes[0].match: 5 is not a match; one is written like /search, "POST /checkout" or "GET /static/**"  :19:22']),
        ("match: GET /a b", ['components.gateway.routes[0].match: \'GET /a b\' is not a match; one is written like /search, "POST /checkout" or "GET /static/**"  :19:22']),
        ("match: {methd: GET}", ["components.gateway.routes[0].match.methd: 'methd' is not known here; did you mean 'method'?  :19:23"]),
        ("match: {method: FETCH}", ["components.gateway.routes[0].match.method: unknown method 'FETCH'; known: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE, CONNECT  :19:31"]),
        ('match: {host: "a*"}', ["components.gateway.routes[0].match.host: 'a*': in a host, * may only stand at the beginning, as in *.example.com  :19:29"]),
        ("match: {headers: [a]}", ["components.gateway.routes[0].match.headers: a list is not a mapping of header names to values  :19:32"]),
    ],
    "to: api, timeout: 1s": [
        ("to: ap", ["components.gateway.routes[0].to: there is no component 'ap'; did you mean 'api'?  :19:33"]),
        ("to: gateway", ["components.gateway.routes[0].to: a request would go round for ever: gateway → gateway  :19:33"]),
        ("to: items", ["components.gateway.routes[0].to: 'items' is a cache: a read_through step reads it, requests do not go there  :19:33"]),
        ("to: api, timeout: 0ms", ["components.gateway.routes[0].timeout: must be above 0, not 0ms  :19:47"]),
        ("to: api, circuit_breaker: {}", ["components.gateway.routes[0].circuit_breaker: 'circuit_breaker' is not known here; known: match, to, timeout, retry  :19:38"]),
    ],
    "[{rate_limit: {rate: 100/s, burst: 20}}]": [
        ("{rate_limit: {rate: 100/s}}", ["components.gateway.policies: needs a list, got a mapping  :18:15"]),
        ("[rate_limit]", ["components.gateway.policies[0]: needs a mapping, got the text 'rate_limit'  :18:16"]),
        ("[{}]", ["components.gateway.policies[0]: is empty; give one of authenticate, rate_limit, validate  :18:16"]),
        ("[{rate_limt: {rate: 100/s}}]", ["components.gateway.policies[0].rate_limt: 'rate_limt' is not known here; did you mean 'rate_limit'?  :18:17"]),
        ("[{rate_limit: {rate: 100/s}, authenticate: {}}]", ["components.gateway.policies[0].authenticate: stands beside rate_limit; give one of authenticate, rate_limit, validate and no more  :18:44"]),
        ("[{rate_limit: null}]", ["components.gateway.policies[0].rate_limit: needs a mapping, got null  :18:29"]),
        ("[{rate_limit: {rate: 0/s}}]", ["components.gateway.policies[0].rate_limit.rate: must be above 0, not 0/s  :18:36"]),
        ("[{rate_limit: {burst: 20}}]", ["components.gateway.policies[0].rate_limit: 'rate' is missing  :18:17"]),
        ("[{rate_limit: {rate: 100/s, burst: 0}}]", ["components.gateway.policies[0].rate_limit.burst: must be at least 1, not 0  :18:50"]),
        ("[{rate_limit: {rate: 100/s, per: user}}]", ["components.gateway.policies[0].rate_limit.per: 'user' is not known; known: all, client, key, route  :18:48"]),
        ("[{rate_limit: {rate: 100/s, algorithm: sliding_window}}]", ["components.gateway.policies[0].rate_limit.algorithm: 'sliding_window' is not known; known: token_bucket  :18:54"]),
        ("[{authenticate: {reject: 5}}]", ["components.gateway.policies[0].authenticate.reject: 5 is more than the whole; did you mean 5%?  :18:40"]),
    ],
    "instances: 3": [
        ("instances: 0", ["components.api.instances: must be at least 1, not 0  :22:16"]),
        ("instances: -1", ["components.api.instances: -1 is negative; a count cannot be  :22:16"]),
        ("instances: true", ["components.api.instances: true is not a count; one is written like 500, 20k or 1.5M  :22:16"]),
        ("instances: 3.0", ["components.api.instances: 3.0 is not a whole number; write 3  :22:16"]),
        ("instances: 1M", ["components.api.instances: must be at most 10k, not 1M  :22:16"]),
        ("instances: two", ["components.api.instances: 'two' is not a count; one is written like 500, 20k or 1.5M  :22:16"]),
        ("instnaces: 3", ["components.api.instnaces: 'instnaces' is not known here; did you mean 'instances'?  :22:5"]),
    ],
    "workers: 4": [
        ("workers: 1e3", ["components.api.workers: '1e3' is a number to some YAML readers and a text to others; write 1000 or quote it  :23:14"]),
        ("workers: 0", ["components.api.workers: must be at least 1, not 0  :23:14"]),
        ("workers: 1_000", ["components.api.workers: '1_000' is a number to some YAML readers and a text to others; write 1000 or quote it  :23:14"]),
        ("workers: 0x10", ["components.api.workers: '0x10' is a number to some YAML readers and a text to others; write 16 or quote it  :23:14"]),
        ("workers: ~", ["components.api.workers: '~' is read differently by YAML readers; write null or quote it  :23:14"]),
    ],
    "queue: 50": [
        ("queue: -1", ["components.api.queue: -1 is negative; a count cannot be; or write 'unbounded'  :24:12"]),
        ("queue: unbouned", ["components.api.queue: 'unbouned' is not known; did you mean 'unbounded'?  :24:12"]),
        ("queue: 50ms", ["components.api.queue: 50ms: unknown suffix 'ms'; one is written like 500, 20k or 1.5M; or write 'unbounded'  :24:12"]),
        ("queue: 0.5", ["components.api.queue: 0.5 is not a whole number; one is written like 500, 20k or 1.5M; or write 'unbounded'  :24:12"]),
        ("queue: null", ["components.api.queue: null is not a count; one is written like 500, 20k or 1.5M; or write 'unbounded'  :24:12"]),
        ("order: random", ["components.api.order: 'random' is not known; known: fifo, lifo  :24:12"]),
        ("speed: [1, 2]", ["components.api.speed: has 2 numbers for 3 instances; give one for each, or one for all  :24:5"]),
        ("speed: 0", ["components.api.speed: must be at least 0.001, not 0  :24:12"]),
        ("speed: [1, 2, fast]", ["components.api.speed[2]: 'fast' is not a plain number; one is written like 2 or 1.5  :24:19"]),
        ("speed: [1, 2, 0]", ["components.api.speed[2]: must be at least 0.001, not 0  :24:19"]),
        ("weight: [1, 2]", ["components.api.weight: has 2 numbers for 3 instances; give one for each, or one for all  :24:5"]),
        ("weight: {}", ["components.api.weight: needs a list, got a mapping  :24:13"]),
        ("startup: 5", ["components.api.startup: 5 needs a unit; a duration is written like 5ms, 5s, 5m  :24:14"]),
        ("warm_up: {factor: 0.5, for: 1s}", ["components.api.warm_up.factor: must be at least 1, not 0.5  :24:23"]),
        ("warm_up: {factor: 2}", ["components.api.warm_up: 'for' is missing  :24:5"]),
        ("deadline_propagation: on", ["components.api.deadline_propagation: 'on' is read as a truth value by some YAML readers; write true or quote it  :24:27"]),
        ("deadline_propagation: 1", ["components.api.deadline_propagation: needs true or false, got the number 1  :24:27"]),
        ("slow_start: {window: 0s}", ["components.api.slow_start.window: must be above 0, not 0s  :24:26"]),
        ("health_check: {interval: 1s, timeout: 2s}", ["components.api.health_check.timeout: a probe that may take 2s (timeout) is not over when the next begins after 1s (interval)  :24:34"]),
        ("health_check: {interval: 1us, timeout: 1us}", ["components.api.health_check.interval: must be at least 1ms, not 1us  :24:30"]),
        ("health_check: {intervall: 1s}", ["components.api.health_check.intervall: 'intervall' is not known here; did you mean 'interval'?  :24:20"]),
        ("outlier_ejection: {consecutive_failures: 0}", ["components.api.outlier_ejection.consecutive_failures: must be at least 1, not 0  :24:46"]),
        ("work: 5ms", ["components.api.work: is short for one step: give either 'work' or 'steps'  :24:5"]),
        ("endpoints: [{match: /a}]", ["components.api.endpoints[0]: 'work' or 'steps' is missing: what is done for these requests?  :24:17"]),
        ("endpoints: [{match: /a, work: 1ms, steps: []}]", ["components.api.endpoints[0].steps: needs at least 1 item  :24:47"]),
        ("concurrency: 5", ["components.api.concurrency: 'concurrency' is not known here; known: region, regions, resident, kind, instances, workers, queue, order, …  :24:5"]),
    ],
    "balancer: least_request": [
        ("balancer: least_conn", ["components.api.balancer: 'least_conn' is not known; did you mean 'least_connections'?  :25:15"]),
        ("balancer: 5", ["components.api.balancer: needs one of 'random', 'round_robin', 'weighted_round_robin', 'least_connections', 'least_request', 'least_response_time', 'consistent_hash', 'maglev', …, got the number 5  :25:15"]),
        ("balancer: {algoritm: random}", ["components.api.balancer.algoritm: 'algoritm' is not known here; did you mean 'algorithm'?  :25:16"]),
        ("balancer: {algorithm: weighted, choices: 2}", ["components.api.balancer.algorithm: 'weighted' is not known; known: random, round_robin, weighted_round_robin, least_connections, least_request, least_response_time, consistent_hash, maglev, …  :25:27"]),
        ("balancer: {algorithm: round_robin, choices: 2}", ["components.api.balancer.choices: 'choices' means nothing to round_robin; it belongs to least_request and least_response_time  :25:49"]),
        ("balancer: {algorithm: least_request, choices: 0}", ["components.api.balancer.choices: must be at least 1, not 0  :25:51"]),
        ("balancer: {algorithm: least_request, decay: 5s}", ["components.api.balancer.decay: 'decay' means nothing to least_request; it belongs to least_response_time  :25:49"]),
        ("balancer: {algorithm: maglev, table_size: 100}", ["components.api.balancer.table_size: a Maglev table needs a prime number of rows, and 100 is none; 65537 is  :25:47"]),
        ("balancer: {algorithm: maglev, table_size: 1G}", ["components.api.balancer.table_size: a Maglev table has at most 5000011 rows, not 1000000000  :25:47"]),
        ("balancer: {algorithm: consistent_hash, key: cookie}", ["components.api.balancer.key: 'cookie' is no part of a request; write key, path, caller or header:NAME  :25:49"]),
        ("balancer: {algorithm: consistent_hash, bound: 1}", ["components.api.balancer.bound: must be above 1, not 1  :25:51"]),
        ("balancer: {panic_threshold: 50}", ["components.api.balancer.panic_threshold: 50 is more than the whole; did you mean 50%?  :25:33"]),
        ("balancer: round_robin\n    slow_start: 5s", ["components.api.slow_start: needs a balancer that looks at weights, which round_robin does not  :26:5"]),
    ],
    "    steps:\n      - work: {p50: 4ms, p99: 20ms}\n      - read_through: {cache: items, origin: db}\n      - call: {to: bank, timeout: 1s}\n": [
        ("", ["components.api: 'work', 'steps' or 'endpoints' is missing: what does an instance do for a request?  :20:3"]),
        ("    steps: []\n", ["components.api.steps: needs at least 1 item  :26:12"]),
        ("    steps: {work: 5ms}\n", ["components.api.steps: needs a list, got a mapping  :26:12", "components.items: nobody reads this cache  :27:3"]),
        ("    work: 5\n", ["components.api.work: 5 needs a unit; a duration is written like 5ms, 5s, 5m  :26:11", "components.items: nobody reads this cache  :27:3"]),
    ],
    "- work: {p50: 4ms, p99: 20ms}": [
        ("- {}", ["components.api.steps[0]: is empty; give one of work, call, parallel, read_through, publish, session  :27:9"]),
        ("- {work: 5ms, call: bank}", ["components.api.steps[0].call: stands beside work; give one of work, call, parallel, read_through, publish, session and no more  :27:21"]),
        ("- work: null", ["components.api.steps[0].work: null is not a duration; one is written like 5ms, 5s, 5m  :27:15"]),
        ("- wrok: 5ms", ["components.api.steps[0].wrok: 'wrok' is not known here; did you mean 'work'?  :27:9"]),
        ("- 5ms", ["components.api.steps[0]: needs a mapping, got the text '5ms'  :27:9"]),
        ("- idempotency: {store: items}", ["components.api.steps[0].idempotency: 'idempotency' is not known here; known: work, call, parallel, read_through, publish, session  :27:9"]),
        ("- publish: jobs", ["components.api.steps[0].publish: there is no component 'jobs'; known: gateway, api, items, db, bank  :27:18"]),
        ("- parallel: []", ["components.api.steps[0].parallel: needs at least 1 item  :27:19"]),
        ("- parallel: [{call: bank, times: 0}]", ["components.api.steps[0].parallel[0].times: must be at least 1, not 0  :27:40"]),
        ("- parallel: [{cal: bank}]", ["components.api.steps[0].parallel[0].cal: 'cal' is not known here; did you mean 'call'?  :27:21"]),
        ("- parallel: [bank]", ["components.api.steps[0].parallel[0]: needs a mapping, got the text 'bank'  :27:20"]),
        ("- parallel: [{call: bnk}]", ["components.api.steps[0].parallel[0].call: there is no component 'bnk'; did you mean 'bank'?  :27:27"]),
        ("- parallel: {calls: [{call: api}]}", ["components.api.steps[0].parallel.calls[0].call: a request would go round for ever: api → api  :27:35"]),
    ],
    "{cache: items, origin: db}": [
        ("{cache: itms, origin: db}", ["components.api.steps[1].read_through.cache: there is no component 'itms'; did you mean 'items'?  :28:31"]),
        ("{cache: db, origin: db}", ["components.api.steps[1].read_through.cache: 'db' is a database, not a cache  :28:31", "components.items: nobody reads this cache  :30:3"]),
        ("{cache: items, origin: items}", ["components.api.steps[1].read_through.origin: 'items' is a cache: a read_through step reads it, requests do not go there  :28:46"]),
        ("{cache: items}", ["components.api.steps[1].read_through: 'origin' is missing  :28:9"]),
        ("items", ["components.api.steps[1].read_through: needs a mapping, got the text 'items'  :28:23"]),
    ],
    "- read_through: {cache: items, origin: db}\n": [
        ("- call: items\n", ["components.api.steps[1].call: 'items' is a cache: a read_through step reads it, requests do not go there  :28:15"]),
        ("- call: db\n", ["components.items: nobody reads this cache  :30:3"]),
    ],
    "call: {to: bank, timeout: 1s}": [
        ("call: bnk", ["components.api.steps[2].call: there is no component 'bnk'; did you mean 'bank'?  :29:15"]),
        ("call: api", ["components.api.steps[2].call: a request would go round for ever: api → api  :29:15"]),
        ("call: gateway", ["components.api.steps[2].call: a request would go round for ever: gateway → api → gateway  :29:15"]),
        ("call: app", ["components.api.steps[2].call: 'app' is a client, not a component; known: gateway, api, items, db, bank  :29:15"]),
        ("call: {timeout: 1s}", ["components.api.steps[2].call: 'to' is missing  :29:9"]),
        ("call: {to: bank, optional: maybe}", ["components.api.steps[2].call.optional: needs true or false, got the text 'maybe'  :29:36"]),
        ("call: {to: bank, optional: 1}", ["components.api.steps[2].call.optional: needs true or false, got the number 1  :29:36"]),
        ("call: {to: bank, fallback: 1}", ["components.api.steps[2].call.fallback: 1 needs a unit; a duration is written like 1ms, 1s, 1m  :29:36"]),
        ("call: {to: bank, hedge: 5ms}", ["components.api.steps[2].call.hedge: 'hedge' is not known here; known: to, timeout, retry, optional, fallback  :29:26"]),
        ("call: []", ["components.api.steps[2].call: needs a text, got a list  :29:15"]),
    ],
    "{kind: cache, size: 50, ttl: 10s}": [
        ("{kind: cache, size: 0}", ["components.items.size: must be at least 1, not 0  :30:30"]),
        ("{kind: cache, size: 64MB}", ["components.items.size: 64MB: unknown suffix 'MB'; one is written like 500, 20k or 1.5M  :30:30"]),
        ("{kind: cache, ttl: 0s}", ["components.items.ttl: must be above 0, not 0s  :30:29"]),
        ("{kind: cache, policy: lur}", ["components.items.policy: 'lur' is not known; did you mean 'lru'?  :30:32"]),
        ("{kind: cache, hit_ratio: 130%}", ["components.items.hit_ratio: 130% is more than the whole; one is written like 20% or 0.2  :30:35"]),
        ("{kind: cache, hit_ratio: 30%, ttl: 5s}", ["components.items.hit_ratio: is for a cache without keys; it cannot stand beside ttl  :30:24"]),
        ("{kind: cache, stale_if_error: 5s}", ["components.items.stale_if_error: needs a ttl: without one nothing becomes stale  :30:24"]),
        ("{kind: cache, coalesce: 1}", ["components.items.coalesce: needs true or false, got the number 1  :30:34"]),
        ("{kind: cache, capacity: 5}", ["components.items.capacity: 'capacity' is not known here; known: match, size, ttl, policy, hit, coalesce, stale_while_revalidate, stale_if_error, …  :30:24"]),
        ("{kind: cdn, to: db}", ["components.api.steps[1].read_through.cache: 'items' is a cdn, not a cache  :28:31"]),
        ("{kind: cdn, hit_ratio: 30%, cache: {}, to: db}", ["components.api.steps[1].read_through.cache: 'items' is a cdn, not a cache  :28:31", "components.items.hit_ratio: is short for a cache without keys: give either 'hit_ratio' or 'cache'  :30:22"]),
        ("{kind: waf, to: db, block: 5, latency: 5}", ["components.api.steps[1].read_through.cache: 'items' is a waf, not a cache  :28:31", "components.items.block: 5 is more than the whole; did you mean 5%?  :30:37", "components.items.latency: 5 needs a unit; a duration is written like 5ms, 5s, 5m  :30:49"]),
    ],
    "{kind: database, connections: 10, work: 5ms}": [
        ("{kind: database, connections: 0, work: 5ms}", ["components.db.connections: must be at least 1, not 0  :31:37"]),
        ("{kind: database, connections: 10}", ["components.db: 'work' is missing  :31:3"]),
        ("{kind: database, work: 5ms, workers: 10}", ["components.db.workers: 'workers' is not known here; did you mean 'work'?  :31:35"]),
        ("{kind: database, work: 5ms, primary: us-east}", ["components.db.primary: there is no region 'us-east'; the scenario declares none under 'regions'  :31:44"]),
    ],
    "{kind: external, latency: {exponential: 40ms}}": [
        ("{kind: external}", ["components.bank: 'latency' is missing  :32:3"]),
        ("{kind: external, latency: 5ms, error_rate: 5/s}", ["components.bank.error_rate: 5/s is not a share; one is written like 20% or 0.2  :32:52"]),
        ("external", ["components.bank: needs a mapping, got the text 'external'  :32:9"]),
        ("null", ["components.bank: needs a mapping, got null  :32:9"]),
        ("[]", ["components.bank: needs a mapping, got a list  :32:9"]),
    ],
    "{exponential: 40ms}": [
        ("40", ["components.bank.latency: 40 needs a unit; a duration is written like 40ms, 40s, 40m  :32:35"]),
        ("{exponential: 40}", ["components.bank.latency.exponential: 40 needs a unit; a duration is written like 40ms, 40s, 40m  :32:49"]),
        ("{exponential: 40ms, k: 3}", ["components.bank.latency.k: 'k' is not a part of {exponential: MEAN}  :32:55"]),
        ("{expo: 40ms}", ["components.bank.latency.expo: unknown distribution 'expo'; known: empirical, exponential, erlang, gamma, uniform, normal, weibull, pareto, p50, lognormal, mixture  :32:36"]),
        ("{}", ["components.bank.latency: an empty mapping is not a distribution; known: empirical, exponential, erlang, gamma, uniform, normal, weibull, pareto, p50, lognormal, mixture  :32:26"]),
        ("[]", ["components.bank.latency: a list is not a distribution; an interval is written {uniform: [A, B]}  :32:35"]),
        ("{erlang: 4ms}", ["components.bank.latency: k missing in {erlang: MEAN, k: STAGES}  :32:26"]),
        ("{erlang: 4ms, k: 0}", ["components.bank.latency.k: 0 must be 1 or more  :32:52"]),
        ("{erlang: 4ms, k: 2.5}", ["components.bank.latency.k: 2.5 is not a whole number; one is written like 500, 20k or 1.5M  :32:52"]),
        ("{gamma: 4ms, cv: 0}", ["components.bank.latency.cv: 0 must be at least 0.001  :32:52"]),
        ("{gamma: 4ms, cv: 20%}", ["components.bank.latency.cv: 20% is not a plain number; one is written like 2 or 1.5  :32:52"]),
        ("{uniform: [5ms]}", ["components.bank.latency.uniform: a list is not an interval; one is written [A, B]  :32:45"]),
        ("{uniform: [5ms, 1ms]}", ["components.bank.latency.uniform: the interval ends at 1ms, below its start 5ms  :32:45"]),
        ("{uniform: 5ms}", ["components.bank.latency.uniform: 5ms is not an interval; one is written [A, B]  :32:45"]),
        ("{uniform: [5ms, 7]}", ["components.bank.latency.uniform: 7 needs a unit; a duration is written like 7ms, 7s, 7m  :32:45"]),
        ("{normal: 5ms}", ["components.bank.latency: sd missing in {normal: MEAN, sd: SD}  :32:26"]),
        ("{normal: 5ms, sd: 0s}", ["components.bank.latency: sd must be above 0  :32:26"]),
        ("{weibull: 5ms, k: 2}", ["components.bank.latency: shape missing in {weibull: MEAN, shape: SHAPE}  :32:26", "components.bank.latency.k: 'k' is not a part of {weibull: MEAN, shape: SHAPE}  :32:50"]),
        ("{weibull: 5ms, shape: 0.01}", ["components.bank.latency: shape 0.01 is below 0.1: the mean would come from one value in millions  :32:26"]),
        ("{pareto: 5ms}", ["components.bank.latency: alpha missing in {pareto: MIN, alpha: ALPHA, max: MAX}  :32:26"]),
        ("{pareto: 5ms, alpha: 1}", ["components.bank.latency: alpha 1 without max has an infinite mean; give a max, or an alpha above 1  :32:26"]),
        ("{pareto: 5ms, alpha: 1.5, max: 1ms}", ["components.bank.latency: max (1ms) is not above the least value (5ms)  :32:26"]),
        ("{mixture: []}", ["components.bank.latency.mixture: a list is not a mixture; one is written [{weight: WEIGHT, of: DISTRIBUTION}, …]  :32:45"]),
        ("{mixture: [5ms]}", ["components.bank.latency.mixture[0]: 5ms is not a part of a mixture; one is written {weight: WEIGHT, of: DISTRIBUTION}  :32:46"]),
        ("{mixture: [{weight: 0, of: 5ms}]}", ["components.bank.latency.mixture[0].weight: 0 must be above 0  :32:55"]),
        ("{mixture: [{weight: 1, of: 5}, {wieght: 1, of: {exponential: 2}}]}", ["components.bank.latency.mixture[0].of: 5 needs a unit; a duration is written like 5ms, 5s, 5m  :32:62", "components.bank.latency.mixture[1].wieght: 'wieght' is not a part of {weight: WEIGHT, of: DISTRIBUTION}; did you mean 'weight'?  :32:67", "components.bank.latency.mixture[1].of.exponential: 2 needs a unit; a duration is written like 2ms, 2s, 2m  :32:96"]),
        ("{empirical: sample.csv}", ["components.bank.latency.empirical: sample.csv, line 2: 'soon' is not a duration; one is written like 5ms, 5s, 5m  :32:47"]),
        ("{empirical: 5}", ["components.bank.latency.empirical: 5 is not the name of a CSV file  :32:47"]),
        ("{p50: 20ms, p99: 4ms}", ["components.bank.latency: p99 (4ms) is below p50 (20ms)  :32:26"]),
        ("{p50: 0ms, p99: 4ms}", ["components.bank.latency: p50 must be above 0  :32:26"]),
        ("{p50: 4ms, p95: 20ms}", ["components.bank.latency.p95: 'p95' is not a part of {p50: MEDIAN, p99: TAIL}; did you mean 'p99'?  :32:46"]),
        ("{lognormal: 4ms}", ["components.bank.latency: cv missing in {lognormal: MEAN, cv: CV}  :32:26"]),
        ("5mss", ["components.bank.latency: 5mss: unknown unit 'mss'; did you mean 5ms?  :32:35"]),
        ("1e3ms", ["components.bank.latency: 1e3ms has an exponent; one is written like 5ms, 5s, 5m  :32:35"]),
        ("-5ms", ["components.bank.latency: -5ms is negative; a duration cannot be  :32:35"]),
        ("{p50: 4ms, p99: 5MB}", ["components.bank.latency.p99: 5MB is a size, not a duration; one is written like 5ms, 5s, 5m  :32:51"]),
    ],
}
# fmt: on


CASES = [
    pytest.param(old, new, lines, id=" ".join(new.split())[:60] or f"no {old.split(':')[0].strip()}")
    for old, rows in CHANGES.items()
    for new, lines in rows
]


@pytest.mark.parametrize(("old", "new", "lines"), CASES)
def test_what_is_wrong_with_a_component(complaints: Complain, old: str, new: str, lines: list[str]) -> None:
    """Path, what is wrong, what would be right, line and column."""
    assert complaints(old, new) == lines


def test_components_hide_nothing(hide_nothing: HideNothing) -> None:
    """What is wrong here is said beside a wrong value and a wrong name elsewhere, and so are they."""
    hide_nothing([(old, new, lines) for old, rows in CHANGES.items() for new, lines in rows])
