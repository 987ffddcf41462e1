"""What people and checks do to pull requests, and hosts where they were asked to: hands of the simulation.

Each says what it did, empty where there was nothing to do it to.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from random import Random

from bot.adapters.forges.memory.forge import File
from bot.domain.errors import TagboatError
from bot.domain.people.consent import CheckState, Opinion
from bot.domain.pull_request.mark import marks
from bot.domain.pull_request.proposal import PullRequest
from bot.flow.merge import close_by_human, merge_by_human
from tests.flow.simulation import Simulation
from tests.flow.simulation_truth import Place
from tests.flow.worlds import REPOSITORY


def any_pull(sim: Simulation, draw: Random) -> PullRequest | None:
    found = sim.open_pulls
    return draw.choice(found) if found else None


def any_place(sim: Simulation, draw: Random) -> Place:
    pipeline, environment = draw.choice(sim.shape.places)
    return pipeline.name, environment.name


def merge_on_page(sim: Simulation, draw: Random) -> str:
    """A human merges on Tagboat's page what it shows."""
    shown = [(name, each) for name, each in sim.statuses if each.pull_request]
    if not shown:
        return ""
    name, each = draw.choice(shown)
    assert each.pull_request is not None
    number, head = each.pull_request.number, each.pull_request.head
    with suppress(TagboatError), sim.laws.by_human():
        merge_by_human(sim.world, name, each.name, number=number, head=head, who="ada")
    return f"ada merges {number} on the page"


def merge_by_git(sim: Simulation, draw: Random) -> str:
    """A human merges with Git."""
    pull = any_pull(sim, draw)
    if pull is None or not pull.mergeable:
        return ""
    sim.forge.merge_by_human(REPOSITORY, pull.number)
    return f"somebody merges {pull.number} with Git"


def close(sim: Simulation, draw: Random) -> str:
    """A human closes a pull request."""
    pull = any_pull(sim, draw)
    if pull is None:
        return ""
    shown = [(name, each) for name, each in sim.statuses if each.pull_request]
    here = [
        (name, each.name)
        for name, each in shown
        if each.pull_request and each.pull_request.number == pull.number
    ]
    sim.laws.was_refused(pull)
    if here and draw.random() < 0.5:
        with sim.laws.by_human():
            close_by_human(sim.world, *here[0], number=pull.number, who="ada")
        return f"ada closes {pull.number} on the page"
    sim.forge.close_by_human(REPOSITORY, pull.number)
    return f"somebody closes {pull.number}"


def reopen(sim: Simulation, draw: Random) -> str:
    """A human opens a closed pull request again, where its branch is still there."""
    found = [each for each in sim.pulls if each.state == "closed"]
    found = [each for each in found if sim.forge.head(REPOSITORY, each.branch)]
    if not found:
        return ""
    pull = draw.choice(found)
    if any(each.branch == pull.branch for each in sim.open_pulls):
        return ""
    sim.reopen(pull)
    return f"somebody opens {pull.number} again"


def review(sim: Simulation, draw: Random) -> str:
    """Somebody approves, or asks for changes; a stranger's word does not count."""
    pull = any_pull(sim, draw)
    if pull is None:
        return ""
    opinion = draw.choice((Opinion.APPROVED, Opinion.APPROVED, Opinion.CHANGES_REQUESTED))
    by, may_write = draw.choice((("ada", True), ("bob", True), ("mallory", False)))
    sim.forge.review_by_human(REPOSITORY, pull.number, opinion, by=by, may_write=may_write)
    return f"{by} says {opinion} on {pull.number}"


def report(sim: Simulation, draw: Random) -> str:
    """A check reports."""
    pull = any_pull(sim, draw)
    if pull is None:
        return ""
    state = draw.choice((CheckState.SUCCEEDED, CheckState.SUCCEEDED, CheckState.FAILED, CheckState.RUNNING))
    sim.forge.report_by_check(REPOSITORY, pull.head, "ci", state)
    return f"ci {state} on {pull.number}"


def merge_by_host(sim: Simulation, draw: Random) -> str:
    """The host does what it was asked to."""
    armed = [each for each in sim.open_pulls if sim.forge.arming(REPOSITORY, each.number).is_armed]
    if not armed:
        return ""
    pull = draw.choice(armed)
    with suppress(TagboatError):
        sim.forge.merge_by_host(REPOSITORY, pull.number)
    return f"the host merges {pull.number}"


def push_foreign(sim: Simulation, draw: Random) -> str:
    """A human commits to a branch of Tagboat's."""
    pull = any_pull(sim, draw)
    if pull is None:
        return ""
    sim.forge.commit_by_human(REPOSITORY, pull.branch, {"NOTE.md": File(b"%d\n" % draw.randrange(99))})
    return f"somebody commits to {pull.branch}"


def delete_branch(sim: Simulation, draw: Random) -> str:
    """A human deletes a branch of Tagboat's, which closes its pull request."""
    pull = any_pull(sim, draw)
    if pull is None:
        return ""
    sim.laws.was_refused(pull)
    sim.forge.delete_by_human(REPOSITORY, pull.branch)
    return f"somebody deletes {pull.branch}"


def edit_words(sim: Simulation, draw: Random) -> str:
    """A human writes above Tagboat's text, takes one of its hidden lines away, or all of it."""
    pull = any_pull(sim, draw)
    if pull is None:
        return ""
    hidden = [each.text for each in marks(pull.body)]
    bodies = [f"Look at the dashboards first.\n\n{pull.body}", ""]
    bodies += [pull.body.replace(draw.choice(hidden), "")] if hidden else []
    kept = next(each for each in sim.ledger.of_repository(REPOSITORY) if each.number == pull.number)
    sim.ledger.change(REPOSITORY, replace(kept, title="Ours", body=draw.choice(bodies)))
    return f"somebody writes other words for {pull.number}"
