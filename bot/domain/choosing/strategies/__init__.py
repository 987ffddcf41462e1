"""What "newest" means: one strategy a file, each an `Order`. Pure: nothing of registries, nothing of time.

`bot.domain.choosing.policy` builds them from what the configuration says.
"""
