"""Argo CD fails, lies or keeps silent: what is not known is never taken for healthy."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.adapters.argocd import rest
from bot.domain.status import State
from tests.fakes.http_host import Answer, Cut, Delay, Fault, Faults, Request
from tests.faults.checker import assert_one_release_went_through, assert_says, blocked
from tests.faults.stage import Stage

LASTING = 1_000_000
MINUTE = timedelta(minutes=1)
DEV = "/applications/web-dev$"
ABSENT = Answer(404, {"error": "not found", "code": 5, "message": "not found"})
OTHER = Answer(200, {"metadata": {"name": "web-other"}, "spec": {}, "status": {}})

FAULTS: dict[str, tuple[Fault, tuple[str, ...]]] = {
    "403": (
        Answer(403, {"code": 7, "message": "permission denied"}),
        ("refused to show", "applications, get", "check its name and `project`"),
    ),
    "401": (
        Answer(401, {"code": 16, "message": "no session"}),
        ("refused to show", "expired or revoked", "give a token"),
    ),
    "500": (Answer(500, {"message": "boom"}), ("500 boom", "looked at again")),
    "404 of a proxy": (Answer(404, "404 page not found"), ("not from Argo CD's API", "root path")),
    "429": (Answer(429, {}, {"Retry-After": "20"}), ("too many requests",)),
    "cut": (Cut(), ("did not answer", "looked at again")),
    "list": (Answer(200, []), ("is no object",)),
    "no body": (Answer(200), ("is not JSON", "make `url`")),
    "another Application": (OTHER, ("another object", "web-other")),
}


@pytest.mark.parametrize(("fault", "words"), FAULTS.values(), ids=FAULTS)
def test_while_it_lasts_dev_is_unknown_with_a_sentence_and_prod_waits(
    stage: Stage, fault: Fault, words: tuple[str, ...]
) -> None:
    stage.argocd.host.faults.add("GET", DEV, fault, times=LASTING)
    stage.push("1.1.0")
    stage.pass_by(MINUTE / 2)
    assert_says(stage, "Argo CD", stage.argocd.host.url.removeprefix("http://"), *words)
    assert stage.file("dev") == stage.values("1.1.0")
    assert stage.status("dev").state is State.UNKNOWN
    assert stage.file("prod") == stage.values("1.0.0")
    assert stage.status("prod").pull_request is None
    stage.argocd.host.faults.clear()
    stage.finish()
    assert_one_release_went_through(stage)


@pytest.mark.parametrize(
    "junk",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"metadata": {"name": "web-dev"}, "spec": None, "status": "ok"}, id="wrong types"),
        pytest.param(
            {
                "metadata": {"name": "web-dev"},
                "status": {"sync": {"status": "Synced"}, "health": {"status": "Healthy"}},
            },
            id="healthy without a source",
        ),
    ],
)
def test_an_object_of_junk_is_never_live(stage: Stage, junk: object) -> None:
    stage.argocd.host.faults.add("GET", DEV, Answer(200, junk), times=LASTING)
    stage.push("1.1.0")
    stage.pass_by(MINUTE / 2)
    assert stage.status("dev").state not in (State.LIVE, State.DEGRADED)
    assert stage.status("dev").reason
    assert stage.status("prod").pull_request is None
    stage.argocd.host.faults.clear()
    stage.finish()
    assert_one_release_went_through(stage)


@pytest.mark.parametrize("fault", [ABSENT, Answer(500), Cut()], ids=["404", "500", "cut"])
def test_what_happens_once_is_made_up_for(stage: Stage, fault: Fault) -> None:
    for nth in (1, 4):
        stage.argocd.host.faults.add("GET", DEV, fault, nth=nth)
    stage.push("1.1.0")
    stage.finish()
    assert_one_release_went_through(stage)
    assert blocked(stage) == []
    assert stage.unplayed() == []


def test_an_application_that_is_gone_is_told_and_comes_back(stage: Stage) -> None:
    stage.argocd.host.faults.add("GET", DEV, ABSENT, times=LASTING)
    stage.push("1.1.0")
    stage.pass_by(2 * MINUTE)
    assert_says(stage, "Argo CD has no Application web-dev")
    assert stage.status("dev").state is State.DEGRADED
    assert stage.status("prod").pull_request is None
    stage.argocd.host.faults.clear()
    stage.finish()


class _OnRefreshes(Faults):
    """A script that only those requests meet that ask for a comparison."""

    def __init__(self, fault: Fault, *, times: int) -> None:
        super().__init__()
        self.add("GET", ".", fault, times=times)

    def take(self, request: Request) -> Fault | None:
        return super().take(request) if "refresh" in request.query else None


@pytest.mark.parametrize("fault", [Answer(502), Cut(), Answer(401, {})], ids=["502", "cut", "401"])
def test_a_comparison_that_could_not_be_asked_for_is_asked_for_again(stage: Stage, fault: Fault) -> None:
    refreshed = len(stage.argocd.apps["web-dev"].refreshes)
    stage.argocd.host.faults = _OnRefreshes(fault, times=3)
    stage.push("1.1.0")
    stage.finish()
    assert_one_release_went_through(stage)
    assert len(stage.argocd.apps["web-dev"].refreshes) > refreshed


def test_a_comparison_that_takes_its_time_holds_nobody_up(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "_REFRESH_READ", 0.05)
    stage.argocd.host.faults = _OnRefreshes(Delay(0.2), times=3)
    stage.push("1.1.0")
    stage.finish()
    assert_one_release_went_through(stage)


def test_windows_that_cannot_be_read_are_not_taken_for_open(stage: Stage) -> None:
    stage.argocd.apps["web-dev"].close_window()
    stage.argocd.host.faults.add("GET", "web-dev/syncwindows", Answer(503), times=LASTING)
    stage.push("1.1.0")
    stage.pass_by(MINUTE)
    assert stage.status("dev").state is State.UNKNOWN
    assert_says(stage, "503", "web-dev")
    stage.argocd.host.faults.clear()
    stage.argocd.apps["web-dev"].open_window()
    stage.argocd.apps["web-dev"].reconcile()
    stage.finish()
    assert_one_release_went_through(stage)
