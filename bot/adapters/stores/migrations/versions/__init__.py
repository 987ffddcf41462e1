"""One file per change of the tables, named by its place in the row."""
