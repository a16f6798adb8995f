"""Links that leave for SuperOffice's own pages."""

from typing import get_args

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from connector.problems import problem_code, problem_of
from connector.services import NotConfigured, current_connection, open_client, remember
from connector.superoffice.errors import SuperOfficeError
from connector.superoffice.tenant import RecordKind


@require_safe
def in_superoffice(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """To a sale, company or person in SuperOffice. The address is asked for now: tenants move between hosts.

    So a list of sales costs no call, and is there when the tenant is not.
    """
    known: dict[str, RecordKind] = {one: one for one in get_args(RecordKind)}
    if kind not in known:
        raise Http404
    connection = current_connection()
    try:
        with open_client(connection) as client:
            return redirect(client.web_link(known[kind], pk))
    except (SuperOfficeError, NotConfigured) as error:
        if connection is not None:
            remember(connection, error)
        messages.error(request, str(problem_of(problem_code(error)).for_salespeople))
        return redirect("sale", pk) if kind == "sale" else redirect("reports")
