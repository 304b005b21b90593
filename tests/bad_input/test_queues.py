"""A queue between a shop and its mailer, one thing at a time broken, and the exact complaints."""

# ruff: noqa: E501 - a message is one line

from collections.abc import Callable

import pytest

from sim.scenario import load

Complain = Callable[..., list[str]]
Row = tuple[str, list[str]]
"""What stands in the place of the right text, and the complaints: path, message, line and column."""

SHOP = """\
scenario: A shop with a queue
duration: 1m
clients:
  app: {traffic: {rate: 50/s}, to: shop}
components:
  shop: {kind: service, steps: [{work: 1ms}, {publish: {to: emails, delay: 1s}}]}
  emails:
    kind: queue
    consumers: [mailer]
    size: 1000
    on_full: reject
    visibility_timeout: 30s
    backoff: 1s
  mailer: {kind: service, work: 20ms}
  db: {kind: database, work: 5ms}
events:
  - {at: 20s, for: 5s, broker_down: emails}
objectives:
  - emails lag < 30s
"""

# fmt: off
CHANGES: dict[str, list[Row]] = {
    "{to: emails, delay: 1s}": [
        ("{to: emials}", ["components.shop.steps[1].publish.to: there is no component 'emials'; did you mean 'emails'?  :6:61"]),
        ("db", ["components.shop.steps[1].publish: 'db' is a database, not a queue  :6:56"]),
        ("app", ["components.shop.steps[1].publish: 'app' is a client, not a component; known: shop, emails, mailer, db  :6:56"]),
        ("{to: emails, delay: 5}", ["components.shop.steps[1].publish.delay: 5 needs a unit; a duration is written like 5ms, 5s, 5m  :6:76"]),
        ("{to: emails, poison: 5}", ["components.shop.steps[1].publish.poison: 5 is more than the whole; did you mean 5%?  :6:77"]),
        ("{to: emails, delya: 5s}", ["components.shop.steps[1].publish.delya: 'delya' is not known here; did you mean 'delay'?  :6:69"]),
        ("{}", ["components.shop.steps[1].publish: 'to' is missing  :6:47"]),
    ],
    "[mailer]": [
        ("[]", ["components.emails.consumers: needs at least 1 item  :9:16"]),
        ("db", ["components.emails.consumers: 'db' is a database; the consumers of a queue are services  :9:16"]),
        ("[mailr]", ["components.emails.consumers[0]: there is no component 'mailr'; did you mean 'mailer'?  :9:17"]),
        ("[mailer, mailer]", ["components.emails.consumers: names 'mailer' twice; a group gets each message once  :9:5"]),
        ("[{service: mailer, prefetch: 0}]", ["components.emails.consumers[0].prefetch: must be at least 1, not 0  :9:45"]),
        ("[{to: mailer}]", ["components.emails.consumers[0]: 'service' is missing  :9:17", "components.emails.consumers[0].to: 'to' is not known here; known: service, prefetch  :9:18"]),
        ("[emails]", ["components.emails.consumers[0]: 'emails' is a queue; the consumers of a queue are services  :9:17", "components.emails.consumers[0]: a request would go round for ever: emails → emails  :9:17"]),
        ("{mailer: {prefetch: 5}}", ["components.emails.consumers: 'service' is missing  :9:5", "components.emails.consumers.mailer: 'mailer' is not known here; known: service, prefetch  :9:17"]),
        ("[app]", ["components.emails.consumers[0]: 'app' is a client, not a component; known: shop, emails, mailer, db  :9:17"]),
    ],
    "    consumers: [mailer]\n": [
        ("", ["components.emails: 'consumers' is missing  :7:3"]),
    ],
    "size: 1000": [
        ("size: 0", ["components.emails.size: must be at least 1, not 0; or write 'unbounded'  :10:11"]),
        ("size: endless", ["components.emails.size: 'endless' is not a count; one is written like 500, 20k or 1.5M; or write 'unbounded'  :10:11"]),
        ("size: unbounded", ["components.emails.on_full: means nothing to an unbounded queue, which is never full  :11:5"]),
    ],
    "on_full: reject": [
        ("on_full: drop", ["components.emails.on_full: 'drop' is not known; known: block, reject, shed  :11:14"]),
        ("on_full: shed\n    partitions: 4", ["components.emails.on_full: shed drops the oldest message, and each of the partitions has one: block or reject  :11:5"]),
        ("partitions: 0", ["components.emails.partitions: must be at least 1, not 0  :11:17"]),
    ],
    "visibility_timeout: 30s": [
        ("visibility_timeout: 0s", ["components.emails.visibility_timeout: must be above 0, not 0s  :12:25"]),
        ("visibility_timeout: 30s\n    delivery: at_most_once", ["components.emails.visibility_timeout: means nothing with delivery at_most_once: nothing is delivered again  :12:5"]),
        ("delivery: exactly_once", ["components.emails.delivery: 'exactly_once' is not known; known: at_least_once, at_most_once  :12:15"]),
        ("max_deliveries: 0", ["components.emails.max_deliveries: must be at least 1, not 0  :12:21"]),
        ("dead_letter_queue: emails", ["components.emails.dead_letter_queue: stays empty without max_deliveries, after which a message goes there  :12:5"]),
        ("max_deliveries: 3\n    dead_letter_queue: emails", ["components.emails.dead_letter_queue: a request would go round for ever: emails → emails  :13:24"]),
        ("max_deliveries: 3\n    dead_letter_queue: db", ["components.emails.dead_letter_queue: 'db' is a database, not a queue  :13:24"]),
        ("delivery: at_most_once\n    dead_letter_queue: db", ["components.emails.dead_letter_queue: 'db' is a database, not a queue  :13:24"]),
    ],
    "backoff: 1s": [
        ("backoff: none", ["components.emails.backoff: without a pause a message that always fails would go round without end  :13:5"]),
        ("backoff: 0s", ["components.emails.backoff: without a pause a message that always fails would go round without end  :13:5"]),
        ("backoff: {base: 5s, max: 1s}", ["components.emails.backoff.max: 1s is less than base, 5s  :13:25"]),
        ("backof: 1s", ["components.emails.backof: 'backof' is not known here; did you mean 'backoff'?  :13:5"]),
        ("resident: key", ["components.emails.resident: is for what stands in several regions: give 'regions'  :13:5"]),
    ],
    "{kind: service, work: 20ms}": [
        ("{kind: service, steps: [{publish: emails}]}", ["components.mailer.steps[0].publish: a request would go round for ever: emails → mailer → emails  :14:45"]),
        ("{kind: service, steps: [{work: 1ms}, {call: shop}]}", ["components.mailer.steps[1].call: a request would go round for ever: shop → emails → mailer → shop  :14:55"]),
    ],
    "broker_down: emails": [
        ("broker_down: mailer", ["events[0].broker_down: 'mailer' is a service; broker_down is for queues  :17:37"]),
        ("broker_down: emials", ["events[0].broker_down: there is no component 'emials'; did you mean 'emails'?  :17:37"]),
        ("broker_down: 'emails[0]'", ["events[0].broker_down: broker_down is for all of 'emails', not for single instances; write emails  :17:37"]),
        ("publish_lost: db", ["events[0].publish_lost: 'db' is a database; publish_lost is for queues  :17:38"]),
        ("publish_lost: emails, rate: 2", ["events[0].rate: 2 is more than the whole; did you mean 2%?  :17:52"]),
        ("broker_dwn: emails", ["events[0].broker_dwn: 'broker_dwn' is not an event; did you mean 'broker_down'?  :17:24"]),
    ],
    "emails lag < 30s": [
        ("mailer lag < 30s", ["objectives[0]: 'mailer' is a service, which has no lag; emails has one  :19:5"]),
        ("emails lag < 30", ["objectives[0]: 30 needs a unit; a duration is written like 30ms, 30s, 30m  :19:5"]),
        ("emails dead_letters == 1s", ["objectives[0]: 1s: unknown suffix 's'; one is written like 500, 20k or 1.5M  :19:5"]),
        ("db depth_max < 1k", ["objectives[0]: 'db' is a database, which has no depth_max; emails has one  :19:5"]),
        ("emails lga < 1s", ["objectives[0]: 'lga' is not a metric; did you mean 'lag'?  :19:5"]),
        ("emails utilization < 50%", ["objectives[0]: 'emails' is a queue, which has no utilization; shop and mailer and db have one  :19:5"]),
    ],
}
# fmt: on


