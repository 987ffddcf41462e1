"""Where images say that they were built from, and the links to what changed there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.image import ImageName, ImageRef
from bot.domain.pull_request.source import (
    PUBLIC_HOSTS,
    CodeHost,
    HostKind,
    Origin,
    SourceRepository,
    located,
    release_tags,
    source_of,
)

OLD, NEW = "a" * 40, "b" * 40
WEB = ImageName("ghcr.io", "acme/web")
HOSTS = (
    CodeHost(HostKind.GITLAB, "https://example.com:8443/gitlab", "internal"),
    CodeHost(HostKind.GITEA, "http://127.0.0.1:3000", "local"),
    CodeHost(HostKind.GIT, "ssh://git@git.example.com/acme/infra.git", "plain"),
    CodeHost(HostKind.BITBUCKET_DATA_CENTER, "https://stash.example.com", "stash"),
    *PUBLIC_HOSTS,
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("https://github.com/acme/web", "github.com/acme/web"),
        ("https://github.com/acme/web.git", "github.com/acme/web"),
        ("https://GitHub.com:443/acme/web/", "github.com/acme/web"),
        ("github.com/acme/web", "github.com/acme/web"),
        ("git@github.com:acme/web.git", "github.com/acme/web"),
        ("ssh://git@github.com/acme/web.git", "github.com/acme/web"),
        ("git+https://github.com/acme/web", "github.com/acme/web"),
        ("https://user:secret@github.com/acme/web", "github.com/acme/web"),
        ("https://github.com/acme/web/tree/main/cmd?plain=1#readme", "github.com/acme/web"),
        ("https://gitlab.com/acme/team/web/-/tree/main", "gitlab.com/acme/team/web"),
        ("https://codeberg.org/acme/web/src/branch/main", "codeberg.org/acme/web"),
        ("https://bitbucket.org/acme/web", "bitbucket.org/acme/web"),
        ("https://stash.example.com/projects/OPS/repos/web/browse?at=main", "stash.example.com/OPS/web"),
        ("https://stash.example.com/scm/ops/web.git", "stash.example.com/OPS/web"),
        ("ssh://git@stash.example.com:7999/ops/web.git", "stash.example.com/OPS/web"),
        ("https://stash.example.com/users/ada/repos/web", "stash.example.com/~ada/web"),
        ("https://stash.example.com/scm/~ada/web.git", "stash.example.com/~ada/web"),
        ("https://example.com:8443/gitlab/acme/web", "example.com:8443/acme/web"),
        ("http://127.0.0.1:3000/acme/web", "127.0.0.1:3000/acme/web"),
        ("https://git.example.com/acme/infra", "ssh://git@git.example.com/acme/infra.git"),
    ],
)
def test_an_address_names_a_repository_on_a_known_host(text: str, name: str) -> None:
    found = located(text, HOSTS)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "acme/web",
        "/srv/git/web.git",
        "https://github.com/acme",
        "https://github.com/acme/..",
        "https://github.com/ac me/web",
        "https://github.com/acme/web)[x](https://evil.example",
        "https://github.com.evil.example/acme/web",
        "https://evil.example/github.com/acme/web",
        "https://github.com:8443/acme/web",
        "https://example.com:8443/other/acme/web",
        "https://git.example.com/acme/other",
        "https://stash.example.com/projects/OPS",
        "https://stash.example.com/dashboard",
        "javascript://github.com/acme/web",
        "https://[::1/acme/web",
        "https://github.com:port/acme/web",
    ],
)
def test_any_other_address_names_none(text: str) -> None:
    assert located(text, HOSTS) is None


@given(st.text(max_size=80))
def test_whatever_a_label_says_a_link_leads_to_the_known_host_alone(path: str) -> None:
    found = located(f"https://github.com/{path}", PUBLIC_HOSTS)
    if found is not None:
        url = found.compare_url(OLD, NEW)
        assert url.startswith("https://github.com/")
        assert not set(url) & set(" ()<>[]\"'\\\n")


@pytest.mark.parametrize(
    ("address", "pages"),
    [
        (
            "https://github.com/acme/web",
            (f"/compare/{OLD}...{NEW}", f"/commit/{NEW}", "/releases/tag/v1.0%2B1"),
        ),
        (
            "https://gitlab.com/acme/web",
            (f"/-/compare/{OLD}...{NEW}", f"/-/commit/{NEW}", "/-/releases/v1.0%2B1"),
        ),
        (
            "https://codeberg.org/acme/web",
            (f"/compare/{OLD}...{NEW}", f"/commit/{NEW}", "/releases/tag/v1.0%2B1"),
        ),
        (
            "https://bitbucket.org/acme/web",
            (f"/branches/compare/{NEW}..{OLD}", f"/commits/{NEW}", "/src/v1.0%2B1"),
        ),
        (
            "https://stash.example.com/projects/OPS/repos/web",
            (
                f"/compare/commits?sourceBranch={NEW}&targetBranch={OLD}",
                f"/commits/{NEW}",
                "/browse?at=refs/tags/v1.0%2B1",
            ),
        ),
    ],
)
def test_each_kind_of_host_has_its_own_pages(address: str, pages: tuple[str, str, str]) -> None:
    found = located(address, HOSTS)
    assert found is not None
    links = (found.compare_url(OLD, NEW), found.commit_url(NEW), found.release_url("v1.0+1"))
    assert links == tuple(f"{address}{page}" for page in pages)


def test_plain_git_has_no_pages() -> None:
    found = located("git@git.example.com:acme/infra", HOSTS)
    assert found is not None
    assert [found.url, found.compare_url(OLD, NEW), found.commit_url(NEW), found.release_url("v1")] == [
        ""
    ] * 4


def test_the_labels_name_address_revision_and_version() -> None:
    labels = {
        "org.opencontainers.image.source": " https://github.com/acme/web ",
        "org.opencontainers.image.revision": NEW,
        "org.opencontainers.image.version": "1.2.3",
        "org.opencontainers.image.url": "https://acme.example",
    }
    found = source_of(labels)
    assert (found.repository, found.revision, found.version) == ("https://github.com/acme/web", NEW, "1.2.3")


def test_the_url_stands_in_for_a_source_that_is_not_named() -> None:
    assert source_of({"org.opencontainers.image.url": "https://github.com/a/b"}).repository.endswith("/a/b")


@pytest.mark.parametrize("revision", ["main", "abc1234", NEW.upper(), f"{NEW}; rm", "--all", ""])
def test_only_a_full_commit_id_is_a_revision(revision: str) -> None:
    assert source_of({"org.opencontainers.image.revision": revision}).revision == ""


@pytest.mark.parametrize(
    ("version", "tag", "tags"),
    [
        ("1.2.3", "1.2.3", ("v1.2.3", "1.2.3")),
        ("v1.2.3", "1.2.3", ("v1.2.3", "1.2.3")),
        ("1.2.3", "1.2", ("v1.2.3", "1.2.3", "v1.2", "1.2")),
        ("", "release-7", ("release-7",)),
        ("1.0/../..", "1.0", ("v1.0", "1.0")),
        ("", None, ()),
    ],
)
def test_releases_are_looked_for_by_likely_tags(version: str, tag: str | None, tags: tuple[str, ...]) -> None:
    labels = {"org.opencontainers.image.version": version}
    assert release_tags(source_of(labels), tag) == tags


def test_an_origin_is_known_again_by_the_step_that_it_is_about() -> None:
    before, after = ImageRef(WEB, "1.0.0"), ImageRef(WEB, "1.1.0", "sha256:" + "1" * 64)
    origin = Origin(before, after)
    assert origin.is_of(ImageRef(WEB, "1.0.0", "sha256:" + "2" * 64), after)
    assert not origin.is_of(before, ImageRef(WEB, "1.1.0", "sha256:" + "2" * 64))
    assert not origin.is_of(ImageRef(WEB, "0.9.0"), after)


def test_a_range_is_linked_where_both_ends_are_known() -> None:
    repository = SourceRepository(PUBLIC_HOSTS[0], "acme/web")
    ref = ImageRef(WEB, "1")
    assert Origin(ref, ref, repository, OLD, NEW).compare_url.endswith(f"/compare/{OLD}...{NEW}")
    assert Origin(ref, ref, repository, "", NEW).compare_url == ""
    assert Origin(ref, ref, None, OLD, NEW).compare_url == ""
