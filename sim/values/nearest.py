"""The nearest right word: what an error message offers to somebody who mistyped a name."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that looks most like `word`, whatever its case; None if none is near.

    Args:
        word: What was written.
        known: The words that would have been right.
    """
    words = list(known)
    by_lower = {known_word.lower(): known_word for known_word in reversed(words)}
    close = get_close_matches(word.lower(), list(by_lower), n=1, cutoff=0.65)
    return by_lower[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of an error message: `; did you mean 'x'?`, or `; known: x, y` if no known word is near.

    Args:
        word: What was written.
        known: The words that would have been right, in the order they are to be listed.
    """
    words = list(known)
    near = nearest(word, words)
    if near is not None:
        return f"; did you mean '{near}'?"
    return f"; known: {', '.join(words)}" if words else ""
