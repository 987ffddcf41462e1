"""Sources of Argo CD: where an Application, an ApplicationSet or a file of overrides has one.

An Application has `spec.source` or `spec.sources`, an ApplicationSet the same below `spec.template`; a file
`.argocd-source.yaml` or `.argocd-source-NAME.yaml` is a source as a whole
(https://argo-cd.readthedocs.io/en/stable/user-guide/parameters/#store-overrides-in-git).
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.edit.keypath import Index, Key, KeyPath, Step
from bot.domain.edit.objects import chosen, items, text_of
from bot.domain.edit.stream import Kind
from bot.domain.edit.values import Values
from bot.domain.errors import NotFound, Refused
from bot.domain.place import SourceName

_SPECS: dict[str, tuple[Key, ...]] = {
    "Application": (Key("spec"),),
    "ApplicationSet": (Key("spec"), Key("template"), Key("spec")),
}
_MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class Source:
    """A source: the file, of which paths begin at the object, and the steps from there to the source."""

    values: Values
    steps: tuple[Step, ...]

    def path(self, *steps: Step) -> KeyPath:
        """The path of something in the source."""
        return KeyPath((*self.steps, *steps))


def source_in(values: Values, name: SourceName) -> Source:
    """The source that is meant.

    Raises:
        NotFound: there is no such object or source.
        Refused: there are several.
    """
    objects = _objects(values, name)
    if not objects:
        return _whole(values)
    if len(objects) > 1:
        lines = ", ".join(str(values.stream.line(at)) for at in objects[:_MOST_NAMED])
        raise Refused(
            f"{len(objects)} objects of the file have sources",
            why=f"they stand in lines {lines}",
            fix="say which by object: Application/NAME",
        )
    within = values.within(objects)
    kind = text_of(values.stream, objects[0], "kind")
    return Source(within, _steps(within, _SPECS.get(kind, (Key("spec"),)), name.source))


def _objects(values: Values, name: SourceName) -> list[int]:
    """The objects that may be meant; none where the file is a source as a whole."""
    if name.object:
        return chosen(values.stream, name.object)
    return [item.root for item in items(values.stream) if item.name.kind in _SPECS]


def _whole(values: Values) -> Source:
    """A file that is a source as a whole: no object of Kubernetes calls itself so."""
    kinds = [item.name.kind for item in items(values.stream) if item.name.kind]
    if kinds:
        raise NotFound(
            "the file has no Application",
            why=f"it has objects of the kinds {', '.join(kinds[:_MOST_NAMED])}"[:200],
            fix="name the file of the Application or ApplicationSet",
        )
    return Source(values, ())


def _steps(values: Values, spec: tuple[Key, ...], source: int | str | None) -> tuple[Step, ...]:
    sources = values.node(KeyPath((*spec, Key("sources"))))
    if sources is None or values.stream.nodes[sources].kind is not Kind.SEQUENCE:
        return _only(values, spec, source)
    elements = list(values.stream.children(sources))
    called = [
        {text_of(values.stream, element, key) for key in ("name", "ref")} - {""} for element in elements
    ]
    wanted = [at for at, names in enumerate(called) if source in {at, *names}]
    if source is None and len(elements) == 1:
        wanted = [0]
    if len(wanted) == 1:
        return (*spec, Key("sources"), Index(wanted[0]))
    told = ", ".join(sorted(names)[0][:80] if names else str(at) for at, names in enumerate(called))
    error = Refused if source is None or wanted else NotFound
    what = "it is not said which source is meant" if source is None else f"the source {source} is not one"
    line = values.stream.line(sources)
    raise error(
        what, why=f"line {line}: there are {told or 'none'}", fix="name one by its index, `name` or `ref`"
    )


def _only(values: Values, spec: tuple[Key, ...], source: int | str | None) -> tuple[Step, ...]:
    """The steps to the one source of an object; that of a source hydrator is one too."""
    if source not in {None, 0}:
        raise NotFound(f"the source {source} is not there", why="there is only one", fix="leave `source` out")
    for steps in ((*spec, Key("source")), (*spec, Key("sourceHydrator"), Key("drySource"))):
        if values.node(KeyPath(steps)) is not None:
            return steps
    line = values.stream.line((values.scope.roots or (0,))[0])
    raise NotFound(
        "the object has no source",
        why=f"line {line}: neither `{KeyPath(spec)}.source` nor `{KeyPath(spec)}.sources` is there",
        fix="add it to the file, or name another object",
    )
