"""The Celery application: tasks of a few lines, the schedule, and the embedded worker."""
