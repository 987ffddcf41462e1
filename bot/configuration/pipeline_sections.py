"""The sections of a pipeline, as they are written. Each text below a key is its help in editors."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from bot.configuration.base_sections import Section as Section
from bot.configuration.base_sections import WindowSection
from bot.configuration.fields import (
    AllowTags,
    Branch,
    Constraint,
    Deadline,
    Duration,
    Expression,
    Flag,
    GitAddress,
    IgnoreTag,
    ImageText,
    Issuer,
    KeyPathText,
    KeyText,
    KubernetesName,
    MarkerName,
    Name,
    ObjectText,
    Platform,
    PolicyName,
    Reference,
    RepositoryText,
    SourceText,
    StrategyName,
    SubjectRegexp,
    Text,
    ValuesFile,
)
from bot.configuration.merge_sections import MergeSection
from bot.configuration.promote_sections import PromoteSection
from bot.configuration.proposal_sections import PullRequestSection
from bot.configuration.selection_fields import CalendarText, Moment, Pattern, Reason, Tag, Template
from bot.configuration.shorthand import OneOrMany, Short
from bot.domain.choosing.selection import Direction, Jump, MovedTags, Strategy
from bot.domain.edit.spelling import Part
from bot.domain.pipeline import Deadlines

SourceFieldName = Literal[
    "helm.parameters", "helm.valuesObject", "helm.values", "kustomize.images", "plugin.env"
]


class WriteSection(Section):
    """Where an image stands in a file: key paths (`tag`, `digest`, `reference`), or one of `kustomize`,
    `container`, `containers`, `argocd`, `marker`, `pattern` and `setter`."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": [key]}
                for key in (
                    *("tag", "digest", "reference", "kustomize", "container", "containers", "argocd"),
                    *("marker", "pattern", "setter"),
                )
            ]
        }
    )

    tag: Annotated[KeyPathText | None, Field(examples=["image.tag"])] = None
    """The key that holds the tag."""
    digest: Annotated[KeyPathText | None, Field(examples=["image.digest"])] = None
    """The key that holds the digest; with it, what was tested upstream is exactly what is deployed."""
    repository: Annotated[KeyPathText | None, Field(examples=["image.repository"])] = None
    """The key that holds the image's name without tag, where that is to be kept right too."""
    reference: Annotated[KeyPathText | None, Field(examples=["containers[name=web].image"])] = None
    """The key that holds name, tag and digest in one text."""
    format: Literal["yaml", "json", "toml"] | None = None
    """How key paths are followed. Default: by the file's name; yaml, where that says nothing."""
    object: Annotated[ObjectText | None, Field(examples=["Deployment/web"])] = None
    """The Kubernetes object that is meant, where the file has several: Kind/name, Kind or /name."""
    anchors: Literal["refuse", "edit"] = "refuse"
    """What happens to a value that an alias or a merge key brings: edit changes it for all who use it."""
    create: Flag = False
    """Whether keys, entries and files that are missing are added. Entries of `kustomize` and of lists of
    `argocd` are added unless this says false."""
    kustomize: Flag = False
    """Whether it stands under `images` in a kustomization.yaml, where `name` is what manifests call it."""
    container: Annotated[Text | None, Field(examples=["web"])] = None
    """The name of the container in a manifest of any kind."""
    containers: Flag = False
    """Whether it stands in every container of a manifest that runs the image."""
    argocd: SourceFieldName | None = None
    """The part of an Application's source that holds it: in an Application, an ApplicationSet, or a file
    .argocd-source-NAME.yaml."""
    source: Annotated[SourceText | None, Field(examples=["0"])] = None
    """For `argocd`: the source's index, `name` or `ref`, where there are several."""
    name: Annotated[Text | None, Field(examples=["web"])] = None
    """For `kustomize` and kustomize.images: what manifests call the image. Default: as it is called."""
    marker: Annotated[MarkerName | None, Field(examples=["web"])] = None
    """The name in the comments that mark the lines, `# tagboat: web`; in files of any language."""
    pattern: Annotated[Expression | None, Field(examples=['version = "(.*)"'])] = None
    """An RE2 expression whose one group is the value; in files of any language."""
    part: Part = Part.TAG
    """What the group of `pattern` holds."""
    every: Flag = False
    """Whether `pattern` may match several times; all matches change together."""
    setter: Annotated[PolicyName | None, Field(examples=["flux-system:web"])] = None
    """The policy in the comments of Flux that mark the values, # {"$imagepolicy": "flux-system:web"}."""


