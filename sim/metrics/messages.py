"""The books of a queue: every message that a group of consumers was to get is somewhere, and in one place only."""

from collections.abc import Mapping
from typing import Any, Final

CAME: Final = ("published", "carried_over")
WENT: Final = ("acknowledged", "dead_letters", "lost", "shed", "depth", "in_flight")
"""What becomes of a message; the last two are counted in the queue itself, message by message."""


class ConservationError(AssertionError):
    """Something has been lost or invented: what came is not the sum of all that became of it."""


def check_messages(queue: str, counters: Mapping[str, Any]) -> None:
    """Checks the books of each group of consumers.

    Args:
        queue: Its name.
        counters: Of a component; all but queues have no groups.

    Raises:
        ConservationError: They do not balance.
    """
    for name, group in counters.get("groups", {}).items():
        came, went = (sum(group[key] for key in keys) for keys in (CAME, WENT))
        if came != went:
            books = ", ".join(f"{group[key]} {key}" for key in (*CAME, *WENT))
            raise ConservationError(f"{queue} had {came} messages for {name}, and {went} are left or ended: {books}")
