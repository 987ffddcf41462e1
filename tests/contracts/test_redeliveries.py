"""The contract of `Redeliveries`, for GitHub (by token and as an App) and for its memory twin."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.adapters.forges.github.forge import GitHubForge, GitHubSettings
from bot.adapters.forges.github.login import AppLogin, TokenLogin
from bot.adapters.forges.memory.deliveries import MemoryDeliveries
from bot.domain.errors import Permanent
from bot.ports import Attempt, Redeliveries
from tests.fakes.git_host import GitHost, HostedRepository
from tests.fakes.github import FakeGitHub
from tests.fakes.github_accounts import App
from tests.fakes.github_description import departures
from tests.fakes.http_host import HttpHost, Response
from tests.flow.worlds import SetClock

REPOSITORY = "acme/infra"
START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@dataclass
class Host:
    """A Git host with one webhook: make it deliver, and let the receiver be away."""

    redeliveries: Redeliveries
    clock: SetClock
    deliver: Callable[[], None]
    be_up: Callable[[bool], None]
    settle: Callable[[], None]
    repeat: Callable[[int], None]
    """Repeat the first delivery so often, as somebody with a mouse could."""
    github: FakeGitHub | None = None

    def tries(self, since: datetime = START) -> list[Attempt]:
        """What is remembered, newest first."""
        self.settle()
        (hook,) = self.redeliveries.hooks(REPOSITORY)
        return list(self.redeliveries.attempts(hook, since=since))


@contextmanager
def _memory(folder: Path) -> Iterator[Host]:
    clock = SetClock(START)
    twin = MemoryDeliveries(clock)
    numbers = iter(range(1000))

    def be_up(up: bool) -> None:
        twin.is_up = up

    def repeat(times: int) -> None:
        for _ in range(times):
            twin.deliver(REPOSITORY, "g0")

    def deliver() -> None:
        twin.deliver(REPOSITORY, f"g{next(numbers)}")

    yield Host(twin, clock, deliver, be_up, lambda: None, repeat)


@contextmanager
def _github(folder: Path, *, is_app: bool) -> Iterator[Host]:
    clock, statuses = SetClock(START), [202]
    receiver = HttpHost(lambda request: Response(statuses[0]))
    receiver.start()
    with FakeGitHub(folder, host=GitHost(folder / "host", clock=clock.now)) as github:
        github.accounts.add_token("ghp_hooks", "admin", can_see_hooks=True)
        hosted = github.host.create(REPOSITORY, {"a": b"0"})
        hooks = github.add_hook(f"{receiver.url}/webhooks/github", "s3cret")
        login = _app(github) if is_app else TokenLogin("ghp_hooks")
        forge = GitHubForge(GitHubSettings(login, api_url=github.url, seconds_between_writes=0))
        numbers = iter(range(1, 1000))

        def be_up(up: bool) -> None:
            statuses[0] = 202 if up else 503

        def repeat(times: int) -> None:
            for _ in range(times):
                hooks.redeliver(hooks.sent[0])

        yield Host(
            forge.deliveries(lambda url: url.endswith("/webhooks/github")),
            clock,
            lambda: _commit(hosted, next(numbers)),
            be_up,
            hooks.settle,
            repeat,
            github,
        )
        hooks.settle()
        forge.disconnect()
    receiver.stop()


def _commit(hosted: HostedRepository, number: int) -> None:
    hosted.commit("main", {"a": str(number).encode()})


def _app(github: FakeGitHub) -> AppLogin:
    key = rsa.generate_private_key(65537, 2048)
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(
        encoding, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
    github.accounts.apps["4242"] = App("4242", "tagboat", public.decode(), {77: "acme"})
    return AppLogin("4242", private.decode())


HOSTS: Mapping[str, Callable[[Path], AbstractContextManager[Host]]] = {
    "memory": _memory,
    "github by token": lambda folder: _github(folder, is_app=False),
    "github as an app": lambda folder: _github(folder, is_app=True),
}


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    with HOSTS[request.param](tmp_path) as made:
        yield made
        if made.github:
            assert [text for each in made.github.exchanges for text in departures(each)] == []


def test_a_delivery_is_remembered_with_its_outcome(host: Host) -> None:
    host.deliver()
    host.settle()
    host.be_up(False)
    host.clock.pass_by(timedelta(seconds=1))
    host.deliver()
    newest, oldest = host.tries()
    assert (newest.succeeded, oldest.succeeded) == (False, True)
    assert (newest.at, oldest.at) == (START + timedelta(seconds=1), START)
    assert newest.delivery != oldest.delivery


def test_what_is_sent_again_is_one_more_try_of_the_same_delivery(host: Host) -> None:
    host.be_up(False)
    host.deliver()
    (lost,) = host.tries()
    host.be_up(True)
    (hook,) = host.redeliveries.hooks(REPOSITORY)
    host.redeliveries.send_again(hook, lost)
    again, before = host.tries()
    assert before == lost
    assert (again.delivery, again.succeeded) == (lost.delivery, True)
    assert again.number != lost.number


def test_only_what_is_young_enough_is_told(host: Host) -> None:
    host.deliver()
    host.settle()
    host.clock.pass_by(timedelta(hours=1))
    host.deliver()
    assert len(host.tries()) == 2
    assert len(host.tries(since=START + timedelta(hours=1))) == 1
    assert host.tries(since=START + timedelta(hours=2)) == []


def test_a_try_that_is_not_known_cannot_be_repeated(host: Host) -> None:
    host.deliver()
    host.settle()
    (hook,) = host.redeliveries.hooks(REPOSITORY)
    with pytest.raises(Permanent):
        host.redeliveries.send_again(hook, Attempt(999, "none", START, succeeded=False))


def test_a_long_list_is_read_to_its_end(host: Host) -> None:
    host.deliver()
    (first,) = host.tries()
    host.repeat(203)
    tries = host.tries()
    assert len({each.number for each in tries}) == len(tries) == 204
    assert {each.delivery for each in tries} == {first.delivery}
    assert tries == sorted(tries, key=lambda each: -each.number)
