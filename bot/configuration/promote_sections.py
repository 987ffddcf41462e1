"""The section of a directory that is promoted, as written. Each text below a key is its help in editors."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from bot.configuration.base_sections import Section
from bot.configuration.fields import Flag, Text
from bot.configuration.shorthand import OneOrMany
from bot.domain.directories.directory import directory_path
from bot.domain.directories.keep import Keep
from bot.domain.errors import Refused


def _directory(text: str) -> str:
    try:
        return directory_path(text)
    except Refused as error:
        raise ValueError(str(error)) from error


def _keep(text: str) -> str:
    Keep.parse(text)
    return text


DirectoryText = Annotated[Text, AfterValidator(_directory)]
KeepText = Annotated[Text, AfterValidator(_keep)]


class PromoteSection(Section):
    """A directory whose files are copied as they were proved in the first environment of `after`."""

    directory: Annotated[DirectoryText, Field(examples=["staging/"])]
    """The directory there, by its path from the root of the repository."""
    to: Annotated[DirectoryText, Field(examples=["production/"])]
    """The directory here: files that the other one does not have are deleted."""
    keep: Annotated[
        tuple[KeepText, ...], OneOrMany(), Field(examples=[["values.yaml:replicas", "secrets/**"]])
    ] = ()
    """What stays as it is here: globs of files from the directory on (** for any folders), or glob:key.path
    for one value of YAML files."""
    overwrite: Flag = False
    """Whether changes may go that were made here since the last copy. Off: they stop it."""
