"""A subject is whose figure an objective or an answer names: a client, a route, a component, a kind of event.

They can be told from what is written before anything is checked, so validation knows them from its start and carries
them in its context as `subjects`; without such a context it does not judge objectives and answers. Where what declares
subjects is wrong itself, those who use them are judged when that has been mended.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from sim.metrics import METRICS, Kind, parse_measure, parse_objective
from sim.metrics.objectives import check_subject
from sim.scenario.answers import figures
from sim.values import wrong_values
from sim.values.words import clip


@dataclass(frozen=True, slots=True)
class Subjects:
    """Whom objectives and answers may speak of.

    Attributes:
        kinds: Names, and what each names.
        unsure: The kinds of which there may be more.
    """

    kinds: Mapping[str, Kind]
    unsure: Set[Kind] = frozenset()

    def can_judge(self, metric: str, subject: str | None) -> bool:
        """Whether enough is known to tell a wrong subject. Only routes have a slash in them, so others need no routes.

        Args:
            metric: A key of `METRICS`.
            subject: Whose figure; None for everything.
        """
        is_route = subject is not None and "/" in subject
        return (self.unsure if is_route else self.unsure - {"route"}).isdisjoint(METRICS[metric].kinds)

    def check(self, metric: str, subject: str | None) -> None:
        """Raises ValueError where it is sure that nothing has such a figure; the arguments are those of `can_judge`."""
        if self.can_judge(metric, subject):
            check_subject(metric, METRICS[metric], subject, self.kinds)


def _subjects_in(info: ValidationInfo) -> Subjects | None:
    """The subjects that a validation carries; None where it does not judge them."""
    return info.context.get("subjects") if isinstance(info.context, dict) else None


def _is_objective(text: str, info: ValidationInfo) -> str:
    subjects = _subjects_in(info)
    if subjects is not None:
        objective = parse_objective(text)
        subjects.check(objective.metric, objective.subject)
    return text


def _is_answer(answer: str, info: ValidationInfo) -> str:
    subjects = _subjects_in(info)
    if subjects is None:
        return answer
    wrong: list[tuple[tuple[()], ValueError]] = []
    for text in dict.fromkeys(figures(answer)):
        try:
            measure = parse_measure(text)
            subjects.check(measure.metric, measure.subject)
        except ValueError as error:
            wrong.append(((), ValueError(f"{{{clip(text)}}}: {error}")))
    if wrong:
        raise wrong_values(answer, wrong)
    return answer


Objective = Annotated[str, AfterValidator(_is_objective)]
"""A line such as `browser p99 < 300ms`."""

Answer = Annotated[str, AfterValidator(_is_answer)]
"""A text with figures in braces."""
