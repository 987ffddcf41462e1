"""What a pull request tells of the source of its images: read once, and never in the way of a proposal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from bot.adapters.forges.memory.forge import File
from bot.adapters.stores.codec import decode, encode
from bot.domain.errors import Denied, Limited, NotFound, TagboatError, Unreachable
from bot.domain.pipeline import Merge, Repository
from bot.domain.pull_request.policy import PullRequestPolicy
from bot.domain.pull_request.proposal import PullRequest
from bot.domain.pull_request.source import PUBLIC_HOSTS, CodeHost, Comparison, HostKind, ReleaseNotes
from bot.domain.record import Record
from bot.domain.status import State
from bot.ports import Sources
from tests.flow.worlds import REPOSITORY, WEB, Bench, environment, values

HOST = CodeHost(HostKind.GITHUB, "https://git.example", "forge")
SOURCE = "https://git.example/acme/web"
MANUAL = (environment("dev"),)
TWO = (environment("dev", merge=Merge.AUTO), environment("prod", after=("dev",)))


@dataclass
class CountedSources:
    """Sources that write down what they are asked, and can fail or take their time."""

    inner: Sources
    asked: list[str] = field(default_factory=list)
    error: TagboatError | None = None
    before: Callable[[], None] = lambda: None

    def is_public(self, repository: str) -> bool:
        """Ask, once it is written down."""
        self._ask(f"public {repository}")
        return self.inner.is_public(repository)

    def compare(self, repository: str, old: str, new: str) -> Comparison:
        """Ask, once it is written down."""
        self._ask(f"compare {repository}")
        return self.inner.compare(repository, old, new)

    def release_notes(self, repository: str, tag: str) -> ReleaseNotes | None:
        """Ask, once it is written down."""
        self._ask(f"notes {repository} {tag}")
        return self.inner.release_notes(repository, tag)

    def _ask(self, what: str) -> None:
        self.before()
        self.asked.append(what)
        if self.error:
            raise self.error


class Workshop(Bench):
    """A bench with the source of the image beside it: a commit and an image for each version."""

    def build(
        self, repository: str = "acme/web", *, address: str = "", is_new: bool = True
    ) -> CountedSources:
        """Begin: the source, and the image that runs, made from its first commit."""
        self.address = address or f"https://git.example/{repository}"
        if is_new:
            self.forge.create(repository, {"main.go": b"0"})
        self.repository = repository
        self.sources = CountedSources(self.forge.sources())
        self.world = replace(self.world, sources={"forge": self.sources}, code_hosts=(HOST, *PUBLIC_HOSTS))
        self.release("1.0.0", "Begin")
        self.settle()
        return self.sources

    def release(self, version: str, *subjects: str, source: str = "", notes: str = "") -> str:
        """Commit, build the image, and perhaps write notes; return the commit."""
        for subject in subjects:
            files = {"main.go": File(subject.encode())}
            self.forge.commit_by_human(self.repository, "main", files, message=f"{subject}\n\nBecause.")
        commit = self.forge.head(self.repository, "main")
        assert commit is not None
        if notes:
            self.forge.sources().release_by_human(self.repository, f"v{version}", notes)
        labels = {"source": source or self.address, "revision": commit}
        named = {f"org.opencontainers.image.{key}": value for key, value in labels.items()}
        self.registry.push(WEB, version, labels=named, content=version)
        return commit

    def pull(self) -> PullRequest:
        """The newest pull request."""
        return self.ledger.of_repository(REPOSITORY)[0]

    def read(self) -> list[str]:
        """What the sources were asked since the last time."""
        asked = list(self.sources.asked)
        self.sources.asked.clear()
        return asked


@pytest.fixture
def shop() -> Workshop:
    made = Workshop(MANUAL)
    made.build()
    return made


def test_commits_and_notes_of_the_new_image_are_told(shop: Workshop) -> None:
    old = shop.forge.head("acme/web", "main")
    new = shop.release("1.1.0", "Fix the cart (#12)", "Thank @ada", notes="## News\n- Faster")
    shop.look()
    lines = shop.pull().body.split("\n")
    place = "[`git.example/acme/web`](https://git.example/acme/web)"
    assert f"- `web`: [2 commits]({SOURCE}/compare/{old}...{new}) in {place}" in lines
    assert f"  - [`{new[:8]}`]({SOURCE}/commit/{new}) Thank @\u200bada" in lines
    assert any(line.endswith(" Fix the cart (#\u200b12)") for line in lines)
    assert f"**Release notes** of `web`, [`v1.1.0`]({SOURCE}/releases/tag/v1.1.0)" in lines
    assert lines[lines.index("> **News**") + 1] == "> - Faster"


def test_an_unchanged_proposal_asks_and_edits_nothing_more(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.release("1.1.0", "Fix", notes="News")
    shop.look()
    assert shop.read() == ["compare acme/web", "notes acme/web v1.1.0"]
    shop.look()  # the thread of the release was begun meanwhile
    monkeypatch.setattr(shop.forge, "revise", lambda *_, **__: pytest.fail("it was edited"))
    for error in (None, Unreachable("git.example is away")):
        shop.sources.error = error
        shop.clock.pass_by(timedelta(minutes=10))
        shop.look()
    assert shop.read() == []
    assert "[1 commit]" in shop.pull().body


def test_a_newer_release_tells_the_whole_way_from_what_runs(shop: Workshop) -> None:
    old = shop.forge.head("acme/web", "main")
    shop.release("1.1.0", "One")
    shop.look()
    new = shop.release("1.2.0", "Two", "Three")
    shop.look()
    assert f"[3 commits]({SOURCE}/compare/{old}...{new})" in shop.pull().body
    assert len(shop.ledger.of_repository(REPOSITORY)) == 1


def test_the_same_step_is_read_once_for_all_environments() -> None:
    shop = Workshop(TWO)
    shop.build()
    shop.release("1.1.0", "Fix", notes="News")
    shop.look()
    assert shop.status("prod").state is State.PROPOSED
    bodies = [pull.body for pull in shop.ledger.of_repository(REPOSITORY)]
    assert ["[1 commit]" in body and "> News" in body for body in bodies] == [True, True]
    assert shop.read() == ["compare acme/web", "notes acme/web v1.1.0"]


@pytest.mark.parametrize(
    "error",
    [
        Unreachable("away"),
        Limited("slow down", retry_after=timedelta(hours=1)),
        Denied("no"),
        NotFound("not there"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_host_that_fails_keeps_no_proposal_waiting(shop: Workshop, error: TagboatError) -> None:
    shop.sources.error = error
    old = shop.forge.head("acme/web", "main")
    new = shop.release("1.1.0", "Fix", notes="News")
    shop.look()
    assert shop.status("dev").state is State.PROPOSED
    link = f"[the commits since the old image]({SOURCE}/compare/{old}...{new})"
    assert link in shop.pull().body
    assert "News" not in shop.pull().body
    shop.sources.error = None
    shop.release("1.2.0", "Go on")
    shop.look()
    assert "[2 commits]" in shop.pull().body


def test_a_registry_that_fails_keeps_no_proposal_waiting(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.release("1.1.0", "Fix")
    details = shop.registry.details
    monkeypatch.setattr(shop.registry, "details", _away)
    shop.look()
    assert shop.status("dev").state is State.PROPOSED
    assert "Source" not in shop.pull().body
    monkeypatch.setattr(shop.registry, "details", details)
    shop.look()
    assert "Source" not in shop.pull().body, "an unchanged proposal is not edited"


def _away(*_: object) -> None:
    raise Unreachable("the registry is away")


def test_an_old_image_that_is_gone_leaves_the_new_ones_notes(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.release("1.1.0", "Fix", notes="News")
    details, gone = shop.registry.details, shop.registry.digest(WEB, "1.0.0")

    def without(image: object, reference: str, platforms: object) -> object:
        if reference == gone:
            raise NotFound("it is gone")
        return details(image, reference, platforms)  # type: ignore[arg-type]

    monkeypatch.setattr(shop.registry, "details", without)
    shop.look()
    assert f"built from [`git.example/acme/web`]({SOURCE}) at [`" in shop.pull().body
    assert "> News" in shop.pull().body


@pytest.mark.parametrize(
    "source", ["https://github.com/acme/web", "https://evil.example/acme/web", "acme/web", "file:///etc"]
)
def test_no_host_is_asked_that_is_not_configured(shop: Workshop, source: str) -> None:
    shop.release("1.1.0", "Fix", source=source, notes="News")
    shop.look()
    assert shop.read() == []
    assert ("](https://github.com/acme/web)" in shop.pull().body) is source.startswith("https://github.com")
    assert "evil.example" not in shop.pull().body


def test_a_private_repository_of_another_owner_is_not_brought_to_light() -> None:
    shop = Workshop(MANUAL)
    shop.build("secret/plans")
    shop.release("1.1.0", "Buy the rival", notes="Hush")
    shop.look()
    assert shop.read() == ["public secret/plans"]
    assert "rival" not in shop.pull().body
    assert "Hush" not in shop.pull().body


def test_a_public_repository_of_another_owner_is_told_of() -> None:
    shop = Workshop(MANUAL)
    shop.build("grafana/grafana")
    shop.forge.sources().publish_by_human("grafana/grafana")
    shop.release("1.1.0", "Fix", notes="News")
    shop.look()
    assert "[1 commit]" in shop.pull().body
    assert "> News" in shop.pull().body


@pytest.mark.parametrize(("source", "is_told"), [("infra", True), ("other", False), ("infra2", False)])
def test_plain_git_tells_of_the_very_repository_that_is_written(source: str, is_told: bool) -> None:
    shop, path = Workshop(MANUAL), "/srv/git/infra.git"
    shop.forge.create(path, {"envs/dev/values.yaml": values("1.0.0")})
    pipeline = replace(shop.pipeline, repository=Repository("forge", path))
    shop.world = replace(shop.world, pipelines={"shop": pipeline})
    is_elsewhere = source == "other"
    built = "/srv/git/other.git" if is_elsewhere else path
    shop.build(built, address=f"/srv/git/{source}.git", is_new=is_elsewhere)
    hosts = tuple(CodeHost(HostKind.GIT, f"/srv/git/{name}.git", "forge") for name in ("infra", "other"))
    shop.world = replace(shop.world, code_hosts=hosts)
    shop.release("1.1.0", "Fix")
    shop.look()
    assert ("compare /srv/git/infra.git" in shop.read()) is is_told
    (pull,) = shop.ledger.of_repository(path)
    assert ("1 commit in `/srv/git/infra.git`" in pull.body) is is_told


def test_nothing_is_read_where_nobody_wants_to_know(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Workshop((environment("dev", pull_request=PullRequestPolicy(notes=False)),))
    shop.build()
    shop.release("1.1.0", "Fix", notes="News")
    monkeypatch.setattr(shop.registry, "details", lambda *_: pytest.fail("it was asked"))
    shop.look()
    assert shop.status("dev").state is State.PROPOSED
    assert shop.read() == []
    assert "Source" not in shop.pull().body


def test_hosts_that_take_their_time_are_not_waited_for(shop: Workshop) -> None:
    shop.sources.before = lambda: shop.clock.pass_by(timedelta(seconds=30))
    shop.release("1.1.0", "Fix", notes="News")
    shop.look()
    assert shop.read() == ["compare acme/web"]
    assert "[1 commit]" in shop.pull().body
    assert "News" not in shop.pull().body


def test_an_image_made_anew_from_the_same_commit_has_no_commits(shop: Workshop) -> None:
    commit = shop.release("1.1.0")
    shop.look()
    assert shop.read() == ["notes acme/web v1.1.0", "notes acme/web 1.1.0"]
    assert f"at [`{commit[:8]}`]({SOURCE}/commit/{commit})" in shop.pull().body


def test_what_was_read_is_remembered_as_it_was(shop: Workshop) -> None:
    shop.release("1.1.0", "Fix", notes="News")
    shop.look()
    record = shop.store.load("shop")
    (origin,) = record.origins
    assert origin.notes == ReleaseNotes("v1.1.0", "News")
    assert decode(encode(record), Record) == record
