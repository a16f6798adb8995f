"""Template + values -> subject and text. Liquid, strict: an unknown or missing value is an error.

Values are data and never template code: there is one pass. Liquid has no access to Python objects; limits
keep a runaway loop from stopping the worker.
"""

from dataclasses import dataclass
from typing import Any

import liquid
from django.utils.translation import gettext as _
from liquid.exceptions import LiquidError, UndefinedError

from outreach.facts import PLACEHOLDERS
from outreach.models import MailTemplate


class _Environment(liquid.Environment):
    loop_iteration_limit = 1000
    output_stream_limit = 50_000  # bytes
    local_namespace_limit = 1000


_ENVIRONMENT = _Environment(undefined=liquid.FalsyStrictUndefined, autoescape=False)
for _tag in ("include", "render"):
    del _ENVIRONMENT.tags[_tag]


class TemplateProblem(Exception):
    """The template cannot be used; the text is a sentence for its author."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """`missing` is a sentence when a value was missing; the texts are then empty."""

    subject: str
    body: str
    used: frozenset[str]
    missing: str = ""


def placeholders_in(*texts: str) -> frozenset[str]:
    """The placeholders that `texts` name; raises TemplateProblem for a syntax error or an unknown name."""
    used: set[str] = set()
    for text in texts:
        try:
            template = _ENVIRONMENT.from_string(text)
            used |= {str(name) for names in template.analyze().globals.values() for name in names}
        except LiquidError as error:
            raise TemplateProblem(
                _("The template cannot be read: %(why)s") % {"why": error.message}
            ) from error
    if unknown := used - set(PLACEHOLDERS):
        raise TemplateProblem(
            _("Unknown placeholders: %(unknown)s. Known ones: %(known)s.")
            % {"unknown": ", ".join(sorted(unknown)), "known": ", ".join(PLACEHOLDERS)}
        )
    return frozenset(used)


def render(template: MailTemplate, values: dict[str, Any]) -> Rendered:
    """Fill `template`; never silently blank: a missing value is named in `missing`."""
    used = placeholders_in(template.subject, template.body)
    try:
        subject = _ENVIRONMENT.from_string(template.subject).render(**values)
        body = _ENVIRONMENT.from_string(template.body).render(**values)
    except UndefinedError as error:
        name = str(error.message).partition(" ")[0]
        return Rendered("", "", used, _("SuperOffice has no value for “%(name)s”.") % {"name": name})
    except LiquidError as error:
        raise TemplateProblem(_("The template cannot be filled: %(why)s") % {"why": error.message}) from error
    return Rendered(" ".join(subject.split()), body.strip() + "\n", used)
