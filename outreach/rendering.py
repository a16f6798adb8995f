"""Template + values -> subject and text. Liquid, strict: an unknown or missing value is an error.

Values are data and never template code: there is one pass. Liquid has no access to Python objects; few
filters, no ranges and limits keep a template from stopping the worker.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import liquid
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from liquid.ast import Node
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.exceptions import FilterArgumentError, FilterValueError, LiquidError, UndefinedError
from liquid.expression import Expression
from liquid.static_analysis import TemplateAnalysis

from outreach.facts import PLACEHOLDERS, SAMPLE_VALUES
from outreach.models import MailTemplate

MOST_TEXT = 20_000  # characters of a template, and of the text of a mail
MOST_MARKUP = 500  # characters between {{ and }}, or {% and %}
MOST_FILTERED = 5_000  # characters that a filter takes and gives
MOST_ARGUMENT = 100  # characters of a filter's argument
FILTERS = (
    *("upcase", "downcase", "capitalize", "strip", "truncate", "truncatewords", "replace"),
    *("default", "date", "round", "size", "first", "last", "join"),
)


class TemplateProblem(Exception):
    """The template cannot be used; the text is a sentence for its author."""


class _Environment(liquid.Environment):
    loop_iteration_limit = 100
    output_stream_limit = 4 * MOST_TEXT  # bytes
    local_namespace_limit = 1000


def _bounded(plain: Callable[..., Any]) -> Callable[..., Any]:
    """The same filter for short values: a chain of filters must not grow a text without end."""

    @wraps(plain)
    def bounded(value: Any, *arguments: Any, **options: Any) -> Any:
        given = (*arguments, *(one for name, one in options.items() if name != "environment"))
        if any(_length(one) > MOST_ARGUMENT for one in given):
            raise FilterArgumentError(f"an argument is longer than {MOST_ARGUMENT} characters", token=None)
        if (
            _length(value) > MOST_FILTERED
            or _length(made := plain(value, *arguments, **options)) > MOST_FILTERED
        ):
            raise FilterValueError(f"a value is longer than {MOST_FILTERED} characters", token=None)
        return made

    return bounded


def _length(value: object) -> int:
    # A missing value has no length: whoever uses it is told so by name.
    return 0 if isinstance(value, liquid.Undefined) else len(str(value))


class _Gap(liquid.Undefined):
    """A missing value that leaves its placeholder standing, for a person to fill."""

    def __str__(self) -> str:
        return f"{{{{ {str(self.name).strip(chr(39))} }}}}"


def _make_environment(undefined: type[liquid.Undefined]) -> _Environment:
    environment = _Environment(undefined=undefined, autoescape=False)
    for tag in ("include", "render"):
        del environment.tags[tag]
    environment.filters = {name: _bounded(environment.filters[name]) for name in FILTERS}
    return environment


_ENVIRONMENT = _make_environment(liquid.FalsyStrictUndefined)
_WITH_GAPS = _make_environment(_Gap)


# --- Reading ------------------------------------------------------------------------------------------


def placeholders_in(*texts: str) -> frozenset[str]:
    """The placeholders that `texts` name; raises TemplateProblem for what is too long, malformed or unknown."""
    used: set[str] = set()
    for text in texts:
        if len(text) > MOST_TEXT:
            raise TemplateProblem(_too_long())
        _refuse_long_markup(text)
        used |= {str(name) for names in _analysed(text).globals.values() for name in names}
    if unknown := used - set(PLACEHOLDERS):
        raise TemplateProblem(
            _("Unknown placeholders: %(unknown)s. Known ones: %(known)s.")
            % {"unknown": ", ".join(sorted(unknown)), "known": ", ".join(PLACEHOLDERS)}
        )
    return frozenset(used)


def _refuse_long_markup(text: str) -> None:
    """What is not closed soon takes the library's search many seconds, so it never gets there."""
    for opening, closing in (("{{", "}}"), ("{%", "%}")):
        for piece in text.split(opening)[1:]:
            if not 0 <= piece.find(closing) <= MOST_MARKUP:
                why = _("a placeholder or tag is not closed, or longer than %(most)s characters")
                raise TemplateProblem(
                    _("The template cannot be read: %(why)s") % {"why": why % {"most": MOST_MARKUP}}
                )


