"""The fake GitLab's GraphQL API: what it tells otherwise than the REST API, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.fakes.git_host import HostedRepository
from tests.fakes.gitlab import TOKEN, FakeGitLab
from tests.fakes.gitlab_json import Json

REPOSITORY = "acme/platform/infra"
BRANCH = "tagboat/shop/dev"


@dataclass(frozen=True)
class World:
    """A GitLab with one project, whose default branch holds one file."""

    gitlab: FakeGitLab
    hosted: HostedRepository

    def ask(self, query: str, **headers: str) -> requests.Response:
        """Ask, by the token of the account."""
        return requests.post(
            f"{self.gitlab.url}/api/graphql",
            json={"query": query},
            headers=headers or {"PRIVATE-TOKEN": TOKEN},
            timeout=10,
        )

    def told(self, parts: str) -> Any:
        """Parts of the project, which all are told."""
        answer = self.ask(f'{{ project(fullPath: "{REPOSITORY}") {{ {parts} }} }}').json()
        assert answer.keys() == {"data"}, answer
        return answer["data"]["project"]

    def refusals(self, query: str) -> list[str]:
        """Why nothing at all was told, though with status 200."""
        response = self.ask(query)
        assert response.status_code == 200
        assert response.json().keys() == {"errors"}
        return [error["message"] for error in response.json()["errors"]]

    def by_rest(self, path: str) -> Any:
        """What the REST API says of the project."""
        project = f"{self.gitlab.url}/api/v4/projects/{quote(REPOSITORY, safe='')}"
        return requests.get(f"{project}{path}", headers={"PRIVATE-TOKEN": TOKEN}, timeout=10).json()

    def merge_request(self, fields: str) -> Json:
        """Fields of the newest merge request."""
        told = self.told(f"mergeRequests(sort: CREATED_DESC, first: 1) {{ nodes {{ {fields} }} }}")
        (newest,) = told["mergeRequests"]["nodes"]
        assert isinstance(newest, dict)
        return newest


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with FakeGitLab(tmp_path) as gitlab:
        yield World(gitlab, gitlab.host.create(REPOSITORY, {"values.yaml": b"tag: 1\n"}))


def test_a_token_is_taken_in_either_header_and_a_wrong_one_is_refused(world: World) -> None:
    by_bearer = world.ask("{ currentUser { username } }", Authorization=f"Bearer {TOKEN}")
    assert by_bearer.json() == {"data": {"currentUser": {"username": "tagboat-bot"}}}
    refused = world.ask("{ currentUser { username } }", Authorization="Bearer another")
    assert (refused.status_code, refused.json()) == (401, {"errors": [{"message": "Invalid token"}]})


def test_a_project_that_is_not_there_is_null_without_an_error(world: World) -> None:
    assert world.ask('{ project(fullPath: "acme/other") { __typename } }').json() == {
        "data": {"project": None}
    }


@pytest.mark.parametrize("fails", [False, True], ids=["an empty tree", "an error"])
def test_of_a_branch_that_is_not_there_no_commit_is_told(world: World, *, fails: bool) -> None:
    world.gitlab.fails_without_branch = fails
    parts = 'here: tree { lastCommit { sha } } gone: tree(ref: "gone", refType: HEADS) { lastCommit { sha } }'
    answer = world.ask(f'{{ project(fullPath: "{REPOSITORY}") {{ repository {{ {parts} }} }} }}').json()
    head = world.hosted.git.branch("main")
    gone = None if fails else {"lastCommit": None}
    assert answer["data"]["project"]["repository"] == {"here": {"lastCommit": {"sha": head}}, "gone": gone}
    assert [error["path"] for error in answer.get("errors", [])] == (
        [["project", "repository", "gone"]] if fails else []
    )


def test_the_last_commit_of_a_branch_is_its_head_even_where_that_changes_nothing(world: World) -> None:
    git, begin = world.hosted.git, world.hosted.git.commit("main")
    empty = git.write_commit(begin.tree, [begin.sha], "Nothing", author=begin.author)
    world.hosted.make_branch(BRANCH, empty)
    told = world.told(f'repository {{ tree(ref: "{BRANCH}") {{ lastCommit {{ sha parentSha }} }} }}')
    assert told["repository"]["tree"] == {"lastCommit": {"sha": empty, "parentSha": begin.sha}}


def test_files_are_told_as_text_and_what_is_no_file_is_left_out(world: World) -> None:
    files = {"folder/run.sh": b"#!/bin/sh\n", "folder/binary": b"\0\1", "folder/old.txt": b"caf\xe9"}
    world.hosted.commit("main", files, mode="100755")
    paths = '["folder", "none", "folder/run.sh", "folder/binary", "folder/old.txt"]'
    told = world.told(f"repository {{ blobs(paths: {paths}) {{ nodes {{ path mode size rawTextBlob }} }} }}")
    nodes = [tuple(node.values()) for node in told["repository"]["blobs"]["nodes"]]
    assert nodes == [
        ("folder/run.sh", "100755", "10", "#!/bin/sh\n"),
        ("folder/binary", "100755", "2", None),
        ("folder/old.txt", "100755", "4", "café"),
    ]


@pytest.mark.parametrize("ref", ["refs/heads/main", "ma:in", ""])
def test_files_of_a_name_that_is_none_are_an_error(world: World, ref: str) -> None:
    parts = f'repository {{ blobs(paths: ["values.yaml"], ref: "{ref}") {{ nodes {{ path }} }} }}'
    answer = world.ask(f'{{ project(fullPath: "{REPOSITORY}") {{ {parts} }} }}').json()
    assert answer["data"]["project"]["repository"] == {"blobs": None}
    assert [error["message"] for error in answer["errors"]] == ["Ref is not valid"]


def test_to_show_a_merge_request_does_not_let_gitlab_judge_it(world: World) -> None:
    world.gitlab.ways.late = set()
    world.hosted.commit(BRANCH, {"values.yaml": b"tag: 2\n"})
    world.hosted.open_pull(world.hosted, BRANCH, "main", title="Draft: Change")
    for _ in range(2):
        told = world.merge_request("detailedMergeStatus state draft")
        assert told == {"detailedMergeStatus": "UNCHECKED", "state": "opened", "draft": True}
    assert world.by_rest("/merge_requests/1")["detailed_merge_status"] == "checking"
    assert world.merge_request("detailedMergeStatus") == {"detailedMergeStatus": "MERGEABLE"}


def test_a_forks_branch_of_the_same_name_counts_too_and_a_fast_forward_has_no_commit(world: World) -> None:
    fork = world.gitlab.host.fork(world.hosted, "mallory/infra")
    for source in (world.hosted, fork):
        source.commit(BRANCH, {"values.yaml": b"tag: 2\n"}, message=source.path)
        world.hosted.open_pull(source, BRANCH, "main", title="Change")
    world.hosted.merge_methods.add("ff")
    world.hosted.merge_pull(1, method="ff")
    told = world.told(
        f'mergeRequests(sourceBranches: ["{BRANCH}", "other"], sort: CREATED_DESC) '
        "{ nodes { iid sourceProjectId targetProjectId state mergeCommitSha } pageInfo { hasNextPage } }"
    )["mergeRequests"]
    own = world.hosted.id
    assert [tuple(node.values()) for node in told["nodes"]] == [
        ("2", fork.id, own, "opened", None),
        ("1", own, own, "merged", None),
    ]
    assert told["pageInfo"] == {"hasNextPage": False}


@pytest.mark.parametrize(
    ("is_older", "query", "refusal"),
    [
        (False, "repository { id }", "Field 'id' doesn't exist on type 'Repository'"),
        (True, 'repository { commits(ref: "main") }', "Field 'commits' doesn't exist on type 'Repository'"),
        (
            True,
            "repository { tree { lastCommit { parentSha } } }",
            "'parentSha' doesn't exist on type 'Commit'",
        ),
    ],
    ids=["beyond the schema", "commits at an older GitLab", "a parent at an older GitLab"],
)
def test_what_gitlab_does_not_know_is_refused_as_a_whole(
    world: World, *, is_older: bool, query: str, refusal: str
) -> None:
    world.gitlab.is_older = is_older
    said = world.refusals(f'{{ project(fullPath: "{REPOSITORY}") {{ {query} }} }}')
    assert any(refusal in each for each in said)


@pytest.mark.parametrize(
    ("query", "score"),
    [
        ("", 0),
        ("currentUser { username }", 2),
        ("project(fullPath: $p) { repository { rootRef } }", 4),
        ("project(fullPath: $p) { repository { tree { lastCommit { sha } } } }", 15),
        ("project(fullPath: $p) { repository { tree { ...tip } } }", 15),
        (
            'project(fullPath: $p) { repository { blobs(paths: ["a", "b"], first: 50) { nodes { oid } } } }',
            11,
        ),
        ('project(fullPath: $p) { repository { commits(ref: "main") { nodes { sha } } } }', 10),
        ("project(fullPath: $p) { mergeRequests(first: 1) { nodes { mergedAt diffHeadSha } } }", 11),
    ],
)
def test_a_query_costs_what_gitlab_counts(world: World, query: str, score: int) -> None:
    query = query.replace("$p", f'"{REPOSITORY}"')
    tip = " fragment tip on Tree { lastCommit { sha } }" if "tip" in query else ""
    answer = world.ask(f"{{ queryComplexity {{ score limit }} {query} }}{tip}").json()
    assert answer["data"]["queryComplexity"] == {"score": 3 + score, "limit": 250}


def test_what_costs_too_much_is_refused_as_a_whole(world: World) -> None:
    trees = " ".join(f"t{at}: tree {{ lastCommit {{ sha }} }}" for at in range(20))
    said = world.refusals(f'{{ project(fullPath: "{REPOSITORY}") {{ repository {{ {trees} }} }} }}')
    assert said == ["Query has complexity of 262, which exceeds max complexity of 250"]
