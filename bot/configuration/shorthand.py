"""Short ways to write the common case, for the loader and for the JSON schema alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema


@dataclass(frozen=True, slots=True)
class OneOrMany:
    """Marks a list for which a single element may be written."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_listed, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        many = handler(schema)
        return {"anyOf": [many["items"], many]}


@dataclass(frozen=True, slots=True)
class Short:
    """Marks a section that may be written as the text of one of its keys, or as its list with `lists`."""

    key: str
    lists: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._whole, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        whole = handler(schema)
        properties = handler.resolve_ref_schema(whole)["properties"]
        return {"anyOf": [properties[self.key], whole]}

    def _whole(self, value: object) -> object:
        is_short = isinstance(value, str) or (self.lists and isinstance(value, list | tuple))
        return {self.key: value} if is_short else value


def _listed(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]
