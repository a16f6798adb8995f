"""Where to go on in the queue."""

from django import template
from django.template import Context

from connector.services import current_connection
from outreach.models import Draft

register = template.Library()


@register.simple_tag(takes_context=True)
def next_waiting_draft(context: Context, current: Draft) -> Draft | None:
    """The oldest draft that waits for this user, other than `current`; None when none is left. One query."""
    drafts = Draft.objects.visible_to(context["user"]).of_tenant(current_connection()).pending()
    return drafts.exclude(pk=current.pk).oldest_first().first()
