"""Pull requests: their branches, words, marks and company, as values and texts."""
