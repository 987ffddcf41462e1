"""Sections to pipelines: repository and images; `environments` does the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from bot.configuration.environments import Claims, Environments, Known, referable
from bot.configuration.forges import clone_urls, fault_in_path
from bot.configuration.merges import check_host
from bot.configuration.outline import suggestion
from bot.configuration.pipeline_sections import ImageSection, PipelineSection
from bot.configuration.policies import selection_policy
from bot.configuration.promotions import DirectoryClaims
from bot.configuration.report import Report
from bot.configuration.settings import ForgeSettings, GitSettings
from bot.configuration.trail import Trail
from bot.domain.image import parse_image_name
from bot.domain.loopback import is_loopback
from bot.domain.pipeline import Pipeline, PipelineImage, Repository
from bot.domain.pull_request.proposal import BRANCH_PREFIX

_SCP = re.compile(r"(?:[\w.-]+@)?\w[\w.-]*:[^:\\]+", re.ASCII)
_SCHEMES = frozenset({"https", "http", "ssh", "file"})


class Pipelines:
    """Builds pipelines one after the other; `forges` are those that could be built."""

    def __init__(self, base: Path, known: Known, forges: Mapping[str, ForgeSettings], report: Report) -> None:
        self._base = base
        self._known = known
        self._forges = forges
        self._report = report
        self._claims = Claims(report, DirectoryClaims(report))

    def pipeline(self, name: str, section: PipelineSection) -> Pipeline | None:
        """One pipeline; None where too little of it is right."""
        trail: Trail = ("pipelines", name)
        repository = self._repository((*trail, "repository"), section.repository)
        self._check_branch((*trail, "branch"), section.branch)
        images = tuple(
            self._image((*trail, "images", alias), alias, each) for alias, each in section.images.items()
        )
        builder = Environments(name, section, self._known, self._claims, self._report)
        environments = builder.all()
        for alias in builder.unwritten():
            fix = "name it in the values of an environment, or leave it out"
            self._report.add((*trail, "images", alias), "no environment writes this image", fix)
        if repository is None:
            return None
        for key, each in section.environments.items():
            where: Trail = (*trail, "environments", key, "merge")
            check_host(where, each.merge, self._forges[repository.forge], self._report)
        return Pipeline(
            name=name,
            repository=repository,
            images=images,
            environments=environments,
            branch=section.branch,
            repository_urls=self._urls(trail, repository, section.argocd_urls),
        )

    def _repository(self, trail: Trail, text: str) -> Repository | None:
        name, _, path = text.partition(":")
        if self._report.is_told(trail) or self._report.is_told(("forges",)):
            return None
        if name not in referable(self._known.forges):
            fix = suggestion(name, self._known.forges, called="forges")
            self._report.add_value(trail, f"there is no forge {name[:80]!r}", fix)
            return None
        forge = self._forges.get(name)
        if forge is None:
            return None
        if isinstance(forge, GitSettings):
            return self._git_repository(trail, forge, path)
        what, fix = fault_in_path(forge, path)
        if what:
            self._report.add_value(trail, what, fix)
        return Repository(name, path)

    def _git_repository(self, trail: Trail, forge: GitSettings, path: str) -> Repository | None:
        if "://" in path:
            is_http_known = not self._report.is_told(("forges", forge.name, "allow_http"))
            what, fix = _fault_in_url(path, forge, may_be_http=forge.allow_http or not is_http_known)
            if what:
                self._report.add(trail, what, fix)
                return None
            return Repository(forge.name, path)
        if _SCP.fullmatch(path):
            return Repository(forge.name, path)
        if path.startswith("-") or not path.isprintable():
            self._report.add(
                trail, "this is neither a path nor a URL", f"write {forge.name}:/srv/git/infra.git"
            )
            return None
        return Repository(forge.name, str(self._base / path))

    def _urls(self, trail: Trail, repository: Repository, others: tuple[str, ...]) -> tuple[str, ...]:
        urls = (*clone_urls(self._forges[repository.forge], repository.path), *others)
        if not urls:
            fix = "write its whole path, or add argocd_urls"
            self._report.add((*trail, "repository"), "a number does not say where Argo CD finds it", fix)
        return urls

    def _check_branch(self, trail: Trail, branch: str | None) -> None:
        if branch and branch.startswith(BRANCH_PREFIX):
            what = f"branches that begin with {BRANCH_PREFIX} are for proposals"
            self._report.add(trail, what, "name the branch that Argo CD follows")

    def _image(self, trail: Trail, alias: str, section: ImageSection) -> PipelineImage:
        policy = selection_policy(section, trail, self._base, self._report)
        return PipelineImage(alias, parse_image_name(section.image), policy)


def _fault_in_url(url: str, forge: GitSettings, *, may_be_http: bool) -> tuple[str, str]:
    """What is wrong with the URL of a repository, and the fix; both empty when it is right."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "this is not a URL", "write https://host/path"
    if parts.password is not None or (parts.scheme != "ssh" and parts.username is not None):
        return "the URL holds a login", f"give username and token under forges.{forge.name}"
    is_address = parts.scheme == "file" or (host and port != 0)
    if parts.scheme not in _SCHEMES or not is_address or not parts.path.strip("/") or not url.isprintable():
        return (
            "this is not the URL of a repository",
            "write https://host/path, ssh://user@host/path or a path",
        )
    if parts.query or parts.fragment:
        return "the URL holds more than a path", "leave out what begins with ? or #"
    if parts.scheme == "http" and not may_be_http:
        return "the URL is plain http", f"write https://, or allow_http: true under forges.{forge.name}"
    if parts.scheme == "http" and forge.token and not is_loopback(host):
        return "a token is never sent over plain http", "write https://"
    return "", ""
