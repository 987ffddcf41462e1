"""Sections to environments: targets, Applications and windows, in an order that respects `after`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush

from bot.configuration.fields import is_application, name_like
from bot.configuration.merges import check_merge, merge_rules
from bot.configuration.outline import suggestion
from bot.configuration.pipeline_sections import (
    ApplicationSection,
    EnvironmentSection,
    PipelineSection,
    TargetSection,
    WriteSection,
)
from bot.configuration.places import claimed, default_for, fault, place_of
from bot.configuration.promotions import DirectoryClaims, directory_promotion
from bot.configuration.proposals import pull_request_policy, windows
from bot.configuration.report import Report
from bot.configuration.trail import Trail
from bot.domain.errors import Refused
from bot.domain.pipeline import Application, Deadlines, Environment, Target
from bot.domain.repository_path import safe_path


@dataclass(frozen=True, slots=True)
class Known:
    """What the file names, be it right otherwise or not, so that one mistake is not told as two."""

    forges: tuple[str, ...]
    argocd: tuple[str, ...]
    registries: tuple[str, ...]


def referable(names: Iterable[str]) -> frozenset[str]:
    """What may refer to one of these names: the name, or what it will be where it cannot be one."""
    return frozenset(text for name in names for text in (name, name_like(name)))


@dataclass(slots=True)
class Claims:
    """Which environment writes which key of which file, over all pipelines: two writers would fight."""

    report: Report
    directories: DirectoryClaims
    taken: dict[tuple[str, ...], str] = field(default_factory=dict)

    def claim(self, places: Iterable[tuple[str, ...]], *, by: str, trail: Trail) -> None:
        """Claim places (repository, file, key) for an environment."""
        for place in places:
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
        self._claims = claims
        self._report = report
        self._repository = f"{section.repository} {section.branch or ''}"
        if any(report.is_told(("pipelines", name, key)) for key in ("repository", "branch")):
            self._repository = name  # Whether others write there is not known.
        self._written: dict[str, dict[str, None]] = {each: {} for each in section.environments}
        self._unsure: set[str] = set()
        self._environments = referable(section.environments)
        self._images = referable(section.images)

    def all(self) -> tuple[Environment, ...]:
        """Every environment that could be built, upstream first, else in the order of the file."""
        sections = self._section.environments
        built = {name: self._environment(name, each) for name, each in sections.items()}
        for environment in built.values():
            self._check_covered(environment)
        return self._ordered(built)

    def unwritten(self) -> list[str]:
        """The images that no environment writes; none while that is not known of every environment."""
        written = {alias for aliases in self._written.values() for alias in aliases}
        return [] if self._unsure else [alias for alias in self._section.images if alias not in written]

    def _environment(self, name: str, section: EnvironmentSection) -> Environment:
        trail = self._trail(name)
        self._check_after(trail, section)
        check_merge((*trail, "merge"), section.merge, group=section.group, report=self._report)
        deadlines = section.deadlines
        promotion = directory_promotion(section, trail, self._report)
        if promotion is not None:
            place: Trail = (*trail, "promote")
            self._claims.directories.claim(self._repository, promotion, owner=self._owner(name), trail=place)
        if not section.values and not section.promote:
            self._check_told(name, trail)
        return Environment(
            name=name,
            targets=tuple(self._targets(name, section)),
            after=tuple(dict.fromkeys(section.after)),
            merge=section.merge.mode,
            merging=merge_rules(section.merge),
            applications=tuple(self._applications((*trail, "argocd"), section.argocd)),
            soak=section.soak,
            windows=windows(section.windows),
            settle=section.settle,
            deadlines=Deadlines(deadlines.refresh, deadlines.sync, deadlines.rollout),
            group=section.group or "",
            pull_request=pull_request_policy(self._section.pull_request, section.pull_request),
            allow_workflows=section.allow_workflows,
            promote=promotion,
        )

    def _check_told(self, name: str, trail: Trail) -> None:
        """An environment that writes nothing, unless that only follows from another fault."""
        self._unsure.add(name)
        if not any(self._report.is_told(each) for each in (trail, (*trail, "values"), (*trail, "promote"))):
            fix = "write for example values: envs/dev/values.yaml, or promote"
            self._report.add((*trail, "values"), "the key is missing", fix)

    def _owner(self, name: str) -> str:
        return f"environment {name} of pipeline {self._name}"

    def _trail(self, name: str) -> Trail:
        return ("pipelines", self._name, "environments", name)

    def _check_after(self, trail: Trail, section: EnvironmentSection) -> None:
        for position, name in enumerate(section.after):
            if name not in self._environments:
                fix = suggestion(name, tuple(self._section.environments), called="environments")
                what = f"there is no environment {name[:80]!r}"
                self._report.add_value((*trail, "after", position), what, fix)
        if section.soak and not section.after and not self._report.is_told((*trail, "after")):
            fix = "name the environment to soak in: after: …"
            self._report.add((*trail, "soak"), "there is nothing to soak in without `after`", fix)

    def _targets(self, name: str, section: EnvironmentSection) -> Iterator[Target]:
        for position, each in enumerate(section.values):
            trail: Trail = (*self._trail(name), "values", position)
            self._check_file((*trail, "file"), each.file, section)
            aliases = self._aliases(trail, each)
            if aliases is None:
                self._unsure.add(name)
            for alias in aliases or ():
                self._written[name][alias] = None
                write = self._write(trail, alias, each)
                if write is None:
                    continue
                target = Target(alias, each.file, place_of(write, each.file))
                owner = self._owner(name)
                by = f"{owner} (image {alias})"
                self._claims.claim(self._places(trail, each, target), by=by, trail=trail)
                self._claims.directories.written(self._repository, each.file, owner=owner, trail=trail)
                yield target

    def _check_file(self, trail: Trail, file: str, section: EnvironmentSection) -> None:
        """What CI runs is written only where the environment allows it."""
        if self._report.is_told(trail):
            return
        try:
            safe_path(file, allow_workflows=section.allow_workflows)
        except Refused as error:
            self._report.add_value(trail, f"{error.what}: {error.why}", error.fix)

    def _places(self, trail: Trail, section: TargetSection, target: Target) -> Iterator[tuple[str, ...]]:
        """What a target writes, as far as it can be read."""
        if self._report.is_told((*trail, "file")):
            return
        where = self._where(trail, target.alias, section)
        unread = [key for key in WriteSection.model_fields if self._report.is_told((*where, key))]
        image = self._section.images[target.alias].image
        for what in claimed(target.place, image, without=unread):
            yield (self._repository, target.file, what)

    def _where(self, trail: Trail, alias: str, section: TargetSection) -> Trail:
        """Where it is said which keys to write."""
        is_here = section.write is not None
        return (*trail, "write") if is_here else ("pipelines", self._name, "images", alias, "write")

    def _aliases(self, trail: Trail, section: TargetSection) -> Sequence[str] | None:
        """The images that stand in a file; None when that cannot be told."""
        images, container = tuple(self._section.images), ("pipelines", self._name, "images")
        if any(self._report.is_told(each) for each in (container, trail, (*trail, "image"))):
            return None
        if section.image is not None and section.image not in self._images:
            fix = suggestion(section.image, images, called="images")
            self._report.add_value((*trail, "image"), f"there is no image {section.image[:80]!r}", fix)
            return None
        if section.write is not None and section.image is None and len(images) > 1:
            what = "it is not said which of the images stands there"
            self._report.add((*trail, "write"), what, f"add image: {images[0]}")
            return None
        if section.image is None:
            return images
        return (section.image,) if section.image in images else None

    def _write(self, trail: Trail, alias: str, section: TargetSection) -> WriteSection | None:
        """Where the image stands: what the file says, what the image says, or what the file's name says."""
        where = self._where(trail, alias, section)
        is_only_image = len(self._section.images) == 1
        write = (
            section.write
            or self._section.images[alias].write
            or default_for(section.file, is_only_image=is_only_image)
        )
        if write is None:
            what = "`write` is missing, and several images stand in the same files"
            self._report.add(where, what, f"say where each does: write: {{tag: {alias}.image.tag}}")
            return None
        what, fix = fault(write, section.file)
        if what:
            self._report.add(where, what, fix)
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
        if self._report.is_told(("argocd",)):
            return None
        if not self._instances:
            fix = "add one under argocd; {kind: simulated} does without a cluster"
            self._report.add(trail[:-1], "no Argo CD is configured", fix)
            return None
        if instance is None and len(self._instances) > 1:
            fix = f"write {self._instances[0]}/{name}"
            self._report.add_value(trail, "it is not said which Argo CD has the Application", fix)
            return None
        if instance is not None and instance not in referable(self._instances):
            fix = suggestion(instance, self._instances, called="instances")
            self._report.add_value((*trail, "instance"), f"there is no Argo CD {instance[:80]!r}", fix)
            return None
        return Application(instance or self._instances[0], name, section.namespace, section.project)

    def _check_covered(self, environment: Environment) -> None:
        """What is promoted is what was live upstream: every image must stand there too."""
        for upstream in environment.after:
            there = self._brought(upstream)
            if there is None or upstream in self._unsure:
                continue
            missing = [alias for alias in self._written[environment.name] if alias not in there]
            if missing:
                what = f"{', '.join(missing)} cannot come from {upstream}, which does not write it"
                fix = f"write it in {upstream} too, or name another environment in `after`"
                self._report.add((*self._trail(environment.name), "values"), what, fix)

    def _brought(self, name: str) -> Collection[str] | None:
        """The images of an environment: those that it writes, or those that come with what it copies.

        None where that cannot be told.
        """
        sections = self._section.environments
        seen: set[str] = set()
        while name in sections and name not in seen:
            section = sections[name]
            if section.values or not section.promote:
                return self._written[name]
            seen.add(name)
            name = next(iter(section.after), "")
        return None

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
