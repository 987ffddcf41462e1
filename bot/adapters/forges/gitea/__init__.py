"""Gitea and Forgejo: Git itself for commits, their REST API for the rest."""
