"""A scenario error says everything that is wrong with a scenario: what, where, and what was probably meant.

Each problem names the culprit by its path in the document, the place where it is written, and, for a misspelt word, the
nearest right one. All problems of a scenario are reported at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass

SHOWN = 25
LONGEST = 400


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where.

    Attributes:
        path: The culprit's path, as `--set` takes it; empty for the whole document.
        message: What is wrong and what would be right.
        file: The file as the user named it, or the override (`--set a.b`) that brought the value.
        line: From 1; 0 where lines make no sense (an override, a file that cannot be read).
        column: From 1; 0 where columns make no sense.
    """

    path: str
    message: str
    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        what = f"{_shortened(self.path)}: {_shortened(self.message)}" if self.path else _shortened(self.message)
        where = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return " ".join(f"{what}  {where}".splitlines())


def _shortened(text: str) -> str:
    """Leaves out the middle of a text that nobody would read to its end."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} … {text[-LONGEST // 2 :]}"


class ScenarioError(Exception):
    """The scenario cannot be used.

    Args:
        problems: All that is wrong, at least one thing, in any order.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.file, problem.line, problem.column)))
        super().__init__(self.problems)

    def __str__(self) -> str:
        lines = [str(problem) for problem in self.problems[:SHOWN]]
        if len(self.problems) > SHOWN:
            lines.append(f"… and {len(self.problems) - SHOWN} more")
        return "\n".join(lines)