def _analysed(text: str) -> TemplateAnalysis:
    try:
        template = _ENVIRONMENT.from_string(text)
        has_range, analysis = _has_range(template), template.analyze()
    except MemoryError:
        raise
    except Exception as error:
        raise TemplateProblem(_("The template cannot be read: %(why)s") % {"why": _why(error)}) from error
    if has_range:
        raise TemplateProblem(_("A template must not use ranges like (1..5)."))
    if unknown := sorted(set(analysis.filters) - set(FILTERS)):
        raise TemplateProblem(
            _("Unknown filters: %(unknown)s. Known ones: %(known)s.")
            % {"unknown": ", ".join(unknown), "known": ", ".join(sorted(FILTERS))}
        )
    return analysis


def _has_range(template: liquid.BoundTemplate) -> bool:
    """Whether a range stands anywhere: it would be a list of any length from a few characters."""
    context = liquid.RenderContext(template)

    def in_expressions(expressions: Iterable[Expression]) -> bool:
        return any(isinstance(one, RangeLiteral) or in_expressions(one.children()) for one in expressions)

    def in_nodes(nodes: Iterable[Node]) -> bool:
        return any(in_expressions(one.expressions()) or in_nodes(one.children(context)) for one in nodes)

    return in_nodes(template.nodes)


def _why(error: Exception) -> str:
    """The library's words for its own errors, Python's for the others."""
    return str(error.message if isinstance(error, LiquidError) else error) or type(error).__name__


def _too_long() -> str:
    most = number_format(MOST_TEXT, use_l10n=True, force_grouping=True)
    return _("The text is longer than %(most)s characters.") % {"most": most}


# --- Filling ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rendered:
    """`missing` is a sentence when a value was missing (its placeholder then stands in the text) or when the text
    is too long (it is then empty)."""

    subject: str
    body: str
    used: frozenset[str]
    missing: str = ""


def render(template: MailTemplate, values: dict[str, Any]) -> Rendered:
    """Fill `template`; never silently blank: a missing value is named in `missing`."""
    used = placeholders_in(template.subject, template.body)
    try:
        subject, body = _filled(template.subject, values), _filled(template.body, values)
    except UndefinedError as error:
        return _with_gaps(template, values, used, missing=str(error.message).partition(" ")[0].strip("'"))
    body = body.strip() + "\n"
    if len(body) > MOST_TEXT:
        return Rendered("", "", used, _too_long())
    return Rendered(" ".join(subject.split()), body, used)


def _with_gaps(
    template: MailTemplate, values: dict[str, Any], used: frozenset[str], *, missing: str
) -> Rendered:
    """The texts with the missing placeholders left in them: a draft in this state is blocked, and the mark in
    its text blocks it again after an edit that forgets one."""
    subject = _filled(template.subject, values, _WITH_GAPS)
    body = _filled(template.body, values, _WITH_GAPS)[:MOST_TEXT]
    words = _("There is no value for “%(name)s”.") % {"name": missing}
    return Rendered(" ".join(subject.split()), body.strip() + "\n", used, words)


def _filled(text: str, values: dict[str, Any], environment: _Environment = _ENVIRONMENT) -> str:
    try:
        return str(environment.from_string(text).render(**values))
    except (UndefinedError, MemoryError):
        raise
    except Exception as error:
        raise TemplateProblem(_("The template cannot be filled: %(why)s") % {"why": _why(error)}) from error


def try_out(text: str) -> None:
    """Fill one text with sample values, as its author saves it; raises TemplateProblem."""
    tried = render(MailTemplate(subject="", body=text), SAMPLE_VALUES)
    if tried.missing:
        raise TemplateProblem(tried.missing)
