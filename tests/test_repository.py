"""What is committed: nothing of a developer's machine, nothing unfinished, and locks that lock."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_POSSESSIVE_GROUP = re.compile(r"(?<!\\)\)(?:[*+?]|\{[0-9,]+\})\+|\(\?>")
LOCKS = ("requirements.lock", "requirements-image.lock", "requirements-test.lock")

_SHARED = {
    "PAYLOADS_DIR": "../shared/payloads",
    "CASES_DIR": "../shared/cases",
    "CONTRACTS_DIR": "../shared/contracts",
}
_TRIVIAL = 32
"""Files of fewer bytes (an empty package, `{}`) are equal by chance."""

# In parts, so that this file does not name what no file may name.
_INDEX_HOSTS = tuple(
    ".".join(parts)
    for parts in (
        *(("pypi", "org"), ("pythonhosted", "org"), ("pypi", "python", "org"), ("anaconda", "org")),
        *(("npmjs", "org"), ("npmjs", "com"), ("npmmirror", "com"), ("yarnpkg", "com"), ("crates", "io")),
        *(("rubygems", "org"), ("proxy", "golang", "org"), ("goproxy", "io"), ("repo1", "maven", "org")),
        *(("deb", "debian", "org"), ("security", "debian", "org"), ("snapshot", "debian", "org")),
        *(("archive", "ubuntu", "com"), ("security", "ubuntu", "com"), ("dl-cdn", "alpinelinux", "org")),
        *(("tuna", "tsinghua", "edu"), ("mirrors", "aliyun", "com"), ("jfrog", "io/artifactory/api")),
    )
)
_INDEX_OPTIONS = re.compile(r"--(?:extra-)?index-url|--find-links|--trusted-host|[Ii]ndex-[Uu]rl\s*=")
_PRIVATE_PATH = re.compile(r"(?<![\w.$})/-])/(?:work|root|home/[a-z_][\w-]*|Users/\w+)/")
_UNFINISHED = re.compile(r"\b(?:" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK")) + r")\b")
_NAMED = re.compile(r"`((?:bot|workers|tests)(?:\.\w+)+)`")
_REQUIREMENT = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)")


@cache
def committed() -> tuple[str, ...]:
    """Every committed path that is there; skips outside a clone."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("this is no clone of the repository")
    return tuple(name for name in done.stdout.split("\0") if name and (ROOT / name).is_file())


def texts(*, without: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Committed files with their text, but for those named and those that are no text."""
    for name in committed():
        content = (ROOT / name).read_bytes()
        if name not in without and b"\0" not in content:
            yield name, content.decode(errors="replace")


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Committed Python modules."""
    for name in committed():
        if name.endswith(".py"):
            yield name, ast.parse((ROOT / name).read_bytes())


def lines_with(pattern: re.Pattern[str], *, without: tuple[str, ...] = ()) -> list[str]:
    """`file:line: text` of every line in which the pattern is found."""
    return [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in texts(without=without)
        if pattern.search(text)
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_file_names_a_package_index() -> None:
    """Where packages come from is the matter of the machine that installs them."""
    hosts = re.compile("|".join(map(re.escape, _INDEX_HOSTS)), re.IGNORECASE)
    assert lines_with(hosts) == []


def test_no_lock_chooses_an_index() -> None:
    found = {name: _INDEX_OPTIONS.search((ROOT / name).read_text(encoding="utf-8")) for name in LOCKS}
    assert found == dict.fromkeys(LOCKS)


def test_no_file_names_a_path_of_a_developers_machine() -> None:
    assert lines_with(_PRIVATE_PATH, without=("tests/test_repository.py",)) == []


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ("see /work/notes.md", True),
        ('open("/root/.ssh/id")', True),
        ("HOME=/home/ada/tagboat", True),
        ("https://example.com/home/page/", False),
        ("../work/tree", False),
        ("$HOME/work/tree", False),
    ],
)
def test_private_paths_are_told_from_others(line: str, is_found: bool) -> None:
    assert bool(_PRIVATE_PATH.search(line)) is is_found


