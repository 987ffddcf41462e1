"""What a call of the fake GitHub's REST API is, how long its lists are, and how GitHub refuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.fakes.git_host_model import Pull
from tests.fakes.git_repository import Person
from tests.fakes.github_accounts import Account
from tests.fakes.github_json import Shapes
from tests.fakes.host_call import HostCall, Json
from tests.fakes.http_host import Response

WEB = Person("GitHub", "noreply@github.com")
_DOCS = "https://docs.github.com/rest"
_PER_PAGE, _MOST_PER_PAGE = 30, 100


@dataclass(frozen=True, slots=True)
class Call(HostCall):
    """With who asks, how the fake shows what it has, and the heads that GitHub knows how to merge by now."""

    account: Account
    shapes: Shapes
    late_mergeable: set[tuple[int, str]] | None = None

    @property
    def pull(self) -> Pull:
        """The pull request that the address names."""
        return self.repository.pull(int(self["number"]))

    def page(self, items: Sequence[Json]) -> Response:
        """The page of a list that was asked for."""
        size = min(int(self.request.query.get("per_page", _PER_PAGE)), _MOST_PER_PAGE)
        begin = (int(self.request.query.get("page", 1)) - 1) * size
        return Response(200, list(items[begin : begin + size]))


def refused(status: int, message: str, *errors: Json) -> Response:
    """An error as GitHub writes it."""
    data: Json = {"message": message, "documentation_url": _DOCS, "status": str(status)}
    return Response(status, data | ({"errors": list(errors)} if errors else {}))


NOT_FOUND = refused(404, "Not Found")
