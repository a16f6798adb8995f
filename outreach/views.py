"""The queue: drafts are made, read, improved and decided on."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connector import roles
from connector.services import current_connection
from outreach import services
from outreach.composing import NotSendable, full_text
from outreach.counts import queue_counts
from outreach.forms import ChosenSalesForm, DecisionForm, DraftForm, RejectForm
from outreach.models import Draft, DraftQuerySet, Message
from outreach.rendering import TemplateProblem
from reports.models import Sale

PAGE_DRAFTS = 50
BUCKETS = ("pending", "scheduled", "uncertain", "failed", "done")
_MESSAGE_BUCKETS = {
    "scheduled": (Message.Status.QUEUED, Message.Status.SENDING, Message.Status.COMMITTING),
    "uncertain": (Message.Status.UNCERTAIN,),
    "failed": (Message.Status.FAILED,),
    "done": (Message.Status.SENT,),
}


def require_mail_role(request: HttpRequest) -> None:
    if not (roles.is_approver(request.user) or roles.is_representative(request.user)):
        raise PermissionDenied


@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """One bucket: drafts that wait for this user, or messages by what became of them."""
    require_mail_role(request)
    bucket = request.GET.get("bucket", "pending")
    if bucket not in BUCKETS:
        bucket = "pending"
    context: dict[str, object] = {
        "bucket": bucket,
        "buckets": BUCKETS,
        "counts": queue_counts(request.user),
        "is_stopped": services.is_stopped(),
    }
    if bucket == "pending":
        context["drafts"] = _waiting_drafts(request).for_pages()[:PAGE_DRAFTS]
    else:
        found = Message.objects.visible_to(roles.signed_in(request)).of_tenant(current_connection())
        found = found.filter(status__in=_MESSAGE_BUCKETS[bucket])
        found = (
            found.select_related("draft__sale", "draft__representative__user").defer("raw").order_by("-pk")
        )
        context["sent_messages"] = found[:PAGE_DRAFTS]
    return render(request, "outreach/queue.html", context)


def _waiting_drafts(request: HttpRequest) -> DraftQuerySet:
    """What this user may decide on, oldest first."""
    drafts = Draft.objects.visible_to(roles.signed_in(request)).of_tenant(current_connection())
    return drafts.pending().oldest_first()


# --- Making drafts ------------------------------------------------------------------------------------


def _chosen_sales(ids: list[int]) -> list[Sale]:
    """The ticked sales of the current tenant, newest first."""
    rows = Sale.objects.of_tenant(current_connection()).present().filter(pk__in=ids)
    return list(rows.select_related("connection").order_by("-sale_id"))


@require_safe
def drafts_new(request: HttpRequest) -> HttpResponse:
    """The dry run: choose a template and see who would get a draft and who would not, and why."""
    require_mail_role(request)
    form = ChosenSalesForm(request.GET)
    context: dict[str, object] = {"form": form}
    if form.is_valid():
        sales = _chosen_sales(form.cleaned_data["sale"])
        template = form.cleaned_data["template"]
        plans = []
        if template:
            plans = services.plan_drafts(
                sales=sales, template=template, by=roles.signed_in(request), now=timezone.localtime()
            )
        context |= {
            "sales": sales,
            "template": template,
            "plans": plans,
            "draft_count": sum(not plan.reason for plan in plans),
        }
    return render(request, "outreach/drafts_new.html", context)


@require_POST
def drafts_create(request: HttpRequest) -> HttpResponse:
    require_mail_role(request)
    form = ChosenSalesForm(request.POST)
    if not form.is_valid() or not form.cleaned_data["template"]:
        messages.error(request, _("Choose sales on a report page, then a template."))
        return redirect("reports")
    sales, template = _chosen_sales(form.cleaned_data["sale"]), form.cleaned_data["template"]
    try:
        created = services.create_drafts(
            sales=sales, template=template, by=roles.signed_in(request), now=timezone.localtime()
        )
    except TemplateProblem as problem:
        messages.error(request, str(problem))
        return redirect("queue")
    made = len(created.drafts)
    messages.success(
        request, ngettext("%(count)s draft made.", "%(count)s drafts made.", made) % {"count": made}
    )
    if left := len(created.left_out):
        words = ngettext("%(count)s sale left out.", "%(count)s sales left out.", left) % {"count": left}
        reasons = "; ".join(sorted({plan.reason for plan in created.left_out}))
        messages.info(request, f"{words} {reasons}")
    return redirect("queue")


# --- One draft ----------------------------------------------------------------------------------------


def _visible_draft(request: HttpRequest, pk: int) -> Draft:
    """The draft, or 404 for whoever must not know that it exists and for an earlier tenant's."""
    drafts = Draft.objects.visible_to(roles.signed_in(request)).of_tenant(current_connection())
    return get_object_or_404(drafts.for_pages().select_related("sale__connection"), pk=pk)


