"""Why a sale is not in a result: one sentence, and what can be done about it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from reports.explaining.reasons import Explanation, explain
from reports.explaining.unsearched import unsearched
from reports.explaining.why_outside import outside
from reports.keyword_lists.keywords import current_list, keywords_of
from reports.models import Row, Run, Sale
from reports.runs import funnel
from reports.runs.evaluation import Rules
from reports.templatetags.report_words import day
from reports.viewer.facet_panel import value_label
from reports.viewer.filters import FACETS, Choice, Filter
from reports.viewer.result_table import address
from reports.viewer.viewing import RunView, Selection, view_of

_MOST_TEXT = 60  # characters of a text that is offered as a new keyword


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Answer:
    """`code` names the reason: a stage, a rule, or one of the words below; `note` is what to know beside it.

    unknown, other_tenant, newer_than_copy, gone, newer_than_run, other_status, other_owner, has_company,
    outside_period, no_day, beyond_limit, not_reached, changed_since, hidden, in_result
    """

    code: str
    sentence: str
    sale: Sale | None = None
    heading: str = ""
    note: str = ""
    steps: tuple[Step, ...] = field(default=())


def why(
    run: Run,
    wanted: str,
    *,
    shown: Filter | None = None,
    may_edit_keywords: bool = False,
    may_change_report: bool = False,
) -> Answer:
    """Why the sale that `wanted` names (its id or its number in SuperOffice) is not among the rows shown.

    `run` is finished; `shown` is the filter of the page.
    """
    text = wanted.strip().removeprefix("#").strip()[:100]
    sale = _sale(run, text)
    if sale is None:
        return _unknown(run, text)
    row = Row.objects.filter(run=run, sale_number=sale.sale_id).first()
    steps: tuple[Step, ...] = (Step(_("Open the sale"), reverse("sale", args=[sale.sale_id])),)
    if row is not None:
        return _with_unsearched(
            _of_row(run, row, sale, shown or Filter(), steps, may_edit_keywords=may_edit_keywords),
            run,
            row.stage,
            may_change_report=may_change_report,
        )
    if sale.removed_at:
        words = _(
            "Sale %(number)s has not been in SuperOffice since %(day)s: deleted, merged, or hidden from us."
        )
        told = words % {"number": sale.sale_id, "day": day(timezone.localdate(sale.removed_at))}
        return Answer("gone", told, sale, sale.heading, steps=steps)
    found = outside(run, sale)
    if found is None and not run.has_rows:
        return _judged_today(run, sale, steps, may_edit_keywords=may_edit_keywords)
    code, words = found or (
        "changed_since",
        _("it would be looked at today, but was not when the run was made: its data was changed since."),
    )
    more = _report_steps(run, code, may_change_report=may_change_report)
    sentence = _("Sale %(number)s was not looked at: %(reason)s") % {"number": sale.sale_id, "reason": words}
    return Answer(code, sentence, sale, sale.heading, steps=(*more, *steps))


def _sale(run: Run, text: str) -> Sale | None:
    """By its id, else by the number that SuperOffice shows."""
    sales = Sale.objects.of_tenant(run.connection)
    is_id = text.isascii() and text.isdecimal() and len(text) < 19
    if is_id and (found := sales.filter(sale_id=int(text)).first()):
        return found
    return sales.filter(number=text).order_by("-sale_id").first() if text else None


def _report_steps(run: Run, code: str, *, may_change_report: bool) -> tuple[Step, ...]:
    """Change the choices of the report, for those who may, or run it again."""
    if code in ("newer_than_run", "changed_since", "not_reached"):
        return (Step(_("To the report"), reverse("report", args=[run.report_id])),)
    url = reverse("report_edit", args=[run.report_id])
    return (Step(_("To the report's choices"), url),) if may_change_report else ()


def _with_unsearched(answer: Answer, run: Run, stage: str, *, may_change_report: bool) -> Answer:
    """The answer, and which text of the sale that the report does not search would have named a product."""
    words = unsearched(run, stage, answer.sale) if answer.sale else ""
    if not words:
        return answer
    more = _report_steps(run, answer.code, may_change_report=may_change_report)
    return replace(answer, note=f"{answer.note} {words}".strip(), steps=(*more, *answer.steps))


# --- Not in the copy ----------------------------------------------------------------------------------------


def _unknown(run: Run, text: str) -> Answer:
    is_number = text.isascii() and text.isdecimal() and 0 < len(text) < 19
    if not is_number:
        words = _("No sale has the number “%(text)s”.") % {"text": text}
        return Answer("unknown", words, steps=(Step(_("Search the sales"), reverse("sales")),))
    steps = (Step(_("To the sales that were read"), reverse("sales")),)
    newest = (
        Sale.objects.of_tenant(run.connection).order_by("-sale_id").values_list("sale_id", flat=True).first()
    )
    if newest is not None and int(text) > newest:
        words = _("Sale %(number)s is newer than all that SuperOffice has shown; the newest is %(newest)s.")
        return Answer("newer_than_copy", words % {"number": int(text), "newest": newest}, steps=steps)
    if Sale.objects.filter(sale_id=int(text)).exclude(connection=run.connection).exists():
        words = _("Sale %(number)s is known only from another tenant, which this report does not look at.")
        return Answer("other_tenant", words % {"number": int(text)}, steps=steps)
    words = _("SuperOffice has never shown a sale %(number)s: there is none, or our user may not see it.")
    return Answer("unknown", words % {"number": int(text)}, steps=steps)


# --- In the run ---------------------------------------------------------------------------------------------


def _of_row(
    run: Run, row: Row, sale: Sale, shown: Filter, steps: tuple[Step, ...], *, may_edit_keywords: bool
) -> Answer:
    note = ""
    if sale.heading != row.heading:
        note = _("The heading has been changed since: “%(heading)s”.") % {"heading": sale.heading}
    if row.stage == funnel.MATCHED:
        code, sentence, more = _shown(run, row, shown)
        return Answer(code, sentence, sale, row.heading, note, (*more, *steps))
    found = _stage_reason(run, row.stage, row.heading, sale)
    more = (
        *_keyword_steps(found, sale, may_edit_keywords=may_edit_keywords),
        *_outside_steps(row.stage, sale),
    )
    return Answer(found.code, _staged(sale, row.stage, found), sale, row.heading, note, (*more, *steps))


def _judged_today(run: Run, sale: Sale, steps: tuple[Step, ...], *, may_edit_keywords: bool) -> Answer:
    """A run that keeps only its figures: what its rules say of the sale as it is today."""
    note = _("The sales of this run are no longer kept: this is what its keywords say of the sale today.")
    placement = Rules.of(run).place([sale])[0]
    if placement.stage == funnel.MATCHED:
        words = _("Sale %(number)s is not missing: it is in the result; found was: %(products)s.")
        sentence = words % {"number": sale.sale_id, "products": placement.products}
        return Answer("in_result", sentence, sale, sale.heading, note, steps)
    found = _stage_reason(run, placement.stage, sale.heading, sale)
    more = _keyword_steps(found, sale, may_edit_keywords=may_edit_keywords)
    sentence = _staged(sale, placement.stage, found)
    return Answer(found.code, sentence, sale, sale.heading, note, (*more, *steps))


def _staged(sale: Sale, stage: str, found: Explanation) -> str:
    words = _("Sale %(number)s stands under “%(stage)s”: %(reason)s")
    return words % {"number": sale.sale_id, "stage": Row.Stage(stage).label, "reason": found.sentence}


def _stage_reason(run: Run, stage: str, heading: str, sale: Sale) -> Explanation:
    if stage == funnel.NO_COMPANY:
        return Explanation(stage, _("it has no company in SuperOffice, and the report wants one."))
    if stage == funnel.COMPANY_UNREADABLE:
        words = _("SuperOffice does not show us its company (%(company)s): our user has no right to see it.")
        return Explanation(stage, words % {"company": sale.company_id or "–"})
    if stage == funnel.EMPTY_HEADING:
        return Explanation(stage, _("its heading is empty, so there is nothing to find a product in."))
    rules = Rules.of(run)
    return explain(stage, [heading, *rules.definition.texts_of(sale).values()], rules.matcher)


def _outside_steps(stage: str, sale: Sale) -> tuple[Step, ...]:
    """What has to be mended in SuperOffice."""
    if stage in (funnel.NO_COMPANY, funnel.COMPANY_UNREADABLE, funnel.EMPTY_HEADING):
        url = reverse("in_superoffice", args=["sale", sale.sale_id])
        return (Step(_("Mend it in SuperOffice"), url),)
    return ()


def _keyword_steps(found: Explanation, sale: Sale, *, may_edit_keywords: bool) -> tuple[Step, ...]:
    """Change the keyword that is near, or take the text as a new one; for those who may."""
    if not may_edit_keywords:
        return ()
    known = {one.number: one for one in keywords_of(current_list())}
    steps = []
    if found.keyword_number in known:
        label = _("Change the keyword “%(keyword)s”") % {"keyword": known[found.keyword_number].text}
        steps.append(Step(label, reverse("keyword_edit", args=[found.keyword_number])))
    text = found.text.strip()[:_MOST_TEXT].strip()
    if text and _comparable(text) not in {_comparable(one.text) for one in known.values()}:
        label = _("Add “%(text)s” as a keyword") % {"text": text}
        query = urlencode({"text": text, "from_sale": sale.sale_id})
        steps.append(Step(label, f"{reverse('keyword_add')}?{query}"))
    return tuple(steps)


def _comparable(text: str) -> str:
    return " ".join(text.casefold().split())


# --- In the result ------------------------------------------------------------------------------------------


def _shown(run: Run, row: Row, shown: Filter) -> tuple[str, str, tuple[Step, ...]]:
    """A sale with a product: hidden by the filter of the page, or there after all."""
    path = reverse("run", args=[run.pk])
    only = address(path, Filter(search=str(row.sale_number)), "rows")
    if shown.is_active and run.is_finished and run.has_rows:
        view = view_of(run)
        position = view.position(row.sale_number)
        if not _is_shown(Selection(view, shown), position):
            name, without = _hiding(view, shown, position)
            words = _("Sale %(number)s is in this result, but the filter hides it: %(filter)s.")
            step = Step(_("Show it in the report"), address(path, without, "rows"))
            return "hidden", words % {"number": row.sale_number, "filter": name}, (step,)
    words = _("Sale %(number)s is not missing: it is in the result; found was: %(products)s.")
    told = words % {"number": row.sale_number, "products": row.products}
    return "in_result", told, (Step(_("Show it in the report"), only),)


def _is_shown(selection: Selection, position: int) -> bool:
    return bool(selection.bits >> position & 1)


def _hiding(view: RunView, shown: Filter, position: int) -> tuple[str, Filter]:
    """The one part of the filter whose removal shows the sale, else all of it; and the filter without."""
    for name, without in parts_of(shown):
        if _is_shown(Selection(view, without), position):
            return name, without
    return ", ".join(name for name, _without in parts_of(shown)), shown.cleared()


def parts_of(shown: Filter) -> Iterator[tuple[str, Filter]]:
    """Each part of a filter in words ("Status = Lost"), and the filter without it."""
    if shown.search:
        yield _("search for “%(text)s”") % {"text": shown.search}, shown.changed(search="")
    for key, choice in shown.choices.items():
        words = [value_label(key, value) for value in choice.included]
        words += [_("not %(value)s") % {"value": value_label(key, value)} for value in choice.excluded]
        yield f"{FACETS[key]} = {', '.join(words)}", shown.choosing(key, Choice())
