"""A repository, as a draft: which files belong to which environment, and which images stand there.

Everything is a guess from names and layouts, and says so; what is drafted can be loaded as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.domain.errors import Refused
from bot.importing.address import located
from bot.importing.draft import Draft, literal
from bot.importing.drafting import Drafting
from bot.importing.flux import policies
from bot.importing.followers import objects_in
from bot.importing.generated import Repository
from bot.importing.layout import Layout, layout
from bot.importing.objects import control_namespace
from bot.importing.policy import Told
from bot.importing.standing import Stood, standing
from bot.importing.watching import found

_WORDS = (b"argoproj.io", b"image.toolkit.fluxcd.io")
_MOST_NAMED = 20
_HEAD = (
    "Proposed by `tagboat init` from names and layouts: read it before it is used.",
    "Environments follow each other by their names (dev, test, staging, prod): `after` says how.",
    "A human merges every pull request; `merge: auto` in an environment lets Tagboat do it.",
)


def proposed(repository: Repository, *, argocd_url: str = "") -> Draft:
    """A configuration for the repository; `argocd_url` is where Argo CD answers.

    Raises:
        Refused: no image was found in it.
    """
    objects = objects_in(repository, holding=_WORDS)
    flux = policies(objects.all)
    stood = standing(repository, {name: each.image for name, each in flux.items()})
    _require_images(stood)
    watched = {each.application.name: each for each in found(objects.all, repository).watched}
    known = objects.applications
    made = layout(stood.images, known, repository)
    place = located(repository.url)
    settings = {"repository": literal(place.repository)}
    settings |= {"branch": repository.branch} if repository.branch else {}
    draft = Drafting(settings, Told(watched, flux), control_namespace(known))
    pipelines = tuple(draft.pipelines(made.groups))
    has_argocd = any(each.applications for pipeline in pipelines for each in pipeline.environments)
    argocd = {"main": {"url": argocd_url or "https://argocd.example.com", "token": "${ARGOCD_TOKEN}"}}
    notes = (
        *_HEAD,
        *_notes(made, stood, has_argocd=has_argocd, is_watched=bool(watched), flux=bool(flux)),
        *((place.note,) if place.note else ()),
        *objects.notes,
    )
    return Draft({place.forge: place.section}, pipelines, argocd if has_argocd else {}, notes=notes)


def _require_images(stood: Stood) -> None:
    if not stood.images:
        raise Refused(
            "no image was found in the repository",
            why="no YAML file has repository and tag, an image with a tag, or a marker",
            fix="mark a line by `# tagboat: NAME`, or write the configuration by hand",
        )


def _notes(made: Layout, stood: Stood, *, has_argocd: bool, is_watched: bool, flux: bool) -> Iterator[str]:
    if not has_argocd:
        yield (
            "No Argo CD Application that deploys these files was found: merged counts as live, until"
            " `argocd` of an environment names one."
        )
    if flux:
        yield "Flux writes what its comments mark: suspend its ImageUpdateAutomation before Tagboat starts."
    if is_watched:
        yield (
            "Argo CD Image Updater watches Applications here: take its annotations or custom resources away"
            " before Tagboat starts, or both will write. `tagboat import argocd-image-updater` carries over"
            " where it writes, too."
        )
    if made.is_guessed:
        yield "No environment was recognised in a path: each file is taken for `prod`."
    if made.left:
        yield f"Files with images that belong to no one environment, left out: {_listed(made.left)}"
    if stood.damaged:
        yield f"Files that speak of images and could not be read, left out: {_listed(stood.damaged)}"
    if stood.unnamed:
        told = [f"{path} ({', '.join(tags)})" for path, tags in stood.unnamed.items()]
        yield f"Tags of which nothing says what the image is called, left out: {_listed(told)}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST_NAMED]) + (", …" if len(names) > _MOST_NAMED else "")
