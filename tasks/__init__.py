"""Celery tasks: each one call into a service, nothing else."""
