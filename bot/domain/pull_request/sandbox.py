"""The sandbox in which templates are run: a small and safe part of Jinja, over plain data alone.

What a template may hold is listed, not what it may not: text, names, keys, conditions, loops over the lists
that it is given (two deep), a few filters. So it can call nothing, reach no object, and neither its time nor
its memory grows beyond bounds. Mistakes are found when it is made, with their line.
https://jinja.palletsprojects.com/en/stable/sandbox/
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from types import TracebackType
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.filters import FILTERS
from jinja2.meta import find_undeclared_variables
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.domain.pull_request.templates import LONGEST_SOURCE, MOST_ITEMS, TemplateError

_LONGEST_VALUE = 20_000
_MOST_NODES = 1_000
_DEEPEST_LOOP = 2
_BOUND = " bounded"
_LOOP_WORDS = frozenset({"index", "index0", "first", "last", "length"})
_ALLOWED = (
    *(
        nodes.Template,
        nodes.Output,
        nodes.TemplateData,
        nodes.Name,
        nodes.Const,
        nodes.Getattr,
        nodes.Getitem,
    ),
    *(nodes.If, nodes.CondExpr, nodes.For, nodes.Filter, nodes.Test, nodes.Keyword, nodes.Concat),
    *(nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not),
)
_TESTS = ("defined", "undefined", "none", "in", "eq", "ne", "==", "!=")


class _Sandbox(ImmutableSandboxedEnvironment):
    """Names and keys lead into mappings and lists, and nowhere else."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self._part(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        return self._part(obj, argument)

    def _part(self, obj: Any, key: Any) -> Any:
        if isinstance(obj, LoopContext) and key in _LOOP_WORDS:
            return getattr(obj, key)
        if isinstance(obj, Mapping) and isinstance(key, str) and key in obj:
            return obj[key]
        if isinstance(obj, list | tuple) and isinstance(key, int) and -len(obj) <= key < len(obj):
            return obj[key]
        if isinstance(obj, jinja2.Undefined):
            str(obj)  # says which name is missing
        return self.undefined(obj=obj, name=key)


def _written(value: Any) -> Any:
    if isinstance(value, str | int | jinja2.Undefined):
        return value
    raise TypeError("a list cannot be written: name one of its parts, or go through it with {% for %}")


def _capped(value: object) -> str:
    text = str(value)
    if len(text) > _LONGEST_VALUE:
        raise ValueError(f"a value has more than {_LONGEST_VALUE} characters")
    return text


def _replace(value: object, old: str, new: str) -> str:
    text = str(value)
    if len(text) + text.count(str(old)) * len(str(new)) > _LONGEST_VALUE:
        raise ValueError(f"a value has more than {_LONGEST_VALUE} characters")
    return text.replace(str(old), str(new))


def _truncate(value: object, length: int) -> str:
    text = str(value)
    return text if len(text) <= length else f"{text[: max(length - 1, 0)]}…"


def _join(values: Iterable[object], separator: str = "") -> str:
    return _capped(str(separator).join(_written(each) for each in values))


def _bounded(values: object) -> list[Any] | tuple[Any, ...]:
    """What a loop may go through; the names of no template reach this filter."""
    if isinstance(values, list | tuple) and len(values) <= MOST_ITEMS:
        return values
    if isinstance(values, jinja2.Undefined):
        str(values)  # says which name is missing
    raise TypeError("a loop goes through one of the lists, and nothing else")


_OWN_FILTERS: Mapping[str, Callable[..., Any]] = {"replace": _replace, "truncate": _truncate, "join": _join}
_FILTERS = {name: FILTERS[name] for name in ("default", "first", "last", "length", "lower", "trim", "upper")}
_FILTER_NAMES = sorted({*_FILTERS, *_OWN_FILTERS})


def run(text: str, variables: Mapping[str, Any], longest: int) -> str:
    """The text that a template gives for these variables; `TemplateError` where it cannot."""
    parts, length = [], 0
    try:
        for part in compiled(text).generate(variables):
            length += len(part)
            if length > longest:
                raise TemplateError(f"it gives more than {longest} characters")
            parts.append(part)
    except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        if isinstance(error, TemplateError):
            raise
        raise TemplateError(_reason(error), _line_in(error.__traceback__)) from error
    return "".join(parts)


def names(text: str) -> frozenset[str]:
    """The variables that a template uses."""
    return frozenset(find_undeclared_variables(_ENVIRONMENT.parse(text)))


def beginning(text: str) -> str:
    """What every text that a template gives begins with."""
    first = next(iter(_ENVIRONMENT.parse(text).body), None)
    lead = first.nodes[0] if isinstance(first, nodes.Output) and first.nodes else None
    return lead.data if isinstance(lead, nodes.TemplateData) else ""


def _environment() -> _Sandbox:
    environment = _Sandbox(
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # the texts are Markdown, and values come in harmless already
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_written,
        cache_size=0,
    )
    environment.globals.clear()
    environment.filters = {**_FILTERS, **_OWN_FILTERS, _BOUND: _bounded}
    environment.tests = {name: environment.tests[name] for name in _TESTS}
    return environment


_ENVIRONMENT = _environment()


@lru_cache(maxsize=1024)
def compiled(text: str) -> jinja2.Template:
    """The template, ready to run; `TemplateError` where it holds what is not allowed."""
    if len(text) > LONGEST_SOURCE:
        raise TemplateError(f"it has more than {LONGEST_SOURCE} characters")
    try:
        parsed = _ENVIRONMENT.parse(text)
        for problem, line in _problems(parsed):
            raise TemplateError(problem, line)
        for loop in parsed.find_all(nodes.For):
            loop.iter = nodes.Filter(loop.iter, _BOUND, [], [], None, None, lineno=loop.lineno)
        return _ENVIRONMENT.from_string(parsed)
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(_reason(error), error.lineno) from error
    except (RecursionError, MemoryError) as error:
        raise TemplateError("it is nested too deeply") from error
    except (TypeError, ValueError, ArithmeticError, LookupError) as error:  # constants, worked out early
        if isinstance(error, TemplateError):
            raise
        raise TemplateError(_reason(error)) from error


def _problems(parsed: nodes.Template) -> Iterator[tuple[str, int]]:
    count = 0
    waiting: list[tuple[nodes.Node, int]] = [(parsed, 0)]
    while waiting:
        node, depth = waiting.pop()
        count += 1
        deeper = depth + isinstance(node, nodes.For)
        if not isinstance(node, _ALLOWED):
            yield f"{type(node).__name__.lower()} is not allowed in a template", node.lineno
        elif isinstance(node, nodes.For) and node.recursive:
            yield "a loop must not be recursive", node.lineno
        elif isinstance(node, nodes.Filter) and node.name not in _FILTER_NAMES:
            known = ", ".join(_FILTER_NAMES)
            yield f"there is no filter {node.name[:40]!r} (one of {known})", node.lineno
        elif isinstance(node, nodes.Test) and node.name not in _ENVIRONMENT.tests:
            yield f"there is no test {node.name[:40]!r}", node.lineno
        elif deeper > _DEEPEST_LOOP:
            yield "loops stand three deep", node.lineno
        elif count > _MOST_NODES:
            yield "it is too long", node.lineno
        waiting += [(child, deeper) for child in node.iter_child_nodes()]


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _line_in(traceback: TracebackType | None) -> int:
    line = 0
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == "<template>":
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line
