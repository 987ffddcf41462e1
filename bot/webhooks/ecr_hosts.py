"""The hosts by which one private registry of Amazon ECR is known, made from account and region.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html
https://docs.aws.amazon.com/general/latest/gr/ecr.html
"""

from __future__ import annotations

import re

from bot.webhooks.reader import Unreadable

_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2,5}(?:-[a-z]{2,12}){1,3}-[0-9]{1,2}")
# By the partitions of AWS: suffixes of the IPv4 and of the dual-stack endpoints.
_SUFFIXES = {
    "cn-": ("amazonaws.com.cn", "on.amazonwebservices.com.cn"),
    "us-iso-": ("c2s.ic.gov", None),
    "us-isob-": ("sc2s.sgov.gov", None),
    "us-isof-": ("csp.hci.ic.gov", None),
    "eu-isoe-": ("cloud.adc-e.uk", None),
    "eusc-": ("amazonaws.eu", "on.amazonwebservices.eu"),
}
_COMMON = ("amazonaws.com", "on.aws")


def hosts(*, account: str, region: str) -> tuple[str, ...]:
    """The usual host first, then the one with FIPS and the dual-stack one.

    Raises:
        Unreadable: account or region break their grammar (403), so that no other host can be smuggled in.
    """
    if not _ACCOUNT.fullmatch(account):
        raise Unreadable("account is not an account", 403)
    if not _REGION.fullmatch(region):
        raise Unreadable("region is not a region", 403)
    suffix, dual = next((each for start, each in _SUFFIXES.items() if region.startswith(start)), _COMMON)
    common = f"{account}.dkr.ecr.{region}.{suffix}"
    fips = f"{account}.dkr.ecr-fips.{region}.{suffix}"
    return (common, fips, f"{account}.dkr-ecr.{region}.{dual}") if dual else (common, fips)
