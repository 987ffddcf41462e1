"""Paths of files in a repository: which of them Tagboat may write.

Links are no matter of names: a forge refuses them when it reads the tree. A path is compared as the least
strict file system would do: without case, without trailing dots and blanks, without what is behind a colon
(NTFS's streams), and in Unicode's compatible form.
"""

from __future__ import annotations

import unicodedata

from bot.domain.errors import Refused

_LONGEST = 1_000
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
# Whoever may change these steers what hosts and runners do with the secrets of the repository.
_CI_FOLDERS = {
    *(".github", ".gitlab", ".gitea", ".forgejo", ".circleci", ".buildkite", ".woodpecker", ".tekton"),
}
_CI_FILES = {
    *(".drone.yml", ".travis.yml", ".cirrus.yml", "appveyor.yml", "bitbucket-pipelines.yml", "jenkinsfile"),
    *("azure-pipelines.yml", "azure-pipelines.yaml", "cloudbuild.yaml", "cloudbuild.yml", "buildspec.yml"),
    *(".woodpecker.yml", ".woodpecker.yaml", "cloudbuild.json", ".drone.yaml", ".appveyor.yml"),
}
_STEERS_GIT = {".gitattributes", ".gitmodules", ".gitconfig", ".gitignore", ".mailmap"}
_OWNERS = "codeowners"


def safe_path(path: str, *, allow_workflows: bool = False) -> str:
    """Return the path of a file in a repository when it is one that Tagboat may write.

    `allow_workflows` lets files pass that CI runs; nothing lets Git's own files pass.

    Raises:
        Refused: the path leaves the repository, or leads to Git's own files or to what runs in CI.
    """
    why, fix = _danger(path)
    if not why and not allow_workflows and _is_of_ci(path):
        why = "CI would run it, with the secrets of the repository"
        fix = "name a values file, or say `allow_workflows: true`"
    if why:
        raise Refused(f"the file {_shown(path)} is never written", why=why, fix=fix)
    return path


def _danger(path: str) -> tuple[str, str]:
    """Why nobody may have the path written, and what to do; both empty where there is no reason."""
    root = "name a values file by its path from the root of the repository"
    if not path or len(path) > _LONGEST:
        return f"a path has between 1 and {_LONGEST:,} characters", root
    if "\\" in path or not path.isprintable() or any(unicodedata.category(c) in _UNSEEN for c in path):
        return "it holds a backslash or a character that cannot be seen", "use visible characters and / only"
    if path.startswith("/"):
        return "it is absolute", root
    names = _names(path)
    if any(not name for name in names):
        return "a part of it is empty or only dots", root
    if any(name == ".git" or name.startswith("git~") for name in names):
        return "it leads into Git's own folder", root
    if not _STEERS_GIT.isdisjoint(names):
        return "it steers Git itself", "name another file"
    if names[-1] == _OWNERS:
        return "it says who must review", "name another file"
    return "", ""


def _is_of_ci(path: str) -> bool:
    names = _names(path)
    return not _CI_FOLDERS.isdisjoint(names) or names[-1] in _CI_FILES or names[-1].startswith(".gitlab-ci")


def _names(path: str) -> list[str]:
    parts = unicodedata.normalize("NFKC", path).casefold().split("/")
    return [part.partition(":")[0].strip(" ").rstrip(" .") for part in parts]


def _shown(path: str) -> str:
    text = path[:200]
    return repr(text) if text.isprintable() else ascii(text)
