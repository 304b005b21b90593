"""Validation checks a source against a pydantic model, and says where each error is written.

pydantic locates an error by a trail of keys, indices and, where the model has a choice, names of branches. The trail is
followed through the model's core schema, which knows what each step of it means, and through the data at the same time.
Where a value may be one of several things and is none of them, the errors are those of the branch that it comes nearest
to.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from sim.scenario.errors import Problem, ScenarioError
from sim.scenario.messages import alternatives, is_wrong_type, message, unknown_key, unknown_value
from sim.scenario.paths import Path
from sim.scenario.source import Source, holds
from sim.values import WrongKey, nearest

Model = TypeVar("Model", bound=BaseModel)
Schema = dict[str, Any]

MOST = 100
"""How many problems are explained: who has more did not mean to write a scenario, and need not wait for all."""

_SHAPES = {
    "model-fields": "mapping",
    "tagged-union": "mapping",
    "dict": "mapping",
    "list": "list",
    "tuple": "list",
    "set": "list",
    "frozenset": "list",
    "": "any",
    "any": "any",
    "function-plain": "any",
}


def validate(model: type[Model], source: Source, context: dict[str, Any] | None = None) -> Model:
    """Checks a source against a model.

    Args:
        model: What the source must be.
        source: What was written; validators get its data, which they must not change.
        context: What validators may want to know, such as the scenario's folder.

    Returns:
        The model's instance.

    Raises:
        ScenarioError: Something is wrong, in the source as it was read or by the model; it holds all of it.
    """
    problems = list(source.problems)
    try:
        instance = model.model_validate(source.data, context=context)
    except ValidationError as error:
        known = {problem.path for problem in problems}
        problems += (problem for problem in _problems(model, source, error) if problem.path not in known)
    else:
        if not problems:
            return instance
    raise ScenarioError(problems)


def _problems(model: type[BaseModel], source: Source, error: ValidationError) -> Iterable[Problem]:
    errors = [_Error(details["loc"], dict(details)) for details in error.errors(include_url=False)[:MOST]]
    for finding in _Trail().follow(dict(model.__pydantic_core_schema__), source.data, (), errors):
        text = finding.message
        if finding.path in source.created and finding.is_missing:
            text += _meant(source, finding.path)
        yield source.problem(finding.path, text, finding.at_key)


def _meant(source: Source, created: Path) -> str:
    siblings = source.data
    for segment in created[:-1]:
        siblings = siblings[segment]
    name = str(created[-1])
    near = nearest(name, (sibling for sibling in siblings if sibling != name))
    return f"; there was no {name!r} before, did you mean {near!r}?" if near else ""


@dataclass(frozen=True, slots=True)
class _Error:
    """One of pydantic's errors, with what is left of its trail."""

    trail: tuple[str | int, ...]
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Finding:
    """What is wrong at one path; `misfit` is how much it speaks against the branch in which it was found."""

    path: Path
    message: str
    misfit: int = 1
    at_key: bool = False
    is_missing: bool = False


