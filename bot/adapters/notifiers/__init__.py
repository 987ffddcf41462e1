"""Notifiers: the places where people read what Tagboat did (port `Notifier`)."""
