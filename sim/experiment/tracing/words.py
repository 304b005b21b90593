"""What a trace calls the parts of a request's time: a queue in front of a database is a wait for a connection."""

from typing import Final

from sim.request import POLICY, QUEUE, SERVICE

WORDS: Final = {
    (SERVICE, "service"): "work",
    (SERVICE, "database"): "query",
    (SERVICE, "cache"): "look-up",
    (SERVICE, "external"): "answer",
    (QUEUE, "service"): "wait for a worker",
    (QUEUE, "database"): "wait for a connection",
    (POLICY, "waf"): "inspection",
    (POLICY, "gateway"): "routing",
}
"""What a part of the ledger is called at a kind of component."""
