"""A hop is one direction of a link: who sends a message, and for whom it is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Hop:
    """One direction of a link.

    Attributes:
        sender: Name of the client or component that a message leaves.
        receiver: And of the one that it is for.
        is_answer: Whether the message is an answer.
    """

    sender: str
    receiver: str
    is_answer: bool

    @property
    def name(self) -> str:
        """What a crossing is called."""
        return f"{self.sender} → {self.receiver}"
