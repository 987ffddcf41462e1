"""The configuration: one YAML file (or a folder of them) becomes typed, frozen values.

`settings` holds the values that the rest of Tagboat sees; the other modules read and check what people write.
"""
