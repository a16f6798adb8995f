"""What could be added to the keyword list: suggestions, what was decided about them, and headings nobody reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from connector import roles
from connector.models import Representative
from connector.services import current_connection
from reports.keyword_lists.keywords import current_list, keywords_of
from reports.keyword_lists.list_saving import check_may_edit
from reports.models import Keyword, TextVerdict
from reports.preview.corpus import corpus_of
from reports.preview.preview_words import RULES, amounts_words
from reports.rights import may_edit_keywords
from reports.suggesting.lookalikes import LEADING_ZERO, LOOK_ALIKE, TYPO
from reports.suggesting.phrases import comparable
from reports.suggesting.standing import Coverage, standing_of
from reports.suggesting.suggestions import (
    LookAlikeGain,
    Suggestion,
    Suggestions,
    UnreadHeading,
    suggestions_for,
    unread_headings,
)
from reports.suggesting.unread import OwnerLine, owner_lines, unread_sales
from reports.templatetags.report_words import percent

PAGE_SIZE = 100
_LEAST_END = 3  # letters of a word that say something at the end of another one
_OPEN, _HEADINGS = "open", "headings"
_VERDICTS = {"ignored": TextVerdict.Verdict.IGNORED, "no_product": TextVerdict.Verdict.NO_PRODUCT}
_KINDS: dict[str, Promise] = {
    TYPO: gettext_lazy("typing error"),
    LOOK_ALIKE: gettext_lazy("letters that look like digits"),
    LEADING_ZERO: gettext_lazy("other leading zeros"),
}


@dataclass(frozen=True, slots=True)
class ShownSuggestion:
    suggestion: Suggestion
    amounts: str
    also: str  # "3 × OMNIE CD-01, 1 × Akku": products of matched sales that have the text too
    add_url: str


@dataclass(frozen=True, slots=True)
class ShownLookAlike:
    gain: LookAlikeGain
    kind: str
    amounts: str
    add_url: str


@require_safe
def keyword_suggestions(request: HttpRequest) -> HttpResponse:
    """?tab= is open, headings (with ?sort=amount), ignored or no_product; ?start= begins a page of headings."""
    tab = request.GET.get("tab", _OPEN)
    tab = tab if tab in (_OPEN, _HEADINGS, *_VERDICTS) else _OPEN
    found = suggestions_for(current_connection())
    verdicts = list(TextVerdict.objects.select_related("decided_by").order_by("-decided_at"))
    context = {
        "tab": tab,
        "found": found,
        "coverage": coverage_words(found),
        "tabs": _tabs(tab, found, verdicts),
        "verdicts": [one for one in verdicts if one.verdict == _VERDICTS.get(tab)],
        "may_edit": may_edit_keywords(request.user),
    }
    if tab == _OPEN:
        keywords = keywords_of(found.standing.keyword_list)
        context["suggestions"] = [_shown(one, keywords) for one in found.ranked]
        context["look_alikes"] = [_shown_look_alike(one) for one in found.look_alikes]
        context["decided_count"] = len(verdicts)
    elif tab == _HEADINGS:
        context |= _headings_context(request, found)
    return render(request, "reports/suggestions.html", context)


def coverage_words(found: Suggestions) -> list[str]:
    """How much is matched now, and what the first suggestions would bring; empty where nothing was searched."""
    if not found.coverage.sale_total:
        return []
    currency = found.standing.main_currency
    sentences = [
        _("Matched: %(sales)s of the sales and %(amount)s of the amount in %(currency)s.")
        % _shares(found.coverage, currency)
    ]
    count = min(5, len(found.ranked))
    if count:
        sentences.append(
            ngettext(
                "The first suggestion would bring that to %(sales)s and %(amount)s.",
                "The first %(count)s suggestions would bring that to %(sales)s and %(amount)s.",
                count,
            )
            % {"count": count, **_shares(found.coverage_after, currency)}
        )
    return sentences


def _shares(coverage: Coverage, currency: str) -> dict[str, str]:
    amount = percent(coverage.amount_share(currency))
    return {"sales": percent(coverage.sale_share), "amount": amount, "currency": currency or "–"}


def _tabs(
    current: str, found: Suggestions, verdicts: Sequence[TextVerdict]
) -> list[tuple[str, str, int, bool]]:
    """(label, address, count, whether it is shown)"""
    unmatched = sum(stage == "unmatched" for stage in found.standing.stages)
    labels = [
        (_OPEN, _("Suggestions"), len(found.ranked) + len(found.look_alikes)),
        (_HEADINGS, _("Headings without a product"), unmatched),
    ]
    labels += [
        (name, str(verdict.label), sum(one.verdict == verdict for one in verdicts))
        for name, verdict in _VERDICTS.items()
    ]
    return [(label, f"?tab={name}", count, name == current) for name, label, count in labels]


def _shown(one: Suggestion, keywords: Sequence[Keyword]) -> ShownSuggestion:
    also = ", ".join(
        f"{count}\N{NO-BREAK SPACE}× {product}" for product, count in list(one.also_products.items())[:3]
    )
    known = known_at_the_end(one.text, keywords)
    product, family = (known.product, known.family) if known else (one.text, "")
    return ShownSuggestion(one, amounts_words(one.amounts), also, _add_url(one.text, product, family))


def known_at_the_end(text: str, keywords: Sequence[Keyword]) -> Keyword | None:
    """The longest word of the list with which a compound ends: "Akku" of "Ersatzakku" says what it is."""
    compound = text.casefold().strip()
    ends = [
        one
        for one in keywords
        if one.type == Keyword.Type.WORD and one.polarity == Keyword.Polarity.POSITIVE and one.kind != "tag"
        if len(one.text) >= _LEAST_END
        and compound.endswith(one.text.casefold())
        and compound != one.text.casefold()
    ]
    return max(ends, key=lambda one: len(one.text), default=None)


def _shown_look_alike(one: LookAlikeGain) -> ShownLookAlike:
    meant = one.found.keyword
    address = _add_url(one.found.text, meant.product, meant.family)
    return ShownLookAlike(one, str(_KINDS[one.found.kind]), amounts_words(one.amounts), address)


def _add_url(text: str, product: str, family: str = "") -> str:
    """The editor with these texts in its fields; nothing is saved by looking at it."""
    return f"{reverse('keyword_add')}?{urlencode({'text': text, 'product': product, 'family': family})}"


def _headings_context(request: HttpRequest, found: Suggestions) -> dict[str, object]:
    by_amount = request.GET.get("sort") == "amount"
    headings = unread_headings(found.standing, by_amount=by_amount)
    start = _start(request)
    page = [(one, amounts_words(one.amounts)) for one in headings[start : start + PAGE_SIZE]]
    kept = {"tab": _HEADINGS, **({"sort": "amount"} if by_amount else {})}
    return {
        "headings": page,
        "by_amount": by_amount,
        "pager": _pager(start, len(page), len(headings), kept, _heading_count(headings)),
    }


def _heading_count(headings: Sequence[UnreadHeading]) -> str:
    return ngettext("%(count)s different heading", "%(count)s different headings", len(headings)) % {
        "count": len(headings)
    }


def _start(request: HttpRequest) -> int:
    asked = request.GET.get("start", "")
    return int(asked) if asked.isdecimal() and len(asked) < 10 else 0


def _pager(start: int, shown: int, count: int, kept: dict[str, str], sentence: str) -> dict[str, str]:
    has_more = start + shown < count and shown > 0
    return {
        "sentence": sentence,
        "first_url": f"?{urlencode(kept)}" if start else "",
        "next_url": f"?{urlencode({**kept, 'start': start + shown})}" if has_more else "",
    }


# --- Verdicts -------------------------------------------------------------------------------------------


@require_POST
def suggestion_ignore(request: HttpRequest) -> HttpResponse:
    return _decide(request, TextVerdict.Verdict.IGNORED)


@require_POST
def suggestion_no_product(request: HttpRequest) -> HttpResponse:
    return _decide(request, TextVerdict.Verdict.NO_PRODUCT)


@require_POST
def suggestion_undo(request: HttpRequest) -> HttpResponse:
    """Forget what was decided about a text (POST text); it is suggested again as long as headings have it."""
    check_may_edit(request)
    key = comparable(request.POST.get("text", "")[:200])
    verdict = TextVerdict.objects.filter(text=key).first()
    address = reverse("keyword_suggestions")
    if verdict is None:
        return redirect(address)
    verdict.delete()
    messages.success(request, _("“%(text)s” may be suggested again.") % {"text": key})
    return redirect(f"{address}?tab={verdict.verdict}")


def _decide(request: HttpRequest, verdict: TextVerdict.Verdict) -> HttpResponse:
    """Keep a verdict about a text (POST text) that is suggested or decided already; the newest one counts."""
    check_may_edit(request)
    typed = request.POST.get("text", "").replace("\0", "")[:200]
    key = comparable(typed)[:200]
    text = _suggested(key)
    if not text:
        if key:
            words = _("“%(text)s” is not among the suggestions, so nothing was noted.")
            messages.warning(request, words % {"text": typed.strip()})
        return redirect("keyword_suggestions")
    values = {"verdict": verdict, "decided_by": roles.signed_in(request)}
    TextVerdict.objects.update_or_create(text=key, defaults=values)
    words = (
        _("“%(text)s” is not suggested again.")
        if verdict == TextVerdict.Verdict.IGNORED
        else _("“%(text)s” is no product.")
    )
    messages.success(request, words % {"text": text})
    return redirect("keyword_suggestions")


def _suggested(key: str) -> str:
    """The text as its row on the page writes it; empty when there is no such row."""
    found = suggestions_for(current_connection())
    texts = {one.key: one.text for one in found.ranked}
    texts |= {one.found.key: one.found.text for one in found.look_alikes}
    if key in texts:
        return texts[key]
    return key if TextVerdict.objects.filter(text=key).exists() else ""


# --- Headings by owner ----------------------------------------------------------------------------------


@require_safe
def keyword_headings(request: HttpRequest) -> HttpResponse:
    """Owners with headings that no keyword reads, and the headings of one of them (?owner=, ?start=).

    Without ?owner= those of the viewer, where SuperOffice knows them; "none" are sales without an owner.
    """
    connection = current_connection()
    standing = standing_of(current_list(), corpus_of(connection))
    owners = owner_lines(standing, connection)
    chosen = _chosen_owner(request, owners)
    context: dict[str, object] = {
        "owners": owners,
        "chosen": chosen,
        "unread_count": sum(line.unread_count for line in owners),
        "may_edit": may_edit_keywords(request.user),
    }
    if chosen is not None:
        start = _start(request)
        sales, count = unread_sales(standing, connection, chosen.owner_id, start=start, most=PAGE_SIZE)
        sentence = ngettext("%(count)s sale", "%(count)s sales", count) % {"count": count}
        kept = {"owner": "none" if chosen.owner_id is None else str(chosen.owner_id)}
        context["sales"] = [(one, RULES[one.reason.rule] if one.reason else "") for one in sales]
        context["pager"] = _pager(start, len(sales), count, kept, sentence)
    return render(request, "reports/headings_by_owner.html", context)


def _chosen_owner(request: HttpRequest, owners: Sequence[OwnerLine]) -> OwnerLine | None:
    wanted = request.GET.get("owner", "")
    if not wanted:
        mine = Representative.objects.filter(user=roles.signed_in(request)).first()
        wanted = str(mine.associate_id) if mine else ""
    keys = {"none" if line.owner_id is None else str(line.owner_id): line for line in owners}
    return keys.get(wanted)