class IdentitySection(Section):
    """Somebody who signs without a key, by Sigstore. Needs `subject` or `subject_regexp`."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": [key]} for key in ("subject", "subject_regexp")]}
    )

    issuer: Annotated[Issuer, Field(examples=["https://token.actions.githubusercontent.com"])]
    """Who vouches for the identity: the URL of an OpenID Connect provider."""
    subject: Annotated[Text | None, Field(examples=["release@example.com"])] = None
    """Who it is: an address, or the URL of a workflow with its branch or tag."""
    subject_regexp: SubjectRegexp | None = None
    """An RE2 expression for the whole of it, where it changes from signature to signature."""


class CosignSection(Section):
    """Who must have signed: the owner of one of the keys, or one of the identities."""

    keys: Annotated[tuple[KeyText, ...], OneOrMany(), Field(examples=["cosign.pub"])] = ()
    """Public keys: files, or the text of such a file. One may hold several."""
    identities: Annotated[tuple[IdentitySection, ...], OneOrMany()] = ()
    """Who signs without a key. Needs `pip install tagboat[sigstore]`."""
    annotations: dict[Text, Text] = Field(default_factory=dict)
    """What must stand in the signature, as `cosign sign --annotations` put it there."""
    trusted_root: Text | None = None
    """A file of the authorities behind identities. Default: those of the public Sigstore, fetched daily."""


class VerifySection(Section):
    """What proves an image, before it is proposed anywhere."""

    cosign: CosignSection
    """Signatures by cosign, of the digest that is deployed (the index, where there are several platforms)."""


class HoldSection(Section):
    """What runs stays. In short: the reason alone."""

    reason: Annotated[Reason, Field(examples=["the migration runs"])]
    """Why, for people who wait."""
    until: Moment | None = None
    """When it ends: a day (midnight UTC), or a time with its zone. Default: when it is taken out here."""


class PinSection(Section):
    """One tag is to run, whatever the strategy says."""

    tag: Annotated[Tag, Field(examples=["1.4.2"])]
    """The tag. It may be older than what runs; platforms and signatures are looked at all the same."""
    reason: Annotated[Reason, Field(examples=["1.5 loses sessions"])]
    """Why, for people who wonder."""
    until: Moment | None = None
    """When it ends: a day (midnight UTC), or a time with its zone. Default: when it is taken out here."""


class ImageSection(Section):
    """An image that a pipeline carries, and how its tag is chosen. In short: the image's name alone."""

    image: Annotated[ImageText, Field(examples=["ghcr.io/acme/web"])]
    """The image without a tag, as docker pull takes it; without a host it is on Docker Hub."""
    strategy: StrategyName = Strategy.SEMVER
    """What "newest" means. semver: the highest version; newest-build: the latest build; digest: one tag, as
    it moves; alphabetical: the last name; numerical: the greatest number; calver: the latest date; docker:
    the highest of the shape that runs; patch, minor, major, all: newer than what runs, at most by this part.
    (latest and name are newest-build and alphabetical.)"""
    constraint: Constraint = ""
    """For semver a range such as ">=1.0 <2" (default: every release), for digest the tag to follow."""
    allow_tags: AllowTags = "any"
    """Which tags may be candidates: any, or regexp: and an RE2 expression found in the tag."""
    ignore_tags: Annotated[tuple[IgnoreTag, ...], OneOrMany()] = ()
    """Globs of tags that are never candidates."""
    pattern: Pattern | None = None
    """An RE2 expression found in the tag, of which `extract` takes a part. Default: every tag."""
    extract: Template | None = None
    """What is put in order for the tag: $1, $name or ${name} of `pattern`. Default: the tag itself."""
    order: Direction | None = None
    """For alphabetical and numerical: asc takes the greatest (the default), desc the smallest."""
    format: CalendarText | None = None
    """For calver, in the words of calver.org: YYYY YY 0Y MM 0M WW 0W DD 0D MAJOR MINOR MICRO MODIFIER, with
    [ ] around what may be absent at the end."""
    match_prerelease: Flag = True
    """For patch, minor and major: whether a candidate must have the very pre-release that runs, or none."""
    max_jump: Jump | None = None
    """For semver and docker: the greatest part of a version that may differ from what runs. Default: any."""
    min_age: Duration = timedelta(0)
    """How long ago the digest must have been seen first. Until then the next best tag is taken."""
    platforms: Annotated[tuple[Platform, ...], OneOrMany(), Field(examples=[["linux/amd64"]])] = ()
    """Platforms that the image must offer. Default: not looked at, which costs fewer requests."""
    allow_downgrade: Flag = False
    """Whether an older tag may replace a newer one. Off, because a registry that lists too little would
    otherwise take production back."""
    moved_tags: MovedTags = MovedTags.IGNORE
    """Whether a tag that was pushed again is a new release. The digest strategy always follows."""
    hold: Annotated[HoldSection, Short("reason")] | None = None
    """Keeps what runs, with a reason."""
    pin: PinSection | None = None
    """Runs one tag, with a reason."""
    verify: VerifySection | None = None
    """Who must have signed it. Default: not looked at."""
    write: WriteSection | None = None
    """Where the value stands in the values files. Default: {tag: image.tag} for the only image."""


