"""A configuration is what the scenario language lets a user say about one concept.

Every component, policy, balancer and fault declares its part of the language as a `Config` beside its behaviour. The
models are strict (an unknown key is an error) and immutable; a value with one obvious meaning may be written as a
scalar: `call: db` is short for `call: {to: db}`.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, create_model, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from sim.values.blame import wrong_key

T = TypeVar("T")


class Unknown(ValueError):
    """A value was asked for that a partial document does not have: it is missing, or written wrongly."""


def known(values: Iterator[T]) -> Iterator[T]:
    """The values up to the first for which something unknown is needed."""
    with suppress(Unknown):
        yield from values


class Config(BaseModel):
    """Base of everything that YAML may say.

    Subclasses set `shorthand` to the name of the field that a bare value stands for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=False)
    shorthand: ClassVar[str | None] = None

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name in type(self).model_fields:
                raise Unknown(f"{name!r} is not known")
            return super().__getattr__(name)

    @model_validator(mode="before")
    @classmethod
    def _expand_shorthand(cls, value: Any) -> Any:
        return {cls.shorthand: value} if cls.is_short(value) else value

    @classmethod
    def is_short(cls, value: Any) -> bool:
        """Whether a value is short for a mapping that holds it under the shorthand's key."""
        return cls.shorthand is not None and not isinstance(value, dict | BaseModel)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler.resolve_ref_schema(handler(core_schema))
        if cls.shorthand is None:
            return schema
        long_form = {key: schema.pop(key) for key in list(schema) if key not in ("title", "description")}
        schema["anyOf"] = [long_form["properties"][cls.shorthand], long_form]
        return schema


def one_of(name: str, doc: str, options: Mapping[str, tuple[Any, str]]) -> type[Config]:
    """A config that is a mapping with exactly one of several keys: `{call: db}` or `{work: 5ms}`.

    Args:
        name: Of the model.
        doc: What it is, for the schema.
        options: For each key the type of its value and its description.
    """

    def check(value: Any) -> Any:
        given = [key for key in value if key in options] if isinstance(value, dict) else []
        if len(given) > 1:
            raise wrong_key(given[1], f"stands beside {given[0]}; give one of {', '.join(options)} and no more")
        if value == {}:
            raise ValueError(f"is empty; give one of {', '.join(options)}")
        return value

    fields: dict[str, Any] = {
        f"{key}_": (kind, Field(None, alias=key, description=description, json_schema_extra=_without_default))
        for key, (kind, description) in options.items()
    }
    validators: dict[str, Any] = {"check": model_validator(mode="before")(check)}
    exactly_one = {"json_schema_extra": {"minProperties": 1, "maxProperties": 1}}
    return create_model(
        name, __base__=Config, __doc__=doc, __validators__=validators, __cls_kwargs__=exactly_one, **fields
    )


def _without_default(schema: JsonSchemaValue) -> None:
    schema.pop("default", None)


def chosen(config: Config) -> tuple[str, Any]:
    """The one key that a `one_of` config has, and its value."""
    name = next(iter(config.model_fields_set))
    return name.removesuffix("_"), getattr(config, name)


def parts(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """A config, or what one holds, and everything inside it, each with its path as YAML writes it."""
    yield path, value
    inside: Iterable[tuple[str | int, Any]] = ()
    match value:
        case Config():
            fields = type(value).model_fields.items()
            inside = [(field.alias or name, vars(value)[name]) for name, field in fields if name in vars(value)]
        case dict():
            inside = value.items()
        case list() | tuple():
            inside = enumerate(value)
    for step, part in inside:
        if isinstance(part, Config | dict | list | tuple):
            yield from parts(part, (*path, step))
        else:
            yield (*path, step), part