def test_nothing_is_marked_as_unfinished() -> None:
    assert lines_with(_UNFINISHED, without=LOCKS) == []


def test_every_module_says_what_belongs_there() -> None:
    """A package of tests may be silent: its file is empty."""
    silent = [name for name, module in modules() if not ast.get_docstring(module)]
    assert [name for name in silent if not name.startswith("tests/") or (ROOT / name).stat().st_size] == []


def test_no_function_is_a_stub() -> None:
    stubs = [f"{name}:{each.lineno} {each.name}" for name, module in modules() for each in stubs_in(module)]
    assert stubs == []


def test_no_expression_lets_a_group_keep_what_it_took() -> None:
    """Python 3.11.2, which Debian 12 has, matches such groups wrongly.

    https://github.com/python/cpython/issues/106052, mended in 3.11.5; single characters are safe.
    """
    texts = (
        (f"{name}:{each.lineno}", each.value)
        for name, module in modules()
        if not name.startswith("tests/")
        for each in ast.walk(module)
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    )
    assert [place for place, text in texts if _POSSESSIVE_GROUP.search(text)] == []


@pytest.mark.parametrize("text", ["(?:a|b)*+", "(a)++", "(?:a)?+", "(a){2,3}+", "(?>a|b)"])
def test_groups_that_keep_what_they_took_are_found(text: str) -> None:
    assert _POSSESSIVE_GROUP.search(text)
    assert not _POSSESSIVE_GROUP.search(r"[^)]*+(?:a[bc]++)*\)++")


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ("def f():\n    '''Says.'''\n    pass", 1),
        ("def f():\n    ...", 1),
        ("def f():\n    raise NotImplementedError('later')", 1),
        ("class A:\n    def f(self):\n        raise NotImplementedError", 1),
        ("class A(Protocol):\n    def f(self):\n        ...", 0),
        ("class A:\n    @abstractmethod\n    def f(self):\n        '''Says.'''", 0),
        ("def f():\n    '''Being called is all.'''", 0),
        ("def f(x):\n    if x:\n        return x\n    raise NotImplementedError(x)", 0),
    ],
)
def test_stubs_are_told_from_contracts(code: str, count: int) -> None:
    assert len(list(stubs_in(ast.parse(code)))) == count


