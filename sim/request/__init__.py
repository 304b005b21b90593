"""What travels: a request on its way down, a response on its way back, and the one outcome it ends with."""

from sim.request.request import BACKOFF, LEDGER, NETWORK, POLICY, QUEUE, SERVICE, Request, RequestKind
from sim.request.response import ANSWERS, Outcome, Response

__all__ = [
    "ANSWERS",
    "BACKOFF",
    "LEDGER",
    "NETWORK",
    "POLICY",
    "QUEUE",
    "SERVICE",
    "Outcome",
    "Request",
    "RequestKind",
    "Response",
]
