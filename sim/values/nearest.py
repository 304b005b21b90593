"""The nearest right word: what an error message offers to somebody who mistyped a name."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

_LONGEST: Final = 60
_SHORT: Final = 3
_LISTED: Final = 12
_MOST: Final = 1000


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that looks most like `word`, whatever its case; None if none is near, or too many are known.

    Of two words of three letters, any two are alike: there the first letter has to be the same.

    Args:
        word: What was written.
        known: The words that would have been right.
    """
    words = list(known)
    if len(word) > _LONGEST or len(words) > _MOST:
        return None
    words = [known_word for known_word in words if len(word) > _SHORT or known_word[:1].lower() == word[:1].lower()]
    by_lower = {known_word.lower(): known_word for known_word in reversed(words)}
    close = get_close_matches(word.lower(), list(by_lower), n=1, cutoff=0.65)
    return by_lower[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of an error message: `; did you mean 'x'?`, or `; known: x, y` if no known word is near.

    Args:
        word: What was written.
        known: The words that would have been right, in the order they are to be listed; the first twelve are.
    """
    words = list(known)
    near = nearest(word, words)
    if near is not None:
        return f"; did you mean '{near}'?"
    more = ["…"] if len(words) > _LISTED else []
    return f"; known: {', '.join(words[:_LISTED] + more)}" if words else ""
