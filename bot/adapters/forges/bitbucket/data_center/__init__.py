"""Bitbucket Data Center, once called Server: https://developer.atlassian.com/server/bitbucket/rest/."""
