"""A partial document is what can be understood of a scenario that is wrong in places, so that all the rest is checked.

The same models read the source once more, without giving up: a field that is wrong or missing is left out of its
config, where asking for it raises `Unknown`; a wrong item of a list or mapping becomes a `Gap`, where asking for
anything does. What a key means that is misspelt is not known either. Names are not judged: a wrong one names nothing,
but is a name.
"""

from collections.abc import Callable, Iterator, Set
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError, ValidationInfo
from pydantic_core import PydanticOmit, SchemaValidator

from sim.scenario.errors import Problem
from sim.scenario.locate import MOST, Schema, is_about_key
from sim.scenario.messages import message
from sim.scenario.paths import Path, parse_path
from sim.scenario.source import Source, holds
from sim.values import Unknown, nearest, parts

Model = TypeVar("Model", bound=BaseModel)
Faults = list[tuple[BaseModel, ValueError]]

_OPAQUE: Final = frozenset({"cls", "config", "default", "expected", "function", "metadata", "serialization"})


class Gap:
    """Stands where something is written that could not be understood."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name) if name.startswith("__") else Unknown("it is not known what is meant here")


_GAP: Final = Gap()


def partial(model: type[Model], source: Source, folder: Any) -> tuple[Model, list[Problem]]:
    """Reads what can be understood.

    Args:
        model: What the source should have been.
        source: What was written.
        folder: That of the scenario.

    Returns:
        An instance, or a `Gap` if nothing can be understood; and what is wrong with the parts that fit together badly,
        which strict reading does not look at while one of them is wrong.
    """
    faults: Faults = []
    document = _validator(model).validate_python(_doubtful(source), context={"folder": folder, "faults": faults})
    paths = {id(part): path for path, part in parts(document)} if faults else {}
    found = ((paths[id(config)], error) for config, error in faults if id(config) in paths)
    return document, [problem for path, error in found for problem in _problems(source, path, error)]


def _problems(source: Source, path: Path, error: ValueError) -> Iterator[Problem]:
    if not isinstance(error, ValidationError):
        yield source.problem(path, str(error), key=isinstance(source.at(path), dict))
        return
    for details in error.errors(include_url=False):
        key = is_about_key(dict(details))
        yield source.problem((*path, *details["loc"]), message(dict(details), None), key=key)


def _doubtful(source: Source) -> Any:
    """The data, with gaps where the reading of it went wrong."""
    data = source.data
    for problem in source.problems[:MOST]:
        with suppress(ValueError):
            data = _with_gap(data, parse_path(problem.path))
    return data


def _with_gap(data: Any, path: Path) -> Any:
    if not path:
        return _GAP
    step, *below = path
    if not holds(data, step):
        return data
    copy = data.copy()
    copy[step] = _with_gap(data[step], tuple(below))
    return copy


@lru_cache(maxsize=4)
def _validator(model: type[BaseModel]) -> SchemaValidator:
    return SchemaValidator(_wrapped(_or_gap, _lenient(model.__pydantic_core_schema__)))


def _lenient(schema: Any) -> Any:
    """The same core schema, of which no part fails for what is inside it."""
    if isinstance(schema, list | tuple):
        return type(schema)(map(_lenient, schema))
    if not isinstance(schema, dict):
        return schema
    kind = schema.get("type")
    opaque = _OPAQUE if isinstance(kind, str) else frozenset()
    result = {key: part if key in opaque else _lenient(part) for key, part in schema.items()}
    match kind:
        case "model":
            return _after(_builder(schema["cls"]), result["schema"], result)
        case "model-fields":
            return _before(_completed(schema["fields"]), result | {"extra_behavior": "allow"})
        case "model-field" if result["schema"]["type"] == "default":
            return result | {"schema": result["schema"] | {"schema": _wrapped(_or_omit, result["schema"]["schema"])}}
        case "model-field":
            return result | {"schema": _wrapped(_or_omit, result["schema"])}
        case "list" if "items_schema" in result:
            return result | {"items_schema": _wrapped(_or_gap, result["items_schema"])}
        case "dict":
            return result | {
                "keys_schema": {"type": "any"},
                "values_schema": _wrapped(_or_gap, result["values_schema"]),
            }
        case "function-after" if _is_model(schema):
            return _after(_tolerant(schema["function"]), result["schema"], result)
    return result


def _is_model(schema: Schema) -> bool:
    while schema["type"].startswith("function-") and "schema" in schema:
        schema = schema["schema"]
    return bool(schema["type"] == "model")


def _wrapped(function: Callable[..., Any], schema: Schema) -> Schema:
    return {"type": "function-wrap", "function": {"type": "no-info", "function": function}, "schema": schema}


def _before(function: Callable[..., Any], schema: Schema) -> Schema:
    return {"type": "function-before", "function": {"type": "no-info", "function": function}, "schema": schema}


def _after(function: Callable[..., Any], schema: Schema, of: Schema) -> Schema:
    ref = {"ref": of["ref"]} if "ref" in of else {}
    return {"type": "function-after", "function": {"type": "with-info", "function": function}, "schema": schema} | ref


def _or_omit(value: Any, handler: Callable[[Any], Any]) -> Any:
    if value is _GAP:
        raise PydanticOmit
    try:
        return handler(value)
    except (ValueError, TypeError):
        raise PydanticOmit from None


def _or_gap(value: Any, handler: Callable[[Any], Any]) -> Any:
    if value is _GAP:
        return _GAP
    try:
        return handler(value)
    except (ValueError, TypeError):
        return _GAP


def _completed(fields: dict[str, Schema]) -> Callable[[Any], Any]:
    """Puts gaps into a mapping: for the fields that are missing, and for those that misspelt keys probably mean."""
    keys = {field.get("validation_alias", name): field["schema"]["type"] != "default" for name, field in fields.items()}
    required = [key for key, is_required in keys.items() if is_required]

    def complete(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        misspelt = islice((key for key in value if key not in keys), MOST)
        lacking = [*required, *(near for key in misspelt if (near := nearest(key, keys)))]
        return value | {key: _GAP for key in lacking if key not in value}

    return complete


def _builder(cls: type[BaseModel]) -> Callable[..., BaseModel]:
    """Makes a config of the fields that are known, defaults among them; what other keys hold is its `model_extra`."""

    def build(fields: Any, info: ValidationInfo) -> BaseModel:
        values, strange, written = fields
        config = cls.model_construct(written, **values)
        object.__setattr__(config, "__pydantic_extra__", strange or None)
        for name in cls.model_fields.keys() - values.keys():
            config.__dict__.pop(name, None)
        return config

    return build


def _tolerant(validator: dict[str, Any]) -> Callable[..., Any]:
    """A validator of a whole config that notes what is wrong, and leaves out what it blames."""

    def judge(config: Any, info: ValidationInfo) -> Any:
        try:
            return validator["function"](config, *([info] if validator["type"] == "with-info" else []))
        except Unknown:
            return config
        except ValueError as error:
            info.context["faults"].append((config, error))  # type: ignore[index]
            for name in _blamed(config, error):
                config.__dict__.pop(name, None)
            return config

    return judge


def _blamed(config: BaseModel, error: ValueError) -> Set[str]:
    """The fields that an error of a whole config is about; where it names no key, those that say nothing."""
    fields = type(config).model_fields
    if not isinstance(error, ValidationError):
        return {name for name, value in vars(config).items() if value is None or name not in config.model_fields_set}
    keys = {details["loc"][0] for details in error.errors(include_url=False)}
    return {name for name, field in fields.items() if (field.alias or name) in keys}
