"""Writes docs/language.md: the guide to the scenario language, so that it cannot say other than what scenarios mean.

Run it with `make language`. Prose and examples stand in `language.md.j2`; every table is made of the models that read
scenarios, as the JSON Schema describes them. A model that the template leaves out is an error, and so is a metric
without a meaning.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import TypeAdapter

from sim.balancing.config import ALGORITHMS, OPTIONS
from sim.components import KINDS
from sim.metrics import METRICS, OPERATORS
from sim.metrics.latency import PERCENTILES
from sim.request import Outcome
from sim.scenario.document import Document
from sim.values import (
    Bandwidth,
    Count,
    Duration,
    Rate,
    Share,
    Size,
    SpelledDefaults,
    format_count,
    parse_count,
    parse_duration,
    parse_rate,
    parse_share,
)

HERE: Final = Path(__file__).parent
TARGET: Final = HERE / "language.md"

QUANTITIES: Final[dict[str, Any]] = {
    word: TypeAdapter(kind).json_schema()
    for word, kind in {
        "duration": Duration,
        "rate": Rate,
        "count": Count,
        "share": Share,
        "size": Size,
        "bandwidth": Bandwidth,
    }.items()
}
"""What is written with a unit, and how the schema describes it."""

MEANINGS: Final[dict[str, str]] = {
    **{name: f"{100 * share:.4g}% of the requests that ended took no longer" for name, share in PERCENTILES.items()},
    "mean": "the mean latency of the requests that ended, whatever their outcome",
    "max": "the longest latency of a request that ended",
    "availability": "successes / requests that ended or were overdue: in flight at the end for longer than the p99",
    "success_ratio": "the same",
    "drop_ratio": "1 - availability",
    "goodput": "successes per second",
    "throughput": "answers per second, refusals included",
    "in_flight": "requests that had not ended when the run did",
    "attempts": "attempts per request",
    "wasted_work": "the share of all server work whose answer nobody used",
    "utilization": "busy worker-seconds / (workers x seconds up)",
    "queue_mean": "requests waiting, averaged over time and summed over instances",
    "queue_max": "the most requests that ever waited at an instance, summed over instances",
    "hit_ratio": "the share of reads that the cache answered",
    "refused": "requests that it refused",
    "duplicate_effects": "effects that happened more than once",
    "detection": "from its start until something reacted to it: a health check, an ejection",
    "failover": "from its start until the success ratio is back at 99% of its level before",
    "recovery": "from its end until success ratio and p99 are back, and stay",
    "moved_10": "from its start until 10% of the traffic that had been sent to its target went elsewhere: requests "
    "steered to regions, calls to instances where others are left, writes to a primary that is replaced",
    "moved_50": "from its start until 50% of that traffic went elsewhere",
    "moved_99": "from its start until 99% of that traffic went elsewhere",
    "lost": "requests that it killed or refused, each attempt counted",
    "requests_lost": "users' requests that failed while it was felt, less those that would have failed anyway",
    "rto": "from its start until a replicated database accepted writes again, if it had stopped",
    "rpo": "how far back the oldest acknowledged write was made that a replicated database lost; 0 for none",
    "writes_lost": "acknowledged writes that a replicated database lost",
    "stale_reads": "reads that a replica answered without knowing of a write that had been acknowledged",
    "split_brain_writes": "writes that an old primary acknowledged after another had been promoted",
    "writes_refused": "writes that a replica did not accept, because it was not the primary or no quorum was there",
    "lag": "how old the oldest message of a queue ever was that had not been acknowledged",
    "depth": "messages that wait in a queue when the run ends",
    "depth_max": "the most messages that ever waited in a queue",
    "dead_letters": "messages given up after as many deliveries as there may be",
    "redelivered": "deliveries of messages that had been delivered before",
    "duplicates": "times that a message was processed to the end although it had been already",
    "messages_lost": "messages that a broker lost, or whose consumer failed when they are delivered at most once",
    "end_to_end_p50": "half of the messages were acknowledged in no more time than this, from when they were published",
    "end_to_end_p99": "99% of the messages were acknowledged in no more time than this, from when they were published",
}
"""What each metric of objectives says."""

_READ_BY: Final = {parse_duration: "duration", parse_share: "share", parse_rate: "rate", parse_count: "count"}
_UNBOUNDED: Final = (1, 2**63 - 1)  # of every share, and of every seed
_PLAIN: Final = {"integer": "whole number", "number": "number", "string": "text", "boolean": "`true` or `false`"}


class Guide:
    """The tables of the guide, as functions that the template calls.

    It is rendered twice: the first time finds out which headings there are, the second time can link to all of them.
    """

    def __init__(self) -> None:
        self.schema: dict[str, Any] = Document.model_json_schema(schema_generator=SpelledDefaults)
        self.models: dict[str, Any] = {"Document": self.schema, **self.schema["$defs"]}
        self.headings: dict[str, str] = {}
        self.keys: dict[str, set[str]] = {}
        self.patterns = {_pattern(described): word for word, described in QUANTITIES.items()}
        self.text = ""

    def render(self) -> str:
        """The page in Markdown.

        Raises:
            ValueError: The template leaves a model out, or a metric has no meaning.
        """
        if METRICS.keys() != MEANINGS.keys():
            raise ValueError(f"without a meaning, or no metric: {', '.join(METRICS.keys() ^ MEANINGS.keys())}")
        environment = Environment(loader=FileSystemLoader(HERE), undefined=StrictUndefined, keep_trailing_newline=True)
        template = environment.get_template("language.md.j2")
        for _ in range(2):
            self.text = template.render(guide=self, outcomes=list(Outcome), operators=" ".join(OPERATORS))
        if missing := self.models.keys() - self.headings.keys() - {"Distribution", "SizeDistribution"}:
            raise ValueError(f"the template has no place for {', '.join(sorted(missing))}")
        return self.text

    # -- what the template calls

    def part(self, model: str, heading: str) -> str:
        """A model under its heading: what it is, its short form, and a row for each key."""
        self.headings[model] = heading
        described = self.models[model]
        forms = described.get("anyOf", [described])
        long_form = next(form for form in forms if "properties" in form)
        lines = [f"### {heading}", "", described["description"], ""]
        if short := [self._short(form, long_form) for form in forms if form is not long_form]:
            lines += [f"Short: {', or '.join(short)}.", ""]
        lines += ["| key | type | default | meaning |", "|---|---|---|---|"]
        for key, value in long_form["properties"].items():
            self.keys.setdefault(key, set()).add(heading)
            default = "required" if key in long_form.get("required", []) else self._default(value)
            lines.append(_row(f"`{key}`", self._type(value), default, value["description"]))
        return "\n".join(lines)

    def units(self) -> str:
        """A row for each quantity."""
        rows = [
            _row(word, described["description"].partition(": ")[2], _examples(described))
            for word, described in QUANTITIES.items()
        ]
        return "\n".join(["| type | how it is written | such as |", "|---|---|---|", *rows])

    def distributions(self) -> str:
        """A row for each form of a distribution."""
        constant, *forms = self.models["Distribution"]["oneOf"]
        rows = [_row(f"`{constant['examples'][0]}`", "Always the same.", "")]
        for form in forms:
            meaning, _, written = form["description"].partition(" {")
            said = (f"`{key}`: {value['description'].rstrip('.')}" for key, value in form["properties"].items())
            rows.append(_row(f"`{{{written}`", meaning, "; ".join(said)))
        return "\n".join(["| written | what it is | its keys |", "|---|---|---|", *rows])

    def kinds(self) -> str:
        """A row for each kind of component."""
        described = {kind: self.models[each.config.__name__] for kind, each in KINDS.items()}
        rows = [
            _row(f"`{kind}`", f"{each['description']} See {self._link(KINDS[kind].config.__name__)}.")
            for kind, each in described.items()
        ]
        return "\n".join(["| kind | what it is |", "|---|---|", *rows])

    def algorithms(self) -> str:
        """A row for each algorithm of a balancer."""
        rows = []
        for name, balancer in ALGORITHMS.items():
            options = " ".join(f"`{option}`" for option in OPTIONS[name]) or "–"
            weighted = "yes" if balancer.weighted else "no"
            rows.append(_row(f"`{name}`", (balancer.__doc__ or "").split("\n")[0], options, weighted))
        return "\n".join(["| algorithm | what it does | its options | reads weights |", "|---|---|---|---|", *rows])

    def metrics(self) -> str:
        """A row for each metric of objectives."""
        rows = []
        for name, metric in METRICS.items():
            without = "the whole run" if metric.whole else "added up" if metric.added else "the worst"
            rows.append(
                _row(f"`{name}`", MEANINGS[name], _READ_BY.get(metric.unit.parse, "number"), metric.owners, without)
            )
        return "\n".join(["| metric | meaning | type | of | without a subject |", "|---|---|---|---|---|", *rows])

    def contents(self) -> str:
        """A link to each section, and to each part in it."""
        lines: list[str] = []
        for level, heading in re.findall(r"^(##+) (.+)$", self.text, re.MULTILINE):
            if level == "##":
                lines.append(f"- [{heading}](#{_slug(heading)})")
            elif level == "###":
                lines[-1] += (":" if lines[-1].endswith(")") and lines[-1].count("](") == 1 else ",") + (
                    f" [{heading}](#{_slug(heading)})"
                )
        return "\n".join(lines)

    def index(self) -> str:
        """Every key, and the parts that have it."""
        rows = []
        for key, headings in sorted(self.keys.items()):
            places = ", ".join(f"[{heading}](#{_slug(heading)})" for heading in sorted(headings))
            rows.append(f"- `{key}`: {places}")
        return "\n".join(rows)

    # -- how a schema is spelled

    def _link(self, model: str) -> str:
        if model == "Distribution":
            return "duration or [distribution](#distributions)"
        if model == "SizeDistribution":
            return "size or [distribution](#distributions)"
        heading = self.headings.get(model, model)
        return f"[{heading}](#{_slug(heading)})"

    def _type(self, schema: dict[str, Any]) -> str:
        """What a user writes for it."""
        forms = [form for form in schema.get("anyOf", schema.get("oneOf", [schema])) if form.get("type") != "null"]
        for form in forms:
            if form.get("pattern") in self.patterns:
                return f"[{self.patterns[form['pattern']]}](#units){_bounds(forms)}"
        return " or ".join(dict.fromkeys(self._form(form) for form in forms))

    def _form(self, form: dict[str, Any]) -> str:
        if "anyOf" in form or "oneOf" in form:
            return self._type(form)
        if "$ref" in form:
            return self._link(form["$ref"].rpartition("/")[2])
        if "const" in form:
            return f"`{form['const']}`"
        if "enum" in form:
            return " ".join(dict.fromkeys(f"`{word}`" for word in form["enum"]))
        if form.get("format") == "path":
            return "file"
        if form.get("type") == "array":
            return f"list of {self._type(form['items'])}"
        if "properties" in form:
            return f"`{{{', '.join(f'{key}: …' for key in form['properties'])}}}`"
        if form.get("type") == "object":
            return f"mapping of names to {self._type(form['additionalProperties'])}"
        if isinstance(form["type"], list):
            return " or ".join(_PLAIN[each] for each in form["type"])
        if form["type"] == "string" and "pattern" in form:
            return "text"
        return f"{_PLAIN[form['type']]}{_bounds([form])}"

    def _short(self, form: dict[str, Any], long_form: dict[str, Any]) -> str:
        """What may be written in place of a mapping."""
        if "const" in form:
            return self._form(form)
        key = next((key for key, value in long_form["properties"].items() if value == form), None)
        if key is not None:
            return f"its `{key}` alone"
        return _examples(form)

    def _default(self, value: dict[str, Any]) -> str:
        default = value.get("default")
        if default is None or default == "":
            return "–"
        if "$ref" in value and isinstance(default, dict):
            default = next(word for word in default.values() if word is not None)
        if isinstance(default, list):
            return f"`[{', '.join(map(str, default))}]`"
        if isinstance(default, float) and default.is_integer():
            default = int(default)
        return f"`{default if isinstance(default, str) else json.dumps(default)}`"


def _pattern(described: dict[str, Any]) -> str:
    """The pattern of a quantity that is written as a text."""
    return next(form["pattern"] for form in described.get("anyOf", [described]) if "pattern" in form)


def _bounds(forms: list[dict[str, Any]]) -> str:
    """The least and the largest number of a schema, where they are not those of every number of its kind."""
    numbers = next((form for form in forms if form.get("type") in ("integer", "number")), {})
    low, above, high = (numbers.get(word) for word in ("minimum", "exclusiveMinimum", "maximum"))
    if high in _UNBOUNDED:
        high = None
    if low is not None and high is not None:
        return f", {format_count(low)} to {format_count(high)}"
    parts = [
        f"at least {format_count(low)}" if low else "",
        f"above {format_count(above)}" if above is not None else "",
    ]
    parts.append(f"at most {format_count(high)}" if high is not None else "")
    return "".join(f", {part}" for part in parts if part)


def _examples(described: dict[str, Any]) -> str:
    return " ".join(f"`{example}`" for example in described["examples"])


def _row(*cells: str) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _slug(heading: str) -> str:
    """What GitHub calls a heading in a link."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def main() -> int:
    """Writes the page."""
    TARGET.write_text(Guide().render(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
