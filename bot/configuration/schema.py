"""The JSON schema of the configuration, for completion and help in editors.

`python -m bot.configuration.schema > config/tagboat.schema.json` writes it anew.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from bot.configuration.sections import ConfigurationSection
from bot.domain.pull_request.moment import span


class _Generator(GenerateJsonSchema):
    """Pydantic's schema in the words of the file: no null, no titles, and lengths of time as text."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """None only means that the key is not there."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """A key without a value of its own has no default to show."""
        if schema.get("default") is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def encode_default(self, dft: Any) -> Any:
        """Lengths of time as they are written."""
        return span(dft) if isinstance(dft, timedelta) else super().encode_default(dft)

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """A mapping with named entries has no others."""
        found = super().dict_schema(schema)
        return {**found, "additionalProperties": False} if "patternProperties" in found else found

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        """A title would only repeat the key."""
        return False

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """The class's name says nothing to the reader of a file."""
        found = super().model_schema(schema)
        found.pop("title", None)
        return found


def schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of a whole configuration."""
    found = ConfigurationSection.model_json_schema(schema_generator=_Generator, mode="validation")
    return {"$schema": _Generator.schema_dialect, "title": "Tagboat", **found}


def text() -> str:
    """The schema as it is kept in config/tagboat.schema.json."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
