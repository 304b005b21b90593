"""A syntax error is explained in the words of someone who writes YAML, not of someone who parses it."""

import yaml

_CLOSING = {"sequence": "[", "mapping": "{"}


def explain(error: yaml.YAMLError, text: str) -> tuple[int, int, str]:
    """Finds the place of a syntax error and says what to do.

    Args:
        error: What PyYAML or libyaml raised.
        text: The whole text that was parsed.

    Returns:
        Line and column (from 1, or 0 and 0 when unknown), and the message.
    """
    mark = getattr(error, "problem_mark", None)
    if isinstance(error, yaml.MarkedYAMLError) and _is_about_its_beginning(error):
        mark = error.context_mark
    if not isinstance(error, yaml.MarkedYAMLError) or mark is None:
        return 0, 0, f"is not YAML: {error}"
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    character = line[mark.column : mark.column + 1]
    return mark.line + 1, mark.column + 1, _message(error, character)


def _is_about_its_beginning(error: yaml.MarkedYAMLError) -> bool:
    """Tells whether the end of what began wrong says nothing: an open quote, a line that is no key."""
    problem = error.problem or ""
    return "unexpected end of stream" in problem or "could not find expected ':'" in problem


def _message(error: yaml.MarkedYAMLError, character: str) -> str:
    problem = error.problem or ""
    context = error.context or ""
    since = f" that starts on line {error.context_mark.line + 1}" if error.context_mark else ""
    if "cannot start any token" in problem:
        if character == "\t":
            return "a tab cannot indent a line; use spaces"
        return f"a value cannot start with {character!r}; quote it"
    if "mapping values are not allowed" in problem:
        return "this ':' makes no sense here; check the indentation and the space after each ':', or quote the text"
    if "sequence entries are not allowed" in problem:
        return "a list item cannot start here; begin the list on a line of its own"
    if context.endswith(" node"):
        return f"a value is missing before {character!r}; quote it if it is text" if character else "a value is missing"
    if context.startswith("while parsing a flow"):
        bracket = _CLOSING.get(context.rpartition(" ")[2], "[")
        return f"a ',' or the end of the '{bracket}'{since} is missing"
    if "unexpected end of stream" in problem:
        return "this quote is not closed"
    if "could not find expected ':'" in problem:
        return "this line has no value: write a ':' and a space after the key"
    if context.startswith("while parsing a block"):
        kind = "mapping" if "mapping" in context else "list"
        return f"this does not belong to the {kind}{since}; check the indentation and the quotes"
    if "unknown escape character" in problem:
        return "this escape is unknown in a double-quoted text; write \\\\ for a backslash, or use single quotes"
    if context in ("while scanning an alias", "while scanning an anchor"):
        return "a text that starts with * or & needs quotes"
    return f"is not YAML: {f'{context}, ' if context else ''}{problem}"
