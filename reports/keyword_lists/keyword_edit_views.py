"""One keyword: add, change and remove it, and see beforehand what that does."""

from copy import copy
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from connector.services import current_connection
from reports.keyword_lists.heading_words import is_heading, words_of
from reports.keyword_lists.keyword_forms import FateForm, KeywordEdit, KeywordForm, ReasonForm
from reports.keyword_lists.keywords import (
    current_list,
    keywords_of,
    with_keyword,
    without_keyword,
    without_product,
)
from reports.keyword_lists.list_saving import (
    check_may_edit,
    save,
    seen_list,
    show_preview,
    stale_words,
    status_of,
)
from reports.models import Keyword, Product, ProductFamily, Sale
from reports.preview.preview_words import ShownPreview, no_preview
from reports.rights import may_use_expressions

_MOST_SUGGESTED = 500  # names offered while a product or family is typed


@require_http_methods(["GET", "HEAD", "POST"])
def keyword_add(request: HttpRequest) -> HttpResponse:
    return _edit(request, Keyword())


@require_http_methods(["GET", "HEAD", "POST"])
def keyword_edit(request: HttpRequest, number: int) -> HttpResponse:
    return _edit(request, get_object_or_404(current_list().keywords, number=number))


def _edit(request: HttpRequest, keyword: Keyword) -> HttpResponse:
    check_may_edit(request)
    parent, is_stale = seen_list(request)
    others = keywords_of(parent)
    form = KeywordForm(
        request.POST or None,
        instance=copy(keyword),  # the form writes into it, and the page still calls the keyword by its name
        others=others,
        may_use_expressions=may_use_expressions(request.user),
        initial=_asked_for(request),
    )
    seen = None
    if request.method == "POST" and form.is_valid() and not is_stale:
        edited = with_keyword(others, form.save(commit=False))
        if save(request, form, edited, parent):
            return redirect("keywords")  # without a jump to the row: the notice stands on top of the page
        seen = show_preview(
            parent, edited
        )  # a refusal that is about sales shows them, without JavaScript too
    return _form_page(request, form, keyword, shown=seen, status=status_of(request, parent))


def _asked_for(request: HttpRequest) -> dict[str, str]:
    """What a link wants in the empty form: ?text=&product=&family=. Of a whole heading, people pick the words."""
    names = {"text": 200, "product": 100, "family": 100}
    asked = {name: request.GET.get(name, "").strip()[:longest] for name, longest in names.items()}
    sale = _source_sale(request)
    is_whole = sale is not None and asked["text"] == sale.heading.strip()[:200]
    if is_heading(asked["text"]) or (is_whole and len(words_of(asked["text"])) > 1):
        asked["text"] = ""
    if any(character.isdigit() for character in asked["text"]) and len(asked["text"]) <= 40:
        asked["type"] = Keyword.Type.CODE
    return {name: value for name, value in asked.items() if value}


def _picks(request: HttpRequest, sale: Sale | None) -> list[tuple[str, str, bool]]:
    """(word, address of the form with it, whether it is in there) of the heading that the link came from."""
    text = request.GET.get("text", "").strip()[:200]
    heading = text if is_heading(text) else request.GET.get("heading", "")[:200]
    if sale is not None:
        heading = sale.heading
    kept = {name: request.GET[name] for name in ("product", "family", "from_sale") if request.GET.get(name)}
    if heading and sale is None:
        kept["heading"] = heading
    return [
        (word, f"{reverse('keyword_add')}?{urlencode({'text': word, **kept})}", word == text)
        for word in words_of(heading)
    ]


def _form_page(request: HttpRequest, form: KeywordForm, keyword: Keyword, **more: Any) -> HttpResponse:
    status = more.pop("status", 200)
    sale = _source_sale(request)
    context = {
        "form": form,
        "keyword": keyword,
        "parent": current_list(),
        "source_sale": sale,
        "picks": _picks(request, sale),
        **_known_names(),
        **more,
    }
    return render(request, "reports/keyword.html", context, status=status)


def _source_sale(request: HttpRequest) -> Sale | None:
    """The sale whose heading the keyword is taken from (?from_sale=)."""
    number = request.GET.get("from_sale", "")
    if not number.isdecimal() or len(number) > 18:
        return None
    return Sale.objects.of_tenant(current_connection()).filter(sale_id=int(number)).first()


