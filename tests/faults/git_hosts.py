"""The Git hosts of the fault tests: what Tagboat asks of each, how it refuses, and what is then said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.fakes.github import FakeGitHub, primary_limit, secondary_limit
from tests.fakes.gitlab import FakeGitLab
from tests.fakes.http_host import Answer, Cut, Fault

Way = tuple[str, str]
"""A call of the host's API: its method, and a regular expression for its path."""


@dataclass(frozen=True)
class Lasting:
    """A fault that stays, and the words of the sentence about it."""

    way: Way
    fault: Fault
    words: tuple[str, ...]
    is_for_humans: bool = True


@dataclass(frozen=True)
class Limit:
    """A wish to be left alone for so many seconds."""

    way: Way
    fault: Callable[[], Fault]
    seconds: int


@dataclass(frozen=True)
class Host:
    """One Git host."""

    name: str
    fake: type[FakeGitHub] | type[FakeGitLab]
    reads: tuple[str, ...]
    creates: Mapping[str, Way]
    """Every call that makes something of a first proposal; "pull request" and "branch" are among them."""
    updates: Mapping[Way, int]
    """Every call that changes an open proposal of prod; at which one of them from then on."""
    withdrawals: tuple[Way, ...]
    prods_file: str
    refusals: Mapping[str, Fault]
    busy: Fault
    """Somebody else was faster."""
    overtaken: tuple[str, ...]
    """The words of the sentence about that."""
    lasting: Mapping[str, Lasting]
    limits: Mapping[str, Limit]
    survey: Way
    """What asks for a whole look at once, so that reads are not asked one by one."""


_GITHUB_REFUSALS: dict[str, Fault] = {
    "401": Answer(401, {"message": "Bad credentials"}),
    "403": Answer(403, {"message": "Resource not accessible by personal access token"}),
    "404": Answer(404, {"message": "Not Found"}),
    "409": Answer(409, {"message": "Git Repository is empty."}),
    "422": Answer(422, {"message": "Validation Failed"}),
    "junk": Answer(200, {"surprise": [None]}),
}
GITHUB = Host(
    "GitHub",
    FakeGitHub,
    reads=(
        "acme/infra$",
        "/branches/main$",
        "/branches/tagboat/",
        "/contents/",
        "/compare/",
        "/pulls$",
        r"/pulls/\d+$",
    ),
    creates={
        "tree": ("POST", "/git/trees$"),
        "commit": ("POST", "/git/commits$"),
        "branch": ("POST", "/git/refs$"),
        "pull request": ("POST", "/pulls$"),
        "merge": ("PUT", "/merge$"),
    },
    updates={("POST", "/graphql mutation"): 1, ("PATCH", r"/pulls/\d+$"): 1},
    withdrawals=(("PATCH", r"/pulls/\d+$"), ("POST", "/comments$"), ("POST", "/graphql mutation")),
    prods_file="/contents/envs/prod",
    survey=("POST", "/graphql query"),
    refusals=_GITHUB_REFUSALS,
    busy=Answer(409, {"message": "Reference is locked"}),
    overtaken=("acme/infra on 127.0.0.1 was changed at the same moment", "Reference is locked"),
    lasting={
        "gone": Lasting(("GET", "."), Cut(), ("GitHub at 127.0.0.1", "did not answer"), is_for_humans=False),
        "502 on a list": Lasting(
            ("GET", "/pulls$"), Answer(502), ("127.0.0.1", "HTTP 502"), is_for_humans=False
        ),
        "502 on a create": Lasting(
            ("POST", "/pulls$"), Answer(502), ("127.0.0.1", "HTTP 502"), is_for_humans=False
        ),
        "token revoked": Lasting(
            ("GET", "."),
            _GITHUB_REFUSALS["401"],
            ("access token", "acme/infra on 127.0.0.1", "Bad credentials", "give a new one"),
        ),
        "right taken away": Lasting(
            ("POST", "/git/trees$"),
            _GITHUB_REFUSALS["403"],
            ("access token", "acme/infra on 127.0.0.1", "read and write"),
        ),
        "merge forbidden": Lasting(
            ("PUT", "/merge$"),
            Answer(405, {"message": "Required status check is expected"}),
            ("pull request 1 of acme/infra", "Required status check"),
        ),
        "gone for us": Lasting(("GET", "."), _GITHUB_REFUSALS["404"], ("acme/infra on 127.0.0.1", "check")),
        "renamed": Lasting(
            ("GET", "."),
            Answer(301, {"message": "Moved Permanently"}),
            ("acme/infra on 127.0.0.1 was moved", "new path"),
        ),
    },
    limits={
        "primary on a read": Limit(("GET", "/pulls$"), lambda: primary_limit(600), 600),
        "secondary on a create": Limit(("POST", "/pulls$"), lambda: secondary_limit(90), 90),
        "one that names no time": Limit(("PUT", "/merge$"), lambda: secondary_limit(None), 60),
    },
)

