"""A hint names the word that was probably meant, or the few that would have been right."""

from collections.abc import Iterable

from sim.values.nearest import did_you_mean, nearest

LISTED = 8
LONGEST = 60


def hint(word: str, known: Iterable[str]) -> str:
    """Says what was probably meant by an unknown word.

    Args:
        word: What was written.
        known: What could have been, in the order in which it is listed.

    Returns:
        The end of a message: `; did you mean 'this'?`, or the first known words where none is near.
    """
    word, known = clip(word), list(known)
    if len(known) > LISTED and nearest(word, known) is None:
        known = [*known[:LISTED], "…"]
    return did_you_mean(word, known)


def a(noun: str) -> str:
    """A noun with its article: `a service`, `an external`."""
    return f"{'an' if noun[:1] in 'aeio' else 'a'} {noun}"


def clip(text: str) -> str:
    """Shortens a text so that it fits into a message."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def quote(text: str) -> str:
    """Quotes a text for a message, short and on one line."""
    return repr(clip(text))


def describe(value: object) -> str:
    """Says what was found where something else was needed: `the text 'x'`, `a mapping`."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return f"the text {quote(value)}"
        case int() | float():
            return f"the number {value}"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case _:
            return quote(str(value))
