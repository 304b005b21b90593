"""Who is to blame: a validator of several values says which of them is wrong, so that the message points to it."""

from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails


class WrongKey(ValueError):
    """A key is wrong where it stands; its value may be right."""


def wrong_key(key: str, message: str, value: Any = None) -> ValidationError:
    """The error that a validator of a mapping raises when one of its keys is to blame.

    Args:
        key: The culprit, as it is written.
        message: What is wrong with it, without the place.
        value: What stands behind it.
    """
    details = InitErrorDetails(type="value_error", loc=(key,), input=value, ctx={"error": WrongKey(message)})
    return ValidationError.from_exception_data("mapping", [details])


def wrong_values(value: Any, found: Iterable[tuple[tuple[str | int, ...], ValueError]]) -> ValidationError:
    """The error that a validator raises when it finds several things wrong with a value.

    Args:
        value: What is wrong.
        found: Where in the value, by keys and indices, and what.
    """
    details = [InitErrorDetails(type="value_error", loc=loc, input=value, ctx={"error": error}) for loc, error in found]
    return ValidationError.from_exception_data("value", details)
