"""The cause of an empty result, for templates."""

from django import template

from reports.explaining.causes import Cause, cause_of
from reports.models import Run
from reports.viewer.filters import Filter

register = template.Library()


@register.simple_tag
def cause_of_nothing(run: Run, filter: Filter | str | None = None, path: str = "") -> Cause | None:
    """Why there is nothing to show, see `causes.cause_of`; a template without a filter gives an empty text."""
    return cause_of(run, filter if isinstance(filter, Filter) else None, path=path)
