"""A plain scalar is a YAML value without quotes: a number, true, false, null or a text.

YAML readers disagree on many of them: `on` may be a truth value, `1:30` ninety, `010` eight, `1e3` a text. Whatever has
two readings is refused here with both ways out, so that a file means the same to everyone. What is left is the part of
the YAML 1.2 core schema on which all agree.

Source: YAML 1.2.2, chapter 10.3; YAML 1.1 type repository (bool, int, float, timestamp).
"""

import re
from collections.abc import Callable
from decimal import Decimal

Scalar = str | int | float | bool | None

_WORDS: dict[str, Scalar] = {"true": True, "false": False, "null": None}
_MISSPELT = {"~": "null", "Null": "null", "NULL": "null"} | {
    form(word): word for word in ("true", "false") for form in (str.capitalize, str.upper)
}
_TRUTH = {
    form(word): meaning
    for word, meaning in (("on", "true"), ("yes", "true"), ("off", "false"), ("no", "false"))
    for form in (str.lower, str.capitalize, str.upper)
}
_LONGEST_NUMBER = 100

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?((0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+)")


def read_plain(text: str) -> Scalar:
    """Reads a plain scalar.

    Args:
        text: The scalar as written, without surrounding space.

    Returns:
        What every YAML reader takes it for.

    Raises:
        ValueError: YAML readers disagree on it, or nothing is written.
    """
    if text in _WORDS:
        return _WORDS[text]
    if not text:
        raise ValueError(
            "nothing is written here; write [] or {} for an empty list or mapping, '' for an empty text, null for none"
        )
    if text in _TRUTH:
        raise ValueError(f"'{text}' is read as a truth value by some YAML readers; write {_TRUTH[text]} or quote it")
    if text in _MISSPELT:
        raise ValueError(f"'{text}' is read differently by YAML readers; write {_MISSPELT[text]} or quote it")
    if text[0] not in "+-.0123456789" or len(text) > _LONGEST_NUMBER:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    for pattern, complain in _TRAPS:
        if pattern.fullmatch(text):
            raise ValueError(f"'{text}' {complain(text)}")
    return text


def is_truth_word(text: str) -> bool:
    """Tells whether YAML 1.1 takes the text for a truth value though it is no `true` or `false`: on, off, yes, no."""
    return text in _TRUTH


def _exponent(text: str) -> str:
    number = Decimal(text)
    plain = f"{number:f}" if abs(number.adjusted()) < 16 else "the number without an exponent"
    return f"is a number to some YAML readers and a text to others; write {plain} or quote it"


def _sexagesimal(text: str) -> str:
    total = Decimal(0)
    for part in text.lstrip("+-").split(":"):
        total = total * 60 + Decimal(part)
    seconds = f"-{total}" if text[0] == "-" else f"{total}"
    return f"is read as {seconds} by some YAML readers; write {seconds}s or quote it"


def _based(text: str) -> str:
    return f"is a number to some YAML readers and a text to others; write {int(text.replace('_', ''), 0)} or quote it"


def _underscores(text: str) -> str:
    plain = text.replace("_", "")
    return f"is a number to some YAML readers and a text to others; write {plain} or quote it"


def _leading_zero(text: str) -> str:
    sign, digits = ("-", text[1:]) if text[0] == "-" else ("", text.lstrip("+"))
    plain = digits.lstrip("0") or "0"
    return f"is read as octal by some YAML readers; write {sign}{'0' if plain[0] == '.' else ''}{plain} or quote it"


def _date(text: str) -> str:
    return "is read as a date by some YAML readers; quote it"


def _not_finite(text: str) -> str:
    return "is not a finite number; write a number or quote it"


_TRAPS: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
    (re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)[eE][-+]?[0-9]+"), _exponent),
    (re.compile(r"[-+]?[0-9]+(:[0-5]?[0-9])+(\.[0-9]*)?"), _sexagesimal),
    (re.compile(r"[-+]?0(x[0-9a-fA-F][0-9a-fA-F_]*|o[0-7][0-7_]*|b[01][01_]*)"), _based),
    (re.compile(r"[-+]?0[0-9]+(\.[0-9]*)?"), _leading_zero),
    (re.compile(r"[-+]?[0-9][0-9_]*_[0-9_]*(\.[0-9_]*)?|[-+]?[0-9]+\.[0-9_]*_[0-9_]*"), _underscores),
    (re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?"), _date),
    (re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"), _not_finite),
)
