"""A choice is a word that decides which of the keys beside it mean anything, such as the algorithm of a balancer.

`choices: 2` belongs to `least_request`, and beside `round_robin` it is an error. Whoever compares algorithms varies the
word alone; so an override of it leaves out what the file wrote for another word.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from sim.balancing.config import OPTIONS
from sim.components.queue import DELIVERIES, SIZES
from sim.components.replication import MODES


@dataclass(frozen=True)
class Choice:
    """A word and the keys beside it that depend on it.

    Attributes:
        key: Where the word is written.
        reads: For each word the keys that it reads. A key that none of them reads does not depend on the word.
    """

    key: str
    reads: Mapping[str, Collection[str]]

    def unread(self, word: object) -> frozenset[str]:
        """The keys that mean nothing beside `word`; none where that is not one of the words."""
        if not isinstance(word, str) or word not in self.reads:
            return frozenset()
        return frozenset(key for keys in self.reads.values() for key in keys) - frozenset(self.reads[word])


CHOICES: Final[Mapping[str, Choice]] = {
    "balancer": Choice("algorithm", OPTIONS),
    "replication": Choice("mode", MODES),
    "delivery": Choice("delivery", DELIVERIES),
    "size": Choice("size", SIZES),
}
"""The choices of the language, by the key of the mapping that holds the word, or of the word itself."""
