"""The cause of an empty result, for templates."""

from django import template
from django.template import Context

from reports.explaining.causes import Cause, cause_of
from reports.models import Run
from reports.viewer.filters import Filter

register = template.Library()


@register.simple_tag(takes_context=True)
def cause_of_nothing(
    context: Context, run: Run, filter: Filter | str | None = None, path: str = ""
) -> Cause | None:
    """Why there is nothing to show, see `causes.cause_of`; a template without a filter gives an empty text.

    `may_change` of the context: whether the reader may change the report.
    """
    wanted = filter if isinstance(filter, Filter) else None
    return cause_of(run, wanted, path=path, may_change=bool(context.get("may_change")))
