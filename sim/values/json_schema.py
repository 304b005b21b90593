"""The JSON schema of a configuration with its defaults spelled as a scenario spells them: `5s`, not `5.0`."""

from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from sim.values.distribution import Distribution

_BOUNDS: Final = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}


class SpelledDefaults(GenerateJsonSchema):
    """A schema generator for `model_json_schema(schema_generator=SpelledDefaults)`."""

    def generate(self, schema: core_schema.CoreSchema, mode: JsonSchemaMode = "validation") -> JsonSchemaValue:
        """The schema, with the bounds of numbers in the words of JSON Schema; those of texts it cannot say."""
        generated = super().generate(schema, mode)
        _spell_bounds(generated)
        return generated

    def get_default_value(self, schema: core_schema.WithDefaultSchema) -> Any:
        """The default of a field, with its unit if it has one."""
        default = super().get_default_value(schema)
        if isinstance(default, Distribution):
            return default.to_yaml()
        inner: Any = schema["schema"]
        while "serialization" not in inner and "schema" in inner:
            inner = inner["schema"]
        serialization = inner.get("serialization", {})
        if isinstance(default, float) and serialization.get("type") == "function-plain":
            return serialization["function"](default)
        return default


def _spell_bounds(node: Any) -> None:
    if isinstance(node, list):
        for item in node:
            _spell_bounds(item)
    if not isinstance(node, dict):
        return
    bounds = {word: node.pop(word) for word in _BOUNDS if isinstance(node.get(word), int | float)}
    for form in [node, *node.get("anyOf", [])]:
        if form.get("type") in ("number", "integer"):
            form.update({_BOUNDS[word]: bound for word, bound in bounds.items()})
    for inner in node.values():
        _spell_bounds(inner)