class _Trail:
    """Follows the trails of errors through a schema and the data, and turns the errors into findings."""

    def __init__(self) -> None:
        self._definitions: dict[str, Schema] = {}

    def follow(self, schema: Schema, value: Any, path: Path, errors: list[_Error]) -> list[_Finding]:
        """Returns the findings for errors in or below a value, of which the trails start here."""
        schema = self._unwrap(schema)
        findings: list[_Finding] = []
        steps: dict[str | int, list[_Error]] = {}
        for error in errors:
            if error.trail:
                steps.setdefault(error.trail[0], []).append(_Error(error.trail[1:], error.details))
            else:
                findings += [self._own(schema, value, path, error.details)]
        match schema.get("type"):
            case "union":
                return findings + self._union(schema, value, path, steps)
            case "model-fields":
                return findings + self._fields(schema, value, path, steps)
        for step, below in steps.items():
            findings += self._step(schema, value, path, step, below)
        return findings

    def _unwrap(self, schema: Schema) -> Schema:
        while schema:
            if schema["type"] == "definitions":
                self._definitions |= {each["ref"]: each for each in schema["definitions"]}
            if schema["type"] == "definition-ref":
                schema = self._definitions.get(schema["schema_ref"], {})
                continue
            inner = schema.get("schema") or schema.get("lax_schema") or schema.get("python_schema")
            if inner is None:
                break
            schema = inner
        return schema

    def _own(self, schema: Schema, written: Any, path: Path, details: dict[str, Any]) -> _Finding:
        kind, value, last = details["type"], details["input"], (details["loc"] or ("",))[-1]
        misfit = self._misfit(schema, value)
        match kind:
            case "extra_forbidden":
                return _Finding(path, unknown_key(str(last), ()), at_key=True)
            case "missing":
                name = f"item [{last}]" if isinstance(last, int) else repr(last)
                return _Finding(path, f"{name} is missing", at_key=True, is_missing=True)
            case "literal_error" | "enum":
                allowed = _allowed(schema)
                text = unknown_value(value, allowed) if allowed else message(details, written)
                near = isinstance(value, str) and nearest(value, map(str, allowed)) is not None
                return _Finding(path, text, 0 if near else max(misfit, 3) + 1)
            case "union_tag_invalid":
                key = schema.get("discriminator")
                at = (*path, key) if isinstance(key, str) else path
                return _Finding(at, unknown_value(details["ctx"]["tag"], list(schema.get("choices", {}))), misfit)
            case "union_tag_not_found":
                return self._no_tag(schema, value, path)
        misfit = max(misfit, 3 if is_wrong_type(kind) else 1)
        return _Finding(path, message(details, written), misfit, at_key=is_about_key(details))

    def _misfit(self, schema: Schema, value: Any) -> int:
        shape = _SHAPES.get(schema.get("type", ""), "scalar")
        if shape == "any":
            return 2
        found = "mapping" if isinstance(value, dict) else "list" if isinstance(value, list) else "scalar"
        return 1 if shape == found else 8

    def _fields(self, schema: Schema, value: Any, path: Path, steps: dict[str | int, list[_Error]]) -> list[_Finding]:
        fields = {_written_name(name, field): field["schema"] for name, field in schema["fields"].items()}
        findings: list[_Finding] = []
        unknown: list[str] = []
        for step, below in steps.items():
            if step not in fields and [error.details["type"] for error in below] == ["extra_forbidden"]:
                unknown.append(str(step))
                findings.append(_Finding((*path, step), unknown_key(str(step), list(fields)), 2, at_key=True))
        meant = {nearest(key, fields) for key in unknown}
        for step, below in steps.items():
            if [(error.trail, error.details["type"]) for error in below] == [((), "missing")]:
                if step not in meant:
                    findings.append(_Finding(path, f"{str(step)!r} is missing", 2, at_key=True, is_missing=True))
            elif step not in unknown:
                findings += self.follow(fields.get(str(step), {}), *_child(value, path, step), below)
        return findings

    def _step(self, schema: Schema, value: Any, path: Path, step: str | int, below: list[_Error]) -> list[_Finding]:
        match schema.get("type"):
            case "tagged-union" if step in schema["choices"]:
                return self.follow(schema["choices"][step], value, path, below)
            case "dict":
                inner = schema.get("values_schema", {})
            case "tuple":
                items = schema["items_schema"]
                inner = items[min(step, len(items) - 1)] if isinstance(step, int) and items else {}
            case _:
                inner = schema.get("items_schema", {})
        keys = [error for error in below if error.trail == ("[key]",)]
        findings = [_Finding((*path, step), message(error.details, step), at_key=True) for error in keys]
        rest = [error for error in below if error.trail != ("[key]",)]
        return findings + self.follow(inner, *_child(value, path, step), rest)

    def _union(self, schema: Schema, value: Any, path: Path, steps: dict[str | int, list[_Error]]) -> list[_Finding]:
        if not steps:
            return []
        choices = [choice[0] if isinstance(choice, tuple) else choice for choice in schema["choices"]]
        if len(choices) != len(steps):
            choices = [{}] * len(steps)
        branches = [
            self.follow(choice, value, path, below) for choice, below in zip(choices, steps.values(), strict=True)
        ]
        best = min(branches, key=lambda branch: _distance(branch, len(path)))
        allowed = [_allowed(self._unwrap(choice)) for choice in choices]
        words = [word for words in allowed for word in words]
        is_other = not allowed[branches.index(best)] and not best[0].is_missing
        if words and is_other and len(best) == 1 and best[0].path == path:
            return [replace(best[0], message=f"{best[0].message}; or write {alternatives(words)}")]
        return best

    def _no_tag(self, schema: Schema, value: Any, path: Path) -> _Finding:
        choices = schema.get("choices", {})
        key = schema.get("discriminator")
        wanted = [key] if isinstance(key, str) else [str(tag) for tag in choices]
        known = {name for choice in choices.values() for name in _field_names(self._unwrap(choice))}
        for written in value if isinstance(value, dict) else ():
            if written not in known and (nearest(written, wanted) or (len(value) == 1 and not isinstance(key, str))):
                return _Finding((*path, written), unknown_key(written, wanted), at_key=True)
        if isinstance(key, str):
            return _Finding(
                path, f"{key!r} is missing; write {alternatives(list(choices))}", at_key=True, is_missing=True
            )
        return _Finding(path, unknown_value(value, wanted), self._misfit(schema, value))


def is_about_key(details: dict[str, Any]) -> bool:
    """Tells whether one of pydantic's errors blames a key, or a mapping as a whole, which is best shown at its key."""
    error = details.get("ctx", {}).get("error")
    return isinstance(error, WrongKey) or (isinstance(error, ValueError) and isinstance(details["input"], dict))


def _child(value: Any, path: Path, step: str | int) -> tuple[Any, Path]:
    """Goes one step down if the data has it; a shorthand stands for more than is written."""
    return (value[step], (*path, step)) if holds(value, step) else (value, path)


def _allowed(schema: Schema) -> list[Any]:
    match schema.get("type"):
        case "literal":
            return list(schema["expected"])
        case "enum":
            return [member.value for member in schema["members"]]
    return []


def _written_name(name: str, field: Schema) -> str:
    alias = field.get("validation_alias")
    return alias if isinstance(alias, str) else name


def _field_names(schema: Schema) -> list[str]:
    return [_written_name(name, field) for name, field in schema.get("fields", {}).items()]


def _distance(branch: list[_Finding], depth: int) -> tuple[int, int, int]:
    """Tells how far a branch is from the value: first by what does not fit at its top, then by how deep it got."""
    misfit = 0
    for finding in branch:
        if len(finding.path) == depth:
            misfit += finding.misfit
        elif len(finding.path) == depth + 1:
            misfit += 2 if finding.at_key and not finding.is_missing else 1
    return misfit, -max((len(finding.path) for finding in branch), default=0), len(branch)
