"""A local copy for tests of the keyword editor: the demo's sales, the specification's examples, and odd ones."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path

from django.utils import timezone

from connector.demo.story import tell
from connector.models import Connection, Origin
from reports.export import read_csv
from reports.models import LocalCopy, Product, ProductFamily, QuoteLine, Sale

HEADINGS = Path(__file__).parent / "matching" / "headings.csv"
ODD = (
    "",
    "   ",
    "🤖" * 219,
    "עגלת ניקוי OMNIE CD-01 דחוף",
    "BÃ¼rsten fÃ¼r CD-01",
    "Omnie\nCD-01\tx2",
    "CD-01/02/03 Paket",
    "x" * 2000 + " CD-01",
    "OMNIE™ CD-01",
)


def fill_copy(connection: Connection, headings: Iterable[str], *, first_id: int = 1) -> list[Sale]:
    """One sale per heading, one in seven without a company, and the tenant's copy one revision further."""
    sales = [
        Sale(
            connection=connection,
            sale_id=number,
            heading=heading,
            company_id=None if number % 7 == 0 else number % 40 + 1,
            company_name="" if number % 11 == 0 else f"Customer {number % 40}",
            amount=Decimal(number % 900),
            currency=("EUR", "CHF")[number % 5 == 0],
            status=Sale.Status.OPEN,
            read_at=timezone.now(),
        )
        for number, heading in enumerate(headings, start=first_id)
    ]
    Sale.objects.bulk_create(sales)
    touch_copy(connection)
    return list(Sale.objects.filter(connection=connection, sale_id__gte=first_id))


def touch_copy(connection: Connection) -> LocalCopy:
    copy, _created = LocalCopy.objects.get_or_create(connection=connection)
    copy.revision += 1
    copy.read_at = copy.complete_at = timezone.now()
    copy.save()
    return copy


def whole_copy(connection: Connection) -> None:
    """About 600 sales of every kind, some with the lines of a quote."""
    examples = [row["heading"] for row in read_csv(HEADINGS.read_text(encoding="utf-8"))]
    story = [sale.heading for sale in tell(date(2026, 11, 20)).sales.values()]
    sales = fill_copy(connection, [*examples, *ODD, *story])
    goods = (("CD-01", "OMNIE CD-01"), ("", "Wartungsvertrag"), ("ZB-9", "Zubehör; klein"), ("", "Nachlass"))
    QuoteLine.objects.bulk_create(
        QuoteLine(
            sale=sale, line_id=place, rank=place, name=goods[place % 4][1], code=goods[place % 4][0],
            quantity=Decimal(1 + place % 3), total_price=Decimal(100), family_key=("", "", "2")[place % 3],
        )
        for place, sale in enumerate(sales[::5])
    )  # fmt: skip
    touch_copy(connection)


def add_catalogue(connection: Connection) -> None:
    """Two families with five products, some of which the list reads as one product and some as two."""
    families = ("OMNIE", "KIRA; alt")
    ProductFamily.objects.bulk_create(
        ProductFamily(connection=connection, family_id=number, name=name)
        for number, name in enumerate(families, 1)
    )
    offered = (
        ("CD-02", "OMNIE CD-02", 0),
        ("", "Neu", 1),
        ("", "Wartung", 1),
        ("AK", "Akku", 0),
        ("", "Wartung Akku", 0),
    )
    Product.objects.bulk_create(
        Product(connection=connection, product_id=number, code=code, name=name, family_name=families[family])
        for number, (code, name, family) in enumerate(offered, 1)
    )
    touch_copy(connection)


def bare_connection() -> Connection:
    """A tenant that nobody calls."""
    return Connection.objects.create(
        name="Nobody calls", origin=Origin.ADMIN, environment="sod", context_identifier="Cust12345"
    )
