"""Queues: Celery, and a memory twin."""
