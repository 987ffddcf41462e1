"""Stores: the truth between two reconciles, in memory, SQLite or PostgreSQL (ports `Store` and `Ledger`)."""
