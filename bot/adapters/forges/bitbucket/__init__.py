"""Bitbucket, Cloud and Data Center: Git itself for commits, their two REST APIs for the rest."""
