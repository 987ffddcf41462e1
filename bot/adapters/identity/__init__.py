"""Identity providers: the keys that they sign with."""
