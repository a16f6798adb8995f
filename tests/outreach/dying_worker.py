"""`python -m tests.outreach.dying_worker POINT`: send and file what is due, and die at POINT.

It is the house's own dispatcher in a process of its own; the functions around the point are wrapped here, so
that production code needs no branch for it. Death is `os._exit(9)`: nothing is cleaned up, no socket is
closed politely, no transaction is ended – as when the system kills a process.
"""

import os
import sys
from collections.abc import Callable
from typing import Any

import django

django.setup()  # models can be imported only after it

from connector.smtp import submission  # noqa: E402
from connector.superoffice.client import Client  # noqa: E402
from outreach import archiving, delivery  # noqa: E402


def die() -> None:
    os._exit(9)


def before(owner: Any, name: str) -> None:
    """Die when `owner.name` is called."""

    def wrapped(*_args: Any, **_kwargs: Any) -> None:
        die()

    setattr(owner, name, wrapped)


def after(owner: Any, name: str) -> None:
    """Die when `owner.name` has returned."""
    original: Callable[..., Any] = getattr(owner, name)

    def wrapped(*args: Any, **kwargs: Any) -> None:
        original(*args, **kwargs)
        die()

    setattr(owner, name, wrapped)


def arrange_death(point: str) -> None:
    attempt = submission._Attempt
    points: dict[str, tuple[Callable[[Any, str], None], Any, str]] = {
        "before_claim": (before, delivery, "claim"),
        "after_claim": (after, delivery, "claim"),
        "after_delivery_row": (after, delivery, "_open_delivery"),
        "after_connect": (after, delivery, "open_mailbox"),
        "after_envelope": (after, attempt, "_open_envelope"),
        "after_body": (after, attempt, "_transfer_body"),
        "after_mark": (after, delivery, "mark_committing"),
        "after_dot": (after, attempt, "_send_dot"),
        "after_250": (before, delivery, "record_outcome"),
        "after_sent": (after, delivery, "record_outcome"),
        "before_create_document": (before, Client, "create_document"),
        "after_create_document": (after, Client, "create_document"),
        "after_upload": (after, Client, "upload_document"),
        "after_complete": (after, Client, "complete_document"),
        "nowhere": (lambda _owner, _name: None, None, ""),
    }
    kind, owner, name = points[point]
    kind(owner, name)


def main(point: str) -> None:
    arrange_death(point)
    delivery.dispatch(seconds=3, pause=0.02)
    archiving.archive_due()


if __name__ == "__main__":
    main(sys.argv[1])
