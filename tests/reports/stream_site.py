"""The smallest site that serves a CSV, for a web server in a process of its own."""

from collections.abc import Iterator

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import path

from reports.export import CSV_TYPE, EXCEL, Column, csv_chunks, encoded, sealed

ROWS = 60_000
COLUMNS = [Column("number", "Number", "Number", "integer"), Column("text", "Text", "Text", "text")]


def rows(count: int, *, fails: bool) -> Iterator[tuple[int, str]]:
    for number in range(count):
        yield number, "2x OMNIE CD-01"
    if fails:
        raise ConnectionError("the database went away")


def download(_request: HttpRequest, count: int, *, fails: bool) -> StreamingHttpResponse:
    chunks = csv_chunks(sealed(rows(count, fails=fails), ROWS), EXCEL, columns=COLUMNS)
    return StreamingHttpResponse(encoded(chunks), content_type=CSV_TYPE)


urlpatterns = [
    path("rows/<int:count>", download, {"fails": False}),
    path("failure/<int:count>", download, {"fails": True}),
]


def site() -> WSGIHandler:
    """For gunicorn, which calls it in the process that serves."""
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="stream", USE_TZ=True)
    return get_wsgi_application()
