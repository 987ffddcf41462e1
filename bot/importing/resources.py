"""What Argo CD Image Updater is told by its custom resources, ImageUpdaters.

What stands closer to the image wins. Every field that is not read is told by its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from bot.importing.annotations import is_annotated
from bot.importing.objects import Application, mapping, mappings, text, texts
from bot.importing.updater import NOT_LIVE, UNKNOWN, Watched, WatchedImage, named_image

_SETTINGS = ("updateStrategy", "allowTags", "ignoreTags", "pullSecret", "platforms", "forceUpdate")
_GIT = ("repository", "branch", "writeBackTarget", "pullRequest")
_SPEC_KEYS = ("namespace", "commonUpdateSettings", "writeBackConfig", "applicationRefs", "images")
_REF_KEYS = (
    *("namePattern", "labelSelectors", "useAnnotations", "images"),
    *("commonUpdateSettings", "writeBackConfig"),
)
_IMAGE_KEYS = ("alias", "imageName", "commonUpdateSettings", "manifestTargets", "platforms")
_FORGES = ("github", "gitlab", "gitea")
_WILD = "*?["
_EXACT = 1_000


def by_resource(each: Mapping[str, Any], known: Sequence[Application], lost: list[str]) -> list[Watched]:
    """The Applications that an ImageUpdater names, each by the reference that fits it best.

    `lost` takes what is said of no Application that is known.
    """
    spec, metadata = mapping(each, "spec"), mapping(each, "metadata")
    name, home = text(metadata.get("name")), text(metadata.get("namespace"))
    namespace = text(spec.get("namespace")) or home
    lost += (f"ImageUpdater {name}: {line}" for line in _unknown(spec, _SPEC_KEYS, "spec."))
    lost += (f"ImageUpdater {name}: {line}" for line in _shared(spec, "spec."))
    watched: dict[str, Watched] = {}
    for ref in sorted(mappings(spec.get("applicationRefs")), key=_specificity, reverse=True):
        pattern = text(ref.get("namePattern"))
        where = f"ImageUpdater {name}: namePattern {pattern}"
        lost += (f"{where}: {line}" for line in (*_unknown(ref, _REF_KEYS, ""), *_shared(ref, "")))
        matching = [one for one in known if _matches(one, ref, pattern, namespace)]
        if not matching:
            lost.append(f"{where}: none of the Applications that were given has such a name and labels")
        if ref.get("useAnnotations") is True:
            lost += (
                f"{where}: useAnnotations: Application {one.name} has no annotation image-list"
                for one in matching
                if not is_annotated(one)
            )
            continue
        for one in matching:
            watched.setdefault(one.name, _referred(one, spec, ref, home))
    return list(watched.values())


def _specificity(ref: Mapping[str, Any]) -> tuple[int, bool]:
    """How closely a reference names its Applications: exact names first, then the longest pattern."""
    pattern = text(ref.get("namePattern"))
    is_exact = not any(mark in pattern for mark in _WILD)
    return len(pattern.replace("*", "")) + _EXACT * is_exact, bool(ref.get("labelSelectors"))


def _matches(application: Application, ref: Mapping[str, Any], pattern: str, namespace: str) -> bool:
    if application.namespace and namespace and application.namespace != namespace:
        return False
    selectors = mapping(ref, "labelSelectors")
    labels = mapping(selectors, "matchLabels")
    if any(application.labels.get(key) != text(value) for key, value in labels.items()):
        return False
    if not all(_fits(application.labels, one) for one in mappings(selectors.get("matchExpressions"))):
        return False
    return fnmatchcase(application.name, pattern)


def _fits(labels: Mapping[str, str], expression: Mapping[str, Any]) -> bool:
    """Whether labels fit one expression of a selector; one with an unknown operator fits nothing."""
    key, values = text(expression.get("key")), texts(expression.get("values"))
    return {
        "In": labels.get(key) in values,
        "NotIn": labels.get(key) not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }.get(text(expression.get("operator")), False)


def _referred(
    application: Application, spec: Mapping[str, Any], ref: Mapping[str, Any], home: str
) -> Watched:
    above = [mapping(spec, "commonUpdateSettings"), mapping(ref, "commonUpdateSettings")]
    writing = mapping(spec, "writeBackConfig") | mapping(ref, "writeBackConfig")
    git = mapping(spec, "writeBackConfig", "gitConfig") | mapping(ref, "writeBackConfig", "gitConfig")
    images = mappings(ref.get("images")) or mappings(spec.get("images"))
    return Watched(
        application,
        tuple(_configured(one, above) for one in images),
        text(writing.get("method")),
        text(git.get("writeBackTarget")),
        text(git.get("branch")),
        text(git.get("repository")),
        opens_pull_requests=git.get("pullRequest") is not None,
        secrets=home,
        lost=tuple(line for one in images for line in _image_lost(one)),
    )


def _configured(each: Mapping[str, Any], above: Sequence[Mapping[str, Any]]) -> WatchedImage:
    settings: dict[str, Any] = {}
    # Its first releases had `platforms` beside the name of the image.
    for level in (*above, {"platforms": each.get("platforms")}, mapping(each, "commonUpdateSettings")):
        settings |= {key: value for key, value in level.items() if value not in (None, "", [])}
    helm = mapping(each, "manifestTargets", "helm")
    return replace(
        named_image(text(each.get("alias")), text(each.get("imageName"))),
        strategy=text(settings.get("updateStrategy")),
        allow_tags=text(settings.get("allowTags")),
        ignore_tags=texts(settings.get("ignoreTags")),
        platforms=texts(settings.get("platforms")),
        pull_secret=text(settings.get("pullSecret")),
        helm_name=text(helm.get("name")),
        helm_tag=text(helm.get("tag")),
        helm_spec=text(helm.get("spec")),
        kustomize_name=text(mapping(each, "manifestTargets", "kustomize").get("name")),
    )


def _image_lost(each: Mapping[str, Any]) -> Iterator[str]:
    lead = f"image {text(each.get('alias'))}: "
    targets = mapping(each, "manifestTargets")
    yield from _unknown(each, _IMAGE_KEYS, lead)
    yield from _settings_lost(mapping(each, "commonUpdateSettings"), f"{lead}commonUpdateSettings.")
    lead += "manifestTargets."
    yield from _unknown(targets, ("helm", "kustomize"), lead)
    yield from _unknown(mapping(targets, "helm"), ("name", "tag", "spec"), f"{lead}helm.")
    yield from _unknown(mapping(targets, "kustomize"), ("name",), f"{lead}kustomize.")


def _shared(level: Mapping[str, Any], lead: str) -> Iterator[str]:
    """What is lost of the settings that a resource and a reference may both have."""
    yield from _settings_lost(mapping(level, "commonUpdateSettings"), f"{lead}commonUpdateSettings.")
    writing = mapping(level, "writeBackConfig")
    yield from _unknown(writing, ("method", "gitConfig"), f"{lead}writeBackConfig.")
    git = mapping(writing, "gitConfig")
    yield from _unknown(git, _GIT, f"{lead}writeBackConfig.gitConfig.")
    for forge, section in mapping(git, "pullRequest").items():
        at = f"{lead}writeBackConfig.gitConfig.pullRequest.{forge}"
        if forge not in _FORGES:
            yield f"{at}: Tagboat opens no pull requests there"
        yield from _unknown(mapping(section), (), f"{at}.")


def _settings_lost(settings: Mapping[str, Any], lead: str) -> Iterator[str]:
    if settings.get("forceUpdate") is True:
        yield f"{lead}forceUpdate: {NOT_LIVE}"
    yield from _unknown(settings, _SETTINGS, lead)


def _unknown(level: Mapping[str, Any], known: Sequence[str], lead: str) -> Iterator[str]:
    return (f"{lead}{key}: {UNKNOWN}" for key in sorted(set(map(str, level)) - set(known)))