_GITLAB_REFUSALS: dict[str, Fault] = {
    "401": Answer(401, {"message": "401 Unauthorized"}),
    "403": Answer(403, {"message": "403 Forbidden"}),
    "404": Answer(404, {"message": "404 Project Not Found"}),
    "400": Answer(400, {"message": "Could not update refs/heads/x. Please refresh and try again."}),
    "422": Answer(422, {"message": {"base": ["is invalid"]}}),
    "junk": Answer(200, {"surprise": [None]}),
}
_COMMIT = ("POST", "/repository/commits$")
GITLAB = Host(
    "GitLab",
    FakeGitLab,
    reads=(
        "infra$",
        "/repository/branches$",
        "/repository/branches/",
        "/repository/files/",
        "/repository/compare$",
        "/merge_requests$",
        r"/merge_requests/\d+$",
    ),
    creates={"branch": _COMMIT, "pull request": ("POST", "/merge_requests$"), "merge": ("PUT", "/merge$")},
    updates={("PUT", r"/merge_requests/\d+$"): 1, _COMMIT: 2},
    withdrawals=(("PUT", r"/merge_requests/\d+$"), ("POST", "/notes$"), ("DELETE", "/branches/")),
    prods_file="/files/envs%2Fprod",
    survey=("POST", "/graphql query"),
    refusals=_GITLAB_REFUSALS,
    busy=_GITLAB_REFUSALS["400"],
    overtaken=("was moved by somebody else", "Could not update"),
    lasting={
        "gone": Lasting(("GET", "."), Cut(), ("GitLab at 127.0.0.1", "did not answer"), is_for_humans=False),
        "502 on a list": Lasting(
            ("GET", "/merge_requests$"), Answer(502), ("127.0.0.1", "HTTP 502"), is_for_humans=False
        ),
        "token revoked": Lasting(
            ("GET", "."),
            _GITLAB_REFUSALS["401"],
            ("access token", "acme/infra on 127.0.0.1", "401 Unauthorized", "give a new one"),
        ),
        "right taken away": Lasting(
            _COMMIT, _GITLAB_REFUSALS["403"], ("access token", "acme/infra on 127.0.0.1", "role Developer")
        ),
        "merge forbidden": Lasting(
            ("PUT", "/merge$"),
            Answer(405, {"message": "405 Method Not Allowed"}),
            ("merge request 1 of acme/infra", "405 Method Not Allowed"),
        ),
        "gone for us": Lasting(
            ("GET", "."), _GITLAB_REFUSALS["404"], ("acme/infra on 127.0.0.1", "check the path")
        ),
        "renamed": Lasting(
            ("GET", "."), Answer(301, {"message": "moved"}), ("acme/infra on 127.0.0.1 was moved", "new path")
        ),
    },
    limits={
        name: Limit(way, lambda: Answer(429, None, {"Retry-After": "90"}), 90)
        for name, way in {
            "a read": ("GET", "/merge_requests$"),
            "a create": ("POST", "/merge_requests$"),
            "a merge": ("PUT", "/merge$"),
        }.items()
    },
)
HOSTS = {host.name: host for host in (GITHUB, GITLAB)}
