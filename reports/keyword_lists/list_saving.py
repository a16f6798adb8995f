"""What all pages that change the keyword list share: the version that was seen, and saving with its refusals."""

from collections.abc import Sequence
from dataclasses import replace

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _

from connector import roles
from connector.services import current_connection
from reports.keyword_lists.keyword_forms import ReasonForm
from reports.keyword_lists.keyword_rules import expression_problem, expressions_of
from reports.keyword_lists.keywords import ListChanged, current_list, keywords_of
from reports.keyword_lists.list_changes import Costly, NothingChanged, save_list
from reports.keyword_lists.loss_words import accuracy_words, costs
from reports.models import Keyword, KeywordList
from reports.preview.corpus import corpus_of
from reports.preview.effects import Busy, preview
from reports.preview.preview_words import ShownPreview, no_preview, shown
from reports.rights import may_edit_keywords, may_use_expressions
from reports.suggesting.accuracy import accuracy_of


def check_may_edit(request: HttpRequest) -> None:
    """Raises PermissionDenied for people who may only look."""
    if not may_edit_keywords(request.user):
        raise PermissionDenied


def seen_list(request: HttpRequest) -> tuple[KeywordList, bool]:
    """The newest list, and whether the form was made from an older one; says so to the user then."""
    newest = current_list()
    is_stale = request.method == "POST" and request.POST.get("version") != str(newest.version)
    if is_stale:
        messages.warning(request, stale_words())
    return newest, is_stale


def save(
    request: HttpRequest, form: ReasonForm, keywords: Sequence[Keyword], parent: KeywordList
) -> KeywordList | None:
    """Save as the next version. None when that was refused: the form or a notice says why, `status_of` how."""
    if expressions_of(keywords) != expressions_of(keywords_of(parent)) and not may_use_expressions(
        request.user
    ):
        messages.warning(request, expression_problem()[1])
        return None
    try:
        saved = save_list(
            keywords,
            parent=parent,
            author=roles.signed_in(request),
            reason=form.cleaned_data["reason"],
            loss_reason=form.accepted_loss(),
        )
    except ListChanged:
        messages.warning(request, stale_words())
        return None
    except NothingChanged:
        messages.info(request, _("Nothing is different, so no new version was made."))
        return None
    except Busy:
        messages.warning(request, _busy_words())
        return None
    except Costly as refusal:
        form.refuse_loss(costs(refusal.preview, refusal.accuracy))
        return None
    words = _("Version %(version)s saved. New runs use it.") % {"version": saved.version}
    link = format_html('<a href="{}">{}</a>', reverse("reports"), _("Reports"))
    messages.success(request, format_html("{} {}", words, link))
    return saved


def status_of(request: HttpRequest, parent: KeywordList) -> int:
    """409 after somebody else was faster, else 200. `parent` is the list that the answer was worked out with."""
    if request.method != "POST":
        return 200
    is_current = request.POST.get("version") == str(parent.version) and current_list() == parent
    return 200 if is_current else 409


def show_preview(parent: KeywordList, keywords: Sequence[Keyword]) -> ShownPreview:
    """What `keywords` would change beside `parent` on the copy of the tenant in use, first of all for the worse."""
    connection = current_connection()
    corpus = corpus_of(connection)
    try:
        seen = shown(preview(corpus, parent, keywords), corpus, keywords)
    except Busy:
        return no_preview(_busy_words())
    accuracy = accuracy_of(corpus, connection, parent, keywords)
    if accuracy is None or not accuracy.is_lower:
        return seen
    return replace(seen, warnings=[*accuracy_words(accuracy), *seen.warnings], is_costly=True)


def _busy_words() -> str:
    return _("Another large change of the list is being worked out just now. Try again in a minute.")


def stale_words() -> str:
    newest = current_list()
    who = newest.author.get_full_name() or newest.author.get_username() if newest.author else "–"
    return _(
        "%(who)s saved list version %(version)s at %(time)s (“%(reason)s”). Your input is kept: compare it with the "
        "list before you save again."
    ) % {
        "who": who,
        "version": newest.version,
        "time": f"{timezone.localtime(newest.created_at):%H:%M}",
        "reason": newest.reason,
    }
