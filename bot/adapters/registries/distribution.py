"""A registry that speaks the OCI distribution API over HTTP, as nearly all do.

https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md. What it answers is never trusted:
digests are computed again, lists and documents are capped, and a page that is no registry's answer is a
fault, never "no tags".
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from bot.adapters.cache import Cache
from bot.adapters.registries.authorization import Authorizer
from bot.adapters.registries.challenge import parse_challenges
from bot.adapters.registries.contents import (
    INDEX_TYPES,
    LARGEST_CONFIG,
    LARGEST_MANIFEST,
    MANIFEST_TYPES,
    Config,
    Descriptor,
    Manifest,
    check_reference,
    describe,
    digest_of,
    read_config,
    read_manifest,
    verify,
)
from bot.adapters.registries.credentials import Anonymous, Credentials
from bot.adapters.registries.paging import LARGEST_PAGE, TagList
from bot.adapters.registries.signatures import signatures
from bot.adapters.registries.signatures_http import HttpDocuments
from bot.adapters.registries.transport import Answer, Request, Transport, origin
from bot.domain.errors import Malformed, NotFound, Refused, Unreachable
from bot.domain.evidence import Evidence
from bot.domain.image import DOCKER_HUB, ImageName, is_digest
from bot.domain.listing import Listing
from bot.domain.selection import TagDetails

_API_HOSTS = {DOCKER_HUB: "registry-1.docker.io"}
_ACCEPT = ", ".join((*INDEX_TYPES, *MANIFEST_TYPES))
_DIGEST_HEADER = "Docker-Content-Digest"
_CACHE_BYTES = 32 * 1024 * 1024
_CACHE_TAGS = 20_000
_ERROR_CODE = re.compile(rb'"code"\s*:\s*"([A-Z_]{1,40})"')


class DistributionRegistry:
    """The port `Registry` over HTTP(S); safe for threads, with at most 16 requests at a time.

    `host` is the registry's name in image references; `url` says where it answers if that is elsewhere
    (`http://registry.registry.svc:5000`). `token_hosts` are further hosts that may be shown the login.

    Raises when built:
        Malformed: `url` or `ca_file` cannot be used, or `url` is http without `plain_http`.
    """

    def __init__(
        self,
        *,
        host: str,
        url: str | None = None,
        plain_http: bool = False,
        ca_file: Path | None = None,
        credentials: Credentials | None = None,
        token_hosts: Collection[str] = (),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host = host
        self._transport = Transport(
            base=_base(host, url, plain_http=plain_http), ca_file=ca_file, monotonic=monotonic
        )
        self._authorizer = Authorizer(
            host=host,
            transport=self._transport,
            credentials=credentials or Anonymous(),
            token_hosts=token_hosts,
            monotonic=monotonic,
        )
        self._monotonic = monotonic
        self._manifests: Cache[tuple[str, str], Manifest] = Cache(_CACHE_BYTES)
        self._configs: Cache[tuple[str, str], Config] = Cache(_CACHE_BYTES)
        self._seen_tags: Cache[tuple[str, str], str] = Cache(_CACHE_TAGS)

    def close(self) -> None:
        """Close the connections that are kept for reuse."""
        self._transport.close()

    def listing(self, image: ImageName, *, known: Listing | None = None) -> Listing:
        """Every tag of the repository.

        Raises:
            NotFound: the registry has no such repository.
            Refused, Malformed: the list leads elsewhere, runs in circles, or is no list.
        """
        del known
        pages = TagList(image, lambda page: self._page(image, page), self._transport.origin, self._monotonic)
        return Listing(tuple(pages.read()))

    def digest(self, image: ImageName, tag: str) -> str | None:
        """The digest that the tag names now, by one HEAD; None when the registry has no such tag."""
        check_reference(image, tag)
        answer = self._ask(image, f"manifests/{tag}", limit=LARGEST_MANIFEST, method="HEAD", accept=_ACCEPT)
        if answer.status == HTTPStatus.NOT_FOUND and not answer.is_html:
            return None
        self._check_ok(answer, f"{image}:{tag}")
        digest = answer.headers.get(_DIGEST_HEADER)
        if digest is None:
            # Some proxies drop the header: the body tells the same.
            digest, _ = self.manifest(image, tag)
        if not is_digest(digest):
            raise Malformed(f"{self._host} gives a digest of {image}:{tag} that is none")
        self._seen_tags.put((image.path, tag), digest)
        return digest

    def details(self, image: ImageName, reference: str, platforms: Sequence[str]) -> TagDetails:
        """Digest, created time, platforms and labels of a tag or digest.

        A tag that was read before costs one HEAD as long as it names the same digest.

        Raises:
            NotFound: the registry has no such tag or digest.
            Malformed: what it has cannot be read, or is not what its digest says.
        """
        check_reference(image, reference)
        if self._seen_tags.get((image.path, reference)) is not None:
            digest = self.digest(image, reference)
            if digest is not None:
                return describe(self, image, digest, platforms)
        details = describe(self, image, reference, platforms)
        if not is_digest(reference):
            self._seen_tags.put((image.path, reference), details.digest)
        return details

    def signatures(self, image: ImageName, digest: str) -> Iterator[Evidence]:
        """What the repository holds as signatures of the digest; read one by one, as it is asked for."""
        documents = HttpDocuments(self._ask, self._check_ok, self._transport.origin)
        return signatures(documents, image, digest)

    def manifest(self, image: ImageName, reference: str) -> tuple[str, Manifest]:
        """The manifest or index of a tag or digest, verified, and its digest."""
        known = self._manifests.get((image.path, reference))
        if known is not None:
            return reference, known
        what = f"the manifest {image}{'@' if is_digest(reference) else ':'}{reference}"
        answer = self._ask(image, f"manifests/{reference}", limit=LARGEST_MANIFEST, accept=_ACCEPT)
        self._check_ok(answer, what)
        named = answer.headers.get(_DIGEST_HEADER) or digest_of(answer.body)
        digest = reference if is_digest(reference) else named
        for expected in {named, digest}:
            verify(answer.body, expected, what)
        manifest = read_manifest(answer.body, what)
        self._manifests.put((image.path, digest), manifest, weight=len(answer.body))
        return digest, manifest

    def config(self, image: ImageName, descriptor: Descriptor) -> Config:
        """The config blob that the descriptor points to, verified."""
        return self._configs.get_or_read(
            (image.path, descriptor.digest), lambda: self._read_config(image, descriptor)
        )

    def _read_config(self, image: ImageName, descriptor: Descriptor) -> tuple[Config, int]:
        what = f"the config {image}@{descriptor.digest}"
        limit = min(descriptor.size, LARGEST_CONFIG)
        answer = self._ask(image, f"blobs/{descriptor.digest}", limit=limit)
        self._check_ok(answer, what)
        verify(answer.body, descriptor.digest, what)
        return read_config(answer.body, what), len(answer.body)

    def _ask(
        self, image: ImageName, target: str, *, limit: int, method: str = "GET", accept: str = "*/*"
    ) -> Answer:
        """Ask, and answer one challenge; `target` is relative to the repository, or an own URL."""
        url = urljoin(f"{self._transport.base}/v2/{image.path}/", target)
        request = Request(url, limit, method, accept)
        header = self._authorizer.header(image.path)
        answer = self._transport.ask(request, authorization=header)
        if answer.status != HTTPStatus.UNAUTHORIZED or answer.url != url:
            return answer
        challenges = parse_challenges(answer.headers.getlist("WWW-Authenticate"))
        header = self._authorizer.renew(image.path, challenges, rejected=header)
        return self._transport.ask(request, authorization=header)

    def _page(self, image: ImageName, page: str) -> Answer:
        answer = self._ask(image, page, limit=LARGEST_PAGE)
        self._check_ok(answer, f"the repository {image}")
        return answer

    def _check_ok(self, answer: Answer, what: str) -> None:
        """Raise for every answer that is not a registry's 200."""
        if answer.is_html and answer.status in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}:
            raise Unreachable(
                f"{self._host} cannot be read",
                why="a web page answers in the registry's place, of a proxy or a login wall",
                fix="check the host's address and what stands before it",
            )
        if answer.status == HTTPStatus.OK:
            return
        if answer.status == HTTPStatus.NOT_FOUND:
            raise NotFound(f"{self._host} has no such thing as {what}", fix="check the image's name")
        if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise self._authorizer.denied(what)
        # Only the code: a registry's free text could repeat what was sent to it.
        code = _ERROR_CODE.search(answer.body)
        why = f"HTTP {answer.status}" + (f", {code[1].decode()}" if code else "")
        raise Refused(f"{self._host} refuses to show {what}", why=why)


def _base(host: str, url: str | None, *, plain_http: bool) -> str:
    """Where the registry answers: scheme and host, checked."""
    scheme = "http" if plain_http else "https"
    base = (url or f"{scheme}://{_API_HOSTS.get(host, host)}").rstrip("/")
    try:
        found = origin(base)
    except ValueError as error:
        raise Malformed(
            f"the registry {host} has a wrong url", why=f"{error}", fix="write https://HOST"
        ) from error
    if urlsplit(base).path or urlsplit(base).query:
        raise Malformed(f"the registry {host} has a wrong url", why="it has a path", fix="write https://HOST")
    if found[0] != scheme:
        raise Malformed(
            f"the registry {host} has a url that is {found[0]}",
            why=f"plain_http is {str(plain_http).lower()}",
            fix="set plain_http to true for a registry without TLS, and write http:// in its url",
        )
    return base
