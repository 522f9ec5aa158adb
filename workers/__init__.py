"""The Celery application, sending by name, routing, the hardware probe, and the life of a worker process."""
