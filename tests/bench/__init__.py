"""How fast Tagboat is, against a floor that is measured in the same run: `make bench`.

Each module has `run()`, which prints its figures. Ratios hold from one machine to the next, seconds do not.
"""