class TargetSection(Section):
    """A values file, and what is written there. In short: the file alone, for every image."""

    file: ValuesFile
    """The file's path from the root of the repository."""
    image: Reference | None = None
    """The image to write, by its alias. Default: every image of the pipeline."""
    write: WriteSection | None = None
    """Where its value stands in this file. Default: the image's own `write`."""


class ApplicationSection(Section):
    """An Argo CD Application to follow. In short: `name`, or `instance/name`."""

    name: Annotated[Text, Field(examples=["homepage-prod"])]
    """The Application's name."""
    instance: Reference | None = None
    """The Argo CD that has it, by its name under argocd. Default: the only one."""
    namespace: KubernetesName | None = None
    """Its namespace, for Applications outside Argo CD's own."""
    project: Text | None = None
    """Its project, which is then checked."""


class DeadlinesSection(Section):
    """How long each phase of a rollout may take before people are told. Nothing is undone then."""

    refresh: Deadline = Deadlines().refresh
    """Until Argo CD has seen the commit; it polls every three minutes by default."""
    sync: Deadline = Deadlines().sync
    """Until Argo CD has applied it."""
    rollout: Deadline = Deadlines().rollout
    """Until everything is healthy."""


class EnvironmentSection(Section):
    """One place to deploy: what to write, who merges, what to watch, and what must hold before. Needs
    `values`, `promote`, or both."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": [key]} for key in ("values", "promote")]}
    )

    values: Annotated[
        tuple[Annotated[TargetSection, Short("file")], ...],
        OneOrMany(),
        Field(min_length=1, examples=["envs/dev/values.yaml"]),
    ] = ()
    """The values files that hold the images. Default: none; they come with the directory."""
    promote: PromoteSection | None = None
    """A directory that is copied as it was proved upstream. Default: none; images alone are promoted."""
    after: Annotated[tuple[Reference, ...], OneOrMany()] = ()
    """The environments in which a release must be live first. Default: none, and the newest tag is taken."""
    soak: Duration = timedelta(0)
    """How long it must have been live there without a fault."""
    merge: Annotated[MergeSection, Short("mode")] = Field(default_factory=MergeSection)
    """Who merges the pull request: auto is Tagboat, manual a human, direct does without one. Manual unless
    you say so."""
    windows: tuple[WindowSection, ...] = ()
    """Times in which merging is allowed, or denied."""
    argocd: Annotated[tuple[Annotated[ApplicationSection, Short("name")], ...], OneOrMany()] = ()
    """The Applications to follow until they are synced and healthy. Default: none; merged counts as live."""
    settle: Duration = timedelta(seconds=15)
    """How long they must stay healthy before the release counts as live: health may flap at the start."""
    deadlines: DeadlinesSection = Field(default_factory=DeadlinesSection)
    """How long each phase of a rollout may take before people are told."""
    group: Name | None = None
    """Environments of one group share one pull request, in all pipelines of the repository and branch."""
    pull_request: PullRequestSection = Field(default_factory=PullRequestSection)
    """How its pull requests look and how often they come; what is said here goes before the pipeline's."""
    allow_workflows: Flag = False
    """Whether files may be written that CI runs, such as .gitlab-ci.yml or those in .github."""


class PipelineSection(Section):
    """Images and an ordered graph of environments."""

    repository: Annotated[RepositoryText, Field(examples=["github:acme/infra", "local:/srv/git/infra.git"])]
    """The forge and the repository there: github:acme/infra; for kind git its path or URL."""
    branch: Annotated[Branch | None, Field(examples=["main"])] = None
    """The branch that Argo CD follows. Default: the repository's default branch."""
    argocd_urls: tuple[GitAddress, ...] = ()
    """Further addresses by which Argo CD knows the repository, for mirrors and SSH aliases."""
    images: Annotated[dict[Name, Annotated[ImageSection, Short("image")]], Field(min_length=1)]
    """The images that move together, by a short name that targets use."""
    environments: Annotated[dict[Name, EnvironmentSection], Field(min_length=1)]
    """Where they go. The order of the graph is given by `after`."""
    pull_request: PullRequestSection = Field(default_factory=PullRequestSection)
    """How its pull requests look and how often they come, in every environment."""
