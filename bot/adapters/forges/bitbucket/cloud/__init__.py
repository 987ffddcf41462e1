"""Bitbucket Cloud, bitbucket.org: https://developer.atlassian.com/cloud/bitbucket/rest/."""
