"""Who signed without a key. One module per way to know; `memory` for tests and dry runs."""
