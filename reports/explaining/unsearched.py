"""Further texts of a sale that name a product, where the report does not search them."""

from django.utils.translation import gettext as _

from reports.definitions.definition import DESCRIPTION
from reports.models import Row, Run, Sale
from reports.runs.evaluation import Rules
from reports.viewer.row_notes import text_labels

# Stages that a further text would have changed, had it been searched.
_OPEN = (Row.Stage.UNMATCHED, Row.Stage.NEGATED, Row.Stage.EMPTY_HEADING)


def unsearched(run: Run, stage: str, sale: Sale) -> str:
    """Which text names which product, as the sale is today; empty where none does, or none would count."""
    if stage not in _OPEN:
        return ""
    rules = Rules.of(run)
    texts = {DESCRIPTION: sale.description, **sale.texts}
    labels = text_labels(run.connection)
    for name, text in texts.items():
        if name in rules.definition.search_columns or not text:
            continue
        result = rules.matcher.match(str(text))
        if result.status == Row.Stage.MATCHED:
            words = _("The text “%(text)s” names %(products)s; this report does not search it.")
            products = ", ".join(match.product for match in result.matches)
            return words % {"text": labels.get(name, name), "products": products}
    return ""