def _known_names() -> dict[str, list[str]]:
    """Products and families to choose from: those of the list, and those of the catalogue."""
    keywords, connection = keywords_of(current_list()), current_connection()
    products = {keyword.product for keyword in keywords} - {""}
    families = {keyword.family for keyword in keywords} - {""}
    catalogue = Product.objects.filter(connection=connection).values_list("name", flat=True)
    products.update(catalogue[:_MOST_SUGGESTED])
    families.update(ProductFamily.objects.filter(connection=connection).values_list("name", flat=True))
    return {
        "known_products": sorted(products, key=str.casefold)[:_MOST_SUGGESTED],
        "known_families": sorted(families, key=str.casefold)[:_MOST_SUGGESTED],
    }


# --- Preview --------------------------------------------------------------------------------------------


@require_POST
def keyword_preview(request: HttpRequest) -> HttpResponse:
    """What the form would change: as a part for htmx, without it as the whole page with everything typed."""
    check_may_edit(request)
    number = request.POST.get("number", "")
    is_number = number.isdecimal() and len(number) < 10
    keyword = current_list().keywords.filter(number=int(number)).first() if is_number else None
    seen = _preview_of(request, keyword, is_new=not number)
    if getattr(request, "htmx", False):
        return render(request, "reports/_preview_answer.html", {"shown": seen})
    keyword = keyword or Keyword()
    form = KeywordForm(instance=keyword, initial=_typed(request))
    return _form_page(request, form, keyword, shown=seen, is_changed=True)


def _preview_of(request: HttpRequest, keyword: Keyword | None, *, is_new: bool) -> ShownPreview:
    parent = current_list()
    if request.POST.get("version") != str(parent.version):
        return no_preview(stale_words())
    if keyword is None and not is_new:
        return no_preview(_("This keyword has been removed meanwhile."))
    form = KeywordEdit(
        request.POST,
        instance=copy(keyword) if keyword else Keyword(),
        others=keywords_of(parent),
        may_use_expressions=may_use_expressions(request.user),
    )
    if not form.is_valid():
        return no_preview(_("No preview yet. %(problem)s") % {"problem": _first_problem(form)})
    return show_preview(parent, with_keyword(keywords_of(parent), form.save(commit=False)))


def _first_problem(form: KeywordEdit) -> str:
    name, problems = next(iter(form.errors.items()))
    label = form.fields[name].label if name in form.fields else ""
    return f"{label}: {problems[0]}" if label else str(problems[0])


def _typed(request: HttpRequest) -> dict[str, Any]:
    """Everything in the form, boxes that are not ticked too."""
    boxes = {"generic": False, "knows_loss": False}
    return boxes | {name: value for name, value in request.POST.items() if "\x00" not in str(value)}


# --- Removal --------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def keyword_remove(request: HttpRequest, number: int) -> HttpResponse:
    check_may_edit(request)
    parent, is_stale = seen_list(request)
    keyword = get_object_or_404(parent.keywords, number=number)
    rest = without_keyword(keywords_of(parent), number)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and not is_stale and save(request, form, rest, parent):
        return redirect("keywords")
    context = {
        "form": form,
        "keyword": keyword,
        "parent": current_list(),
        "shown": show_preview(parent, rest),
    }
    return render(request, "reports/keyword_remove.html", context, status=status_of(request, parent))


@require_http_methods(["GET", "HEAD", "POST"])
def keyword_product_remove(request: HttpRequest) -> HttpResponse:
    """Remove a product (?product=): its keywords go with it, or (&fate=move&target=) to another one."""
    check_may_edit(request)
    parent, is_stale = seen_list(request)
    everything = keywords_of(parent)
    product = request.GET.get("product", "")
    mine = [keyword for keyword in everything if product and keyword.product == product]
    if not mine:
        raise Http404
    targets = sorted({keyword.product for keyword in everything} - {"", product}, key=str.casefold)
    fate = FateForm({"fate": FateForm.REMOVE, **request.GET.dict()}, targets=targets)
    form = ReasonForm(request.POST or None)
    is_chosen = fate.is_valid()
    rest = without_product(everything, product, heir=fate.heir() if is_chosen else "")
    may_save = request.method == "POST" and is_chosen and form.is_valid() and not is_stale
    if may_save and save(request, form, rest, parent):
        return redirect("keywords")
    context = {
        "fate": fate,
        "form": form,
        "product": product,
        "heir": fate.heir() if is_chosen else "",
        "is_chosen": is_chosen,
        "keywords": mine,
        "parent": current_list(),
        "shown": show_preview(parent, rest) if is_chosen else None,
    }
    return render(request, "reports/keyword_product_remove.html", context, status=status_of(request, parent))
