"""The one way to hand work to the worker.

Only dotted paths and ids travel: the queue's rows are readable by whoever reads the database, so no secret
and no text goes into them. Inside a transaction the job appears with the commit, because the queue lives in
the same database.
"""

from typing import Literal

from django.conf import settings
from django_q.tasks import async_task

Cluster = Literal["reports", "mail"]


def enqueue(path: str, *ids: int, cluster: Cluster) -> str:
    """Run the function at `path` with `ids` in `cluster`; returns the job's id. It may run twice or never:
    what it works on has to be claimed in the database."""
    limit = settings.LONG_JOBS.get(path)
    options = {"timeout": limit} if limit else {}
    return str(async_task(path, *ids, cluster=cluster, **options))
