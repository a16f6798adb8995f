"""Cells for JSON, and plain tables for terminals."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from reports.export.columns import Cell
from reports.export.safety import clean_text


def plain_cell(value: Cell) -> str | int | None:
    """For JSON and tables: dates in ISO form, amounts as text with a dot, because a float would round."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal | float):
        return f"{value:.2f}"
    return value


def text_table(columns: Sequence[str], rows: Sequence[Sequence[Cell]], *, widest: int = 48) -> str:
    """A table for a terminal; long cells are cut with an ellipsis, numbers stand right."""
    cells = [[clean_text(str(plain_cell(cell) if cell is not None else "")) for cell in row] for row in rows]
    cut = [[cell if len(cell) <= widest else cell[: widest - 1] + "…" for cell in row] for row in cells]
    widths = [
        max(len(column), *(len(row[i]) for row in cut)) if cut else len(column)
        for i, column in enumerate(columns)
    ]
    is_number = [
        bool(rows) and all(isinstance(row[i], int | float | Decimal | None) for row in rows)
        for i in range(len(columns))
    ]

    def line(row: Sequence[str]) -> str:
        return "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, is_number, strict=True)
        ).rstrip()

    return (
        "\n".join([line(columns), line(["-" * width for width in widths]), *(line(row) for row in cut)])
        + "\n"
    )
