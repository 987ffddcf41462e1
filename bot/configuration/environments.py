"""Sections to environments: targets, Applications and windows, in an order that respects `after`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush

from bot.configuration.fields import is_application
from bot.configuration.outline import suggestion
from bot.configuration.pipeline_sections import (
    ApplicationSection,
    EnvironmentSection,
    PipelineSection,
    TargetSection,
    WriteSection,
)
from bot.configuration.report import Report
from bot.configuration.trail import Trail
from bot.domain.edit.keypath import KeyPath
from bot.domain.pipeline import Application, Deadlines, Environment, Target
from bot.domain.window import Window

_ONLY_IMAGE = WriteSection(tag="image.tag")


@dataclass(frozen=True, slots=True)
class PipelineNames:
    """The aliases and environments that one pipeline names."""

    images: tuple[str, ...]
    environments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What the file names, be it right otherwise or not, so that one mistake is not told as two."""

    forges: tuple[str, ...]
    argocd: tuple[str, ...]
    pipelines: Mapping[str, PipelineNames]


@dataclass(slots=True)
class Claims:
    """Which environment writes which key of which file, over all pipelines: two writers would fight."""

    report: Report
    taken: dict[tuple[str, ...], str] = field(default_factory=dict)

    def claim(self, target: Target, *, repository: str, by: str, trail: Trail) -> None:
        """Claim every key of a target for an environment."""
        keys = filter(None, (target.tag, target.digest, target.repository, target.reference))
        for key in (str(KeyPath.parse(each)) for each in keys):
            place = (repository, target.file, key)
            if place in self.taken:
                what = f"the same key of the same file is written by {self.taken[place]}"
                self.report.add(trail, what, "name another file, or another key in `write`")
            self.taken.setdefault(place, by)