@pytest.mark.parametrize(("old", "new", "expected"), [(old, *row) for old, rows in CHANGES.items() for row in rows])
def test_a_change_for_the_worse(complaints: Complain, old: str, new: str, expected: list[str]) -> None:
    """What is wrong is said once, where it stands."""
    assert SHOP.count(old) == 1
    assert complaints(text=SHOP.replace(old, new)) == expected


@pytest.mark.parametrize(
    ("consumers", "mailer", "place"),
    [
        ("[{service: mailer, prefetch: 4}]", "workers: 2, queue: 5", "[0].prefetch"),
        ("{service: mailer, prefetch: 4}", "workers: 2, queue: 5", ".prefetch"),
        ("{service: mailer, prefetch: 4}", "workers: 2, queue: 6", ""),
        ("{service: mailer, prefetch: 4}", "workers: 2, queue: unbounded", ""),
    ],
)
def test_more_messages_than_a_consumer_has_room_for(folder: object, consumers: str, mailer: str, place: str) -> None:
    """Two workers with four messages each: two in work, and six that need a place in its own queue."""
    text = SHOP.replace("[mailer]", consumers).replace("mailer: {kind: service,", f"mailer: {{kind: service, {mailer},")
    with open("shop.yaml", "w") as file:
        file.write(text)
    message = "an instance of 'mailer' gets 8 messages and has room for 7: it refuses the others, each time they come"
    line, column = 9, text.splitlines()[8].find("4}") + 1
    expected = [f"components.emails.consumers{place}: {message}  shop.yaml:{line}:{column}"] if place else []
    found = [str(problem) for problem in load("shop.yaml").warnings]
    assert [line for line in found if "components.db" not in line] == expected


def test_without_a_queue_nothing_lags(complaints: Complain) -> None:
    """A figure that only queues count."""
    text = """\
scenario: No queue
duration: 1s
clients: {app: {traffic: {rate: 1/s}, to: api}}
components: {api: {kind: service, work: 1ms}}
objectives: [lag < 1s]
"""
    assert complaints(text=text) == ["objectives[0]: nothing in the scenario counts lag  :5:14"]


@pytest.mark.parametrize(
    ("key", "word", "gone"),
    [("delivery", "at_most_once", {"visibility_timeout", "backoff"}), ("size", "unbounded", {"on_full"})],
)
def test_another_word_leaves_out_what_only_the_old_one_reads(
    folder: object, key: str, word: str, gone: set[str]
) -> None:
    """Whoever compares ways of delivery, or sizes, varies the word alone."""
    with open("shop.yaml", "w") as file:
        file.write(SHOP)
    before = load("shop.yaml").document.components["emails"].model_fields_set
    after = load("shop.yaml", {f"components.emails.{key}": word}).document.components["emails"].model_fields_set
    assert before - after == gone
