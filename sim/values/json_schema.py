"""The JSON schema of a configuration with its defaults spelled as a scenario spells them: `5s`, not `5.0`."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from sim.values.distribution import Distribution


class SpelledDefaults(GenerateJsonSchema):
    """A schema generator for `model_json_schema(schema_generator=SpelledDefaults)`."""

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