@require_safe
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    return _draft_page(request, _visible_draft(request, pk))


def _draft_page(request: HttpRequest, found: Draft, *, status: int = 200, **context: object) -> HttpResponse:
    message = found.messages.defer("raw").order_by("-pk").first()
    context = {
        "draft": found,
        "text": full_text(found),
        "message": message,
        "decision": DecisionForm(initial={"revision": found.revision}),
        "reject_form": RejectForm(initial={"revision": found.revision}),
        "events": found.events.select_related("actor"),
        "next_draft": _next_draft(request, found),
        **context,
    }
    return render(request, "outreach/draft.html", context, status=status)


def _next_draft(request: HttpRequest, current: Draft) -> Draft | None:
    """The draft to look at after this one: the oldest that waits."""
    return _waiting_drafts(request).exclude(pk=current.pk).first()


@require_http_methods(["GET", "HEAD", "POST"])
def draft_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """A stale form says what the text is now and keeps what was typed."""
    found = _visible_draft(request, pk)
    if found.status != Draft.Status.PENDING:
        messages.warning(request, _("This mail is decided already and cannot be edited."))
        return redirect("draft", pk)
    form = DraftForm(request.POST or None, instance=found, initial={"revision": found.revision})
    if request.method == "POST" and form.is_valid():
        wanted = form.cleaned_data
        try:
            services.edit_draft(
                draft=found,
                revision=wanted["revision"],
                subject=wanted["subject"],
                body=wanted["body"],
                by=roles.signed_in(request),
                now=timezone.now(),
            )
        except services.Refused as refusal:
            current = _visible_draft(request, pk)
            form.data = {**form.data.dict(), "revision": str(current.revision)}  # type: ignore[attr-defined]
            context = {"draft": current, "form": form, "refusal": refusal, "current": current}
            return render(request, "outreach/draft_edit.html", context, status=409)
        messages.success(request, _("Text saved."))
        return redirect("draft", pk)
    return render(request, "outreach/draft_edit.html", {"draft": found, "form": form})


@require_POST
def draft_approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve and go on to the next draft; a refusal shows the fresh draft and says why."""
    found = _visible_draft(request, pk)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _draft_page(request, found, status=400, refusal=_("Read the mail again, then decide."))
    try:
        message = services.approve_draft(
            draft=found,
            revision=form.cleaned_data["revision"],
            by=roles.signed_in(request),
            now=timezone.localtime(),
        )
    except (services.Refused, NotSendable) as refusal:
        return _draft_page(request, _visible_draft(request, pk), status=409, refusal=refusal)
    due_at = f"{timezone.localtime(message.due_at):%H:%M:%S}"
    messages.success(request, _("Approved: %(draft)s leaves at %(time)s.") % {"draft": found, "time": due_at})
    return redirect("message", message.pk)


@require_POST
def draft_reject(request: HttpRequest, pk: int) -> HttpResponse:
    found = _visible_draft(request, pk)
    form = RejectForm(request.POST)
    if not form.is_valid():
        return _draft_page(request, found, status=400, reject_form=form)
    try:
        services.reject_draft(
            draft=found,
            revision=form.cleaned_data["revision"],
            reason=form.full_reason(),
            by=roles.signed_in(request),
            now=timezone.now(),
        )
    except services.Refused as refusal:
        return _draft_page(request, _visible_draft(request, pk), status=409, refusal=refusal)
    messages.success(request, _("Rejected: %(draft)s.") % {"draft": found})
    following = _next_draft(request, found)
    return redirect("draft", following.pk) if following else redirect("queue")


@require_POST
def draft_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Undone, or already leaving: there is no third answer."""
    found = _visible_draft(request, pk)
    if services.undo_approval(draft=found, by=roles.signed_in(request), now=timezone.now()):
        message = found.messages.order_by("-pk").first()
        if message is not None and message.resolved_at:
            messages.success(request, _("Taken back. The earlier attempt may have reached the recipient."))
        else:
            messages.success(request, _("Taken back: nothing was sent."))
    else:
        messages.warning(request, _("Sending has begun already. It cannot be taken back any more."))
    return redirect("draft", pk)
