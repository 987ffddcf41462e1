"""Templates of the configuration: texts with `{{ names }}`, checked when they are made.

The machinery (`bot.domain.pull_request.sandbox`) is loaded where the first template is: most configurations
have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.errors import Refused

LONGEST_SOURCE = 8_000
"""Characters of a template."""

MOST_ITEMS = 200
"""Elements of a list that a template is given."""


class TemplateError(ValueError):
    """A template that cannot be used; `line` is counted from 1, and 0 where it is not known."""

    def __init__(self, what: str, line: int = 0) -> None:
        super().__init__(f"line {line} of the template: {what}" if line else what)
        self.line = line


@dataclass(frozen=True, slots=True)
class Template:
    """A text with `{{ names }}`; `TemplateError` when it is built with what is not allowed."""

    text: str

    def __post_init__(self) -> None:
        from bot.domain.pull_request import sandbox

        sandbox.compiled(self.text)

    @property
    def names(self) -> frozenset[str]:
        """The variables that it uses."""
        from bot.domain.pull_request import sandbox

        return sandbox.names(self.text)

    @property
    def beginning(self) -> str:
        """What every text that it gives begins with."""
        from bot.domain.pull_request import sandbox

        return sandbox.beginning(self.text)

    def render(self, variables: Mapping[str, Any], *, longest: int) -> str:
        """The text for these variables: strings, and lists and mappings of them.

        Raises:
            TemplateError: a name is not among them, or the text would be longer than `longest` characters.
        """
        from bot.domain.pull_request import sandbox

        return sandbox.run(self.text, variables, longest)


def rendered(template: Template, variables: Mapping[str, Any], *, what: str, longest: int) -> str:
    """The text that a template gives, or its fault in words for people.

    Raises:
        Refused: see `Template.render`; `what` says which template.
    """
    try:
        return template.render(variables, longest=longest)
    except TemplateError as error:
        raise Refused(
            f"the template of the {what} cannot be used", why=str(error), fix="correct it in `pull_request`"
        ) from error