class Environments:
    """Builds the environments of one pipeline."""

    def __init__(
        self, name: str, section: PipelineSection, known: Known, claims: Claims, report: Report
    ) -> None:
        self._name = name
        self._section = section
        self._instances = known.argocd
        self._names = known.pipelines[name]
        self._claims = claims
        self._report = report
        self._repository = f"{section.repository} {section.branch or ''}"

    def all(self) -> tuple[Environment, ...]:
        """Every environment that could be built, upstream first, else in the order of the file."""
        sections = self._section.environments
        built = {name: self._environment(name, each) for name, each in sections.items()}
        for environment in built.values():
            self._check_covered(environment, built)
        return self._ordered(built)

    def _environment(self, name: str, section: EnvironmentSection) -> Environment:
        trail = self._trail(name)
        self._check_after(trail, section)
        deadlines = section.deadlines
        return Environment(
            name=name,
            targets=tuple(self._targets(name, section)),
            after=tuple(dict.fromkeys(section.after)),
            merge=section.merge,
            applications=tuple(self._applications((*trail, "argocd"), section.argocd)),
            soak=section.soak,
            windows=tuple(
                Window(each.kind, each.schedule, each.duration, each.time_zone, each.reason)
                for each in section.windows
            ),
            settle=section.settle,
            deadlines=Deadlines(deadlines.refresh, deadlines.sync, deadlines.rollout),
        )

    def _trail(self, name: str) -> Trail:
        return ("pipelines", self._name, "environments", name)

    def _check_after(self, trail: Trail, section: EnvironmentSection) -> None:
        for position, name in enumerate(section.after):
            if name not in self._names.environments:
                fix = suggestion(name, self._names.environments, called="environments")
                self._report.add_value((*trail, "after", position), f"there is no environment {name!r}", fix)
        if section.soak and not section.after and not self._report.has((*trail, "after")):
            fix = "name the environment to soak in: after: …"
            self._report.add((*trail, "soak"), "there is nothing to soak in without `after`", fix)

    def _targets(self, name: str, section: EnvironmentSection) -> Iterator[Target]:
        for position, each in enumerate(section.values):
            trail: Trail = (*self._trail(name), "values", position)
            for alias in self._aliases(trail, each):
                write = self._write(trail, alias, each)
                if write is None:
                    continue
                target = Target(alias, each.file, write.tag, write.digest, write.repository, write.reference)
                by = f"environment {name} of pipeline {self._name} (image {alias})"
                self._claims.claim(target, repository=self._repository, by=by, trail=trail)
                yield target

    def _aliases(self, trail: Trail, section: TargetSection) -> Sequence[str]:
        """The images that stand in a file, without those that could not be read."""
        images = self._names.images
        if section.image is not None and section.image not in images:
            fix = suggestion(section.image, images, called="images")
            self._report.add_value((*trail, "image"), f"there is no image {section.image!r}", fix)
            return ()
        if section.write is not None and section.image is None and len(images) > 1:
            what = "it is not said which of the images stands there"
            self._report.add((*trail, "write"), what, f"add image: {images[0]}")
            return ()
        wanted = images if section.image is None else (section.image,)
        return [alias for alias in wanted if alias in self._section.images]

    def _write(self, trail: Trail, alias: str, section: TargetSection) -> WriteSection | None:
        """Where the image stands: what the file says, what the image says, or the default of the only one."""
        of_image: Trail = ("pipelines", self._name, "images", alias, "write")
        write = section.write or self._section.images[alias].write
        if write is None:
            if len(self._names.images) == 1:
                return _ONLY_IMAGE
            what = "`write` is missing, and several images stand in the same files"
            self._report.add(of_image, what, f"say where each does: write: {{tag: {alias}.image.tag}}")
            return None
        if not (write.tag or write.digest or write.reference):
            where = (*trail, "write") if section.write else of_image
            self._report.add(where, "it names no place for the tag", "add tag, digest or reference")
            return None
        return write

    def _applications(self, trail: Trail, sections: Sequence[ApplicationSection]) -> Iterator[Application]:
        seen: set[Application] = set()
        for position, section in enumerate(sections):
            application = self._application((*trail, position), section)
            if application in seen:
                what = f"{application} is listed twice"
                self._report.add_value((*trail, position), what, "leave one of them out")
            if application is not None:
                seen.add(application)
                yield application

    def _application(self, trail: Trail, section: ApplicationSection) -> Application | None:
        instance, name = section.instance, section.name
        if instance is None and "/" in name:
            instance, _, name = name.partition("/")
        if not is_application(name):
            what = f"{name[:80]!r} is not the name of an Application"
            self._report.add_value((*trail, "name"), what, "use lower-case letters, digits, - and .")
            return None
        if not self._instances:
            fix = "add one under argocd; {kind: simulated} does without a cluster"
            self._report.add(trail[:-1], "no Argo CD is configured", fix)
            return None
        if instance is None and len(self._instances) > 1:
            fix = f"write {self._instances[0]}/{name}"
            self._report.add_value(trail, "it is not said which Argo CD has the Application", fix)
            return None
        if instance is not None and instance not in self._instances:
            fix = suggestion(instance, self._instances, called="instances")
            self._report.add_value((*trail, "instance"), f"there is no Argo CD {instance[:80]!r}", fix)
            return None
        return Application(instance or self._instances[0], name, section.namespace, section.project)

    def _check_covered(self, environment: Environment, built: Mapping[str, Environment]) -> None:
        """What is promoted is what was live upstream: every image must stand there too."""
        aliases = {target.alias: None for target in environment.targets}
        for upstream in (built[name] for name in environment.after if name in built):
            there = {target.alias for target in upstream.targets}
            missing = [alias for alias in aliases if alias not in there]
            if missing and there:
                what = f"{', '.join(missing)} cannot come from {upstream.name}, which does not write it"
                fix = f"write it in {upstream.name} too, or name another environment in `after`"
                self._report.add((*self._trail(environment.name), "values"), what, fix)

    def _ordered(self, built: Mapping[str, Environment]) -> tuple[Environment, ...]:
        sorter = TopologicalSorter(
            {name: [each for each in one.after if each in built] for name, one in built.items()}
        )
        try:
            sorter.prepare()
        except CycleError as error:
            circle: list[str] = error.args[1]
            what = f"{' → '.join(circle)} is a circle"
            self._report.add((*self._trail(circle[-1]), "after"), what, "leave one of them out of `after`")
            return tuple(built.values())
        names = list(built)
        positions = {name: position for position, name in enumerate(names)}
        ready: list[int] = []
        ordered = []
        while sorter.is_active():
            for name in sorter.get_ready():
                heappush(ready, positions[name])
            name = names[heappop(ready)]
            sorter.done(name)
            ordered.append(built[name])
        return tuple(ordered)