def stubs_in(module: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Functions that do nothing yet; the methods of a Protocol, abstract ones and overloads are contracts."""
    contracts = {
        function
        for each in ast.walk(module)
        if isinstance(each, ast.ClassDef) and any("Protocol" in ast.unparse(base) for base in each.bases)
        for function in each.body
    }
    for each in ast.walk(module):
        if not isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) or each in contracts:
            continue
        words = " ".join(ast.unparse(decorator) for decorator in each.decorator_list)
        if "abstract" not in words and "overload" not in words and _does_nothing_yet(each.body):
            yield each


def _does_nothing_yet(body: list[ast.stmt]) -> bool:
    said = body[1:] if isinstance(body[0], ast.Expr) and _is_text(body[0].value) else body
    if len(said) != 1:
        return False
    only = said[0]
    if isinstance(only, ast.Raise):
        return only.exc is not None and "NotImplemented" in ast.unparse(only.exc)
    return isinstance(only, ast.Pass) or ast.unparse(only) == "..."


def _is_text(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


@dataclass(frozen=True)
class Pin:
    """One requirement of a lock file, and its hashes."""

    version: str
    hashes: list[str] = field(default_factory=list)


def pins(lock: str) -> Mapping[str, Pin]:
    """The pinned requirements of a lock file, by normalised name."""
    found: dict[str, Pin] = {}
    last: Pin | None = None
    for line in (ROOT / lock).read_text(encoding="utf-8").splitlines():
        pinned = re.match(r"([A-Za-z0-9._-]+)==([^\s;\\]+)", line)
        if pinned:
            last = found[_normal(pinned[1])] = Pin(pinned[2])
        elif last is not None and (hashed := re.match(r"\s+--hash=(sha256:[0-9a-f]{64})(?: \\)?$", line)):
            last.hashes.append(hashed[1])
        else:
            assert not line.strip() or line.lstrip().startswith("#"), (
                f"{lock} has a line that pins nothing: {line}"
            )
    return found


def test_what_a_docstring_names_is_there() -> None:
    """A module that moved takes the docstrings that lead to it along."""
    sources = [(name, text) for name, text in texts() if name.endswith(".py")]
    named = {(name, each) for name, text in sources for each in _NAMED.findall(text)}
    assert len(named) > 50
    assert not any(
        map(_is_there, ("bot.domain.nowhere", "bot.domain.status.Nobody", "bot.web.nowhere.Nobody"))
    )
    assert sorted(f"{name}: {each}" for name, each in named if not _is_there(each)) == []


def _is_there(dotted: str) -> bool:
    """Whether it is a module, or something that a module defines or hands on."""
    path = ROOT / dotted.replace(".", "/")
    if path.is_dir() or path.with_suffix(".py").is_file():
        return True
    module, _, name = dotted.rpartition(".")
    path = ROOT / module.replace(".", "/")
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not source.is_file():
        return False
    return re.search(rf"^(?:class |def |from .*\b|)\b{name}\b", source.read_text("utf-8"), re.M) is not None


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_of_a_lock_has_hashes(lock: str) -> None:
    assert [name for name, pin in pins(lock).items() if not pin.hashes] == []
    assert len(pins(lock)) > 20


def test_every_dependency_is_in_the_locks() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = {
        _name(each) for each in (*project["project"]["dependencies"], *project["build-system"]["requires"])
    }
    tested = {_name(each) for each in project["project"]["optional-dependencies"]["test"]}
    extras = project["project"]["optional-dependencies"]
    offered = {_name(each) for extra in extras if extra != "test" for each in extras[extra]}
    assert needed - set(pins("requirements.lock")) == set()
    assert (needed | offered) - set(pins("requirements-image.lock")) == set()
    assert (needed | tested) - set(pins("requirements-test.lock")) == set()


def test_locked_versions_are_no_older_than_what_is_asked_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    locked = pins("requirements-test.lock")
    for each in (*project["dependencies"], *project["optional-dependencies"]["test"]):
        name, _, least = each.partition(">=")
        if least:
            assert _numbers(locked[_name(name)].version) >= _numbers(least), each


def test_the_tests_run_on_the_versions_that_are_delivered() -> None:
    tested = pins("requirements-test.lock")
    for lock in ("requirements.lock", "requirements-image.lock"):
        assert {name: tested.get(name) for name in pins(lock)} == pins(lock)


def test_no_package_lock_of_node_says_where_packages_come_from() -> None:
    for name in committed():
        if name.endswith("package-lock.json"):
            packages = json.loads((ROOT / name).read_bytes())["packages"]
            third_party = {path: each for path, each in packages.items() if path}
            assert [path for path, each in third_party.items() if "resolved" in each] == []
            assert [path for path, each in third_party.items() if not each.get("integrity")] == []


def test_the_license_is_apache_2() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert project["license"] == "Apache-2.0"
    assert re.search(r"Apache License\s+Version 2\.0, January 2004", text)
    assert "END OF TERMS AND CONDITIONS" in text


@pytest.mark.parametrize("variable", _SHARED)
def test_no_file_is_a_copy_of_a_shared_one(variable: str) -> None:
    """Cases and payloads from elsewhere are read where they are, and have a life of their own there."""
    folder = (ROOT / os.environ.get(variable, _SHARED[variable])).resolve()
    if not folder.is_dir():
        pytest.skip(f"{variable} is not there")
    shared = {_hash(path): path.name for path in folder.rglob("*") if path.is_file()}
    own = ((name, shared.get(_hash(ROOT / name))) for name in committed())
    copies = {name: origin for name, origin in own if origin and (ROOT / name).stat().st_size >= _TRIVIAL}
    assert copies == {}


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _name(requirement: str) -> str:
    found = _REQUIREMENT.match(requirement)
    assert found, requirement
    return _normal(found[1])


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.partition("+")[0]))
