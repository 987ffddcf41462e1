"""Flux's comments: all values that are marked for a policy change, as Flux itself would change them."""

from __future__ import annotations

import pytest

from bot.domain.edit.setters import policies
from bot.domain.errors import Malformed, NotFound, Permanent, Refused
from bot.domain.place import Setter
from tests.domain.edit.text_kinds import NEW, OLD, read, written

_PLACE = Setter("flux-system:web")
_ALL = '# {"$imagepolicy": "flux-system:web"}'
_TAG, _NAME, _DIGEST = (
    f'# {{"$imagepolicy": "flux-system:web:{part}"}}' for part in ("tag", "name", "digest")
)
_API = '# {"$imagepolicy": "flux-system:api"}'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            f"image: ghcr.io/acme/web:1.4 {_ALL}\r\n",
            f"image: ghcr.io/acme/web:1.10 {_ALL}\r\n",
            id="reference",
        ),
        pytest.param(
            f'image: "ghcr.io/acme/web:1.4" {_ALL}', f'image: "ghcr.io/acme/web:1.10" {_ALL}', id="quotes"
        ),
        pytest.param(
            f"i:\n  name: ghcr.io/acme/web {_NAME}\n  tag: v1 {_TAG}\n  digest: {OLD} {_DIGEST}\n",
            f'i:\n  name: ghcr.io/acme/web {_NAME}\n  tag: "1.10" {_TAG}\n  digest: {NEW} {_DIGEST}\n',
            id="parts",
        ),
        pytest.param(
            f"c:\n- image: x/y:1 {_ALL}\n- image: x/z:1 {_API}\n---\nc: {{a: [\n 'x/y:1' {_ALL}\n]}}\n",
            f"c:\n- image: ghcr.io/acme/web:1.10 {_ALL}\n- image: x/z:1 {_API}\n---\nc: {{a: [\n"
            f" 'ghcr.io/acme/web:1.10' {_ALL}\n]}}\n",
            id="several documents",
        ),
        pytest.param(
            f"a:\n  {_TAG}\n  tag: 1.4\n  x: 2",
            f'a:\n  {_TAG}\n  tag: "1.10"\n  x: 2',
            id="on the line above",
        ),
        pytest.param(f"{_TAG}\ntag: v1\n", f'{_TAG}\ntag: "1.10"\n', id="on the first line"),
        pytest.param(f"tag: {_TAG}\n  v1\n", f'tag: {_TAG}\n  "1.10"\n', id="behind the key"),
        pytest.param(
            f"a: {{t: v1, {_TAG}\n  b: [1, {_API}\n 2]}}",
            f'a: {{t: "1.10", {_TAG}\n  b: [1, {_API}\n 2]}}',
            id="behind a comma",
        ),
        pytest.param(
            f"a:\n  x: 2\n  {_TAG}\n  # why\n  tag: '1'\n",
            f"a:\n  x: 2\n  {_TAG}\n  # why\n  tag: '1.10'\n",
            id="with a comment between",
        ),
        pytest.param(f"- v1 {_TAG}\n", f'- "1.10" {_TAG}\n', id="element of a list"),
        pytest.param(
            f"a: |\n  x: 1 {_TAG}\nb: v1 {_TAG}\n",
            f'a: |\n  x: 1 {_TAG}\nb: "1.10" {_TAG}\n',
            id="what is no comment",
        ),
        pytest.param(
            f"# t: v0 {_TAG}\nt: v1 {_TAG}\n", f'# t: v0 {_TAG}\nt: "1.10" {_TAG}\n', id="a line taken out"
        ),
        pytest.param(f"t: '' {_TAG}", f"t: '1.10' {_TAG}", id="empty quotes"),
        pytest.param(f"\ufefft: v1 {_TAG}", f'\ufefft: "1.10" {_TAG}', id="byte order mark"),
        pytest.param(
            f"é: v1 {_TAG}\n# {{not JSON\n", f'é: "1.10" {_TAG}\n# {{not JSON\n', id="other comments"
        ),
    ],
)
def test_marked_values_change_alone(before: str, after: str) -> None:
    assert written(_PLACE, before) == after


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        ("a: 1", NotFound, "the file has no marks of Flux"),
        (f"# a: v1 {_TAG}\na: v1", NotFound, "the file has no marks of Flux"),
        (f"a: v1 # why {_TAG}", Refused, "line 1 marks nothing"),
        (f"a: x/y:1 {_API}", NotFound, "the file has marks for flux-system:api"),
        ('a: x # {"$imagepolicy": "flux-system:web:tagg"}', Malformed, "names the part 'tagg'"),
        (f"a:\n  {_TAG}\n  - tag: 1\n", Refused, "line 2 marks nothing"),
        (f"a: {{x: 1, tag: 2}} {_TAG}\n", Refused, "line 1 marks nothing"),
        (f"a:\n  b: 1\n{_TAG}\n\nc: 1\n", Refused, "line 3 marks nothing"),
        (f"a: 1\n{_TAG}", Refused, "line 2 marks nothing"),
        (f"tag: {_TAG}", Refused, "empty or a block"),
        (f"tag: &x v1 {_TAG}\nb: *x", Refused, "has an anchor or a tag"),
        (f"tag: !!int 1 {_TAG}", Refused, "has an anchor or a tag"),
        (f"tag: x/y:1 {_TAG}", Malformed, "line 1 says 'x/y:1'"),
        (f"a: 1 {_TAG}\nb: 2 {_TAG}", Malformed, "line 2 contradicts line 1"),
        (f"a: {{{{ .x }}}} {_TAG}", Permanent, ""),
        (f"a: v1 {_TAG}\n" + "b: [", Malformed, "not valid YAML"),
    ],
)
def test_what_is_not_one_value_is_refused_with_its_line(
    content: str, error: type[Permanent], says: str
) -> None:
    for act in (lambda: read(_PLACE, content), lambda: written(_PLACE, content)):
        with pytest.raises(error) as caught:
            act()
        assert says in str(caught.value)


def test_the_policies_of_a_file_are_told_in_its_order() -> None:
    content = f'a: x/y:1 {_API}\nb: 1 {_TAG}\nc: x/y:1 {_API}\n# {{"other": "$imagepolicy"}}\n'
    assert policies(content.encode()) == ("flux-system:api", "flux-system:web")


def test_a_large_file_is_edited_in_one_pass() -> None:
    lines = [f"k{number}: v1 {_TAG if number % 20 == 0 else ''}".rstrip() for number in range(2_000)]
    after = written(_PLACE, "\n".join(lines))
    assert after.count('"1.10"') == 100
