"""A report page over 100,000 sales: how long it takes, how many queries it costs, and what its index costs."""

import time
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.urls import reverse
from django.utils import timezone

from benchmarks.figures import Figure, best_seconds_of_each
from connector.models import Connection
from reports.keyword_lists.keywords import current_list
from reports.models import Match, Report, Row, Run, Sale
from reports.viewer.run_index import INDEXED
from reports.viewer.viewing import build_view

SALES, FEW = 100_000, 100
ROUNDS = 17  # of the six pages: a few more than 100 requests
PAGE_MAY_TAKE = 150.0  # milliseconds, 95 of 100 requests
PAGES: tuple[dict[str, str], ...] = (
    {},
    {"product": "Product 7"},
    {"owner": "Owner 3", "status": "sold"},
    {"q": "nachlass"},
    {"sort": "-amount"},
    {"after": "third page"},
)


def measure() -> list[Figure]:
    call_command("collectstatic", interactive=False, verbosity=0)  # pages name their files by hash
    connection = Connection.objects.create(name="Bench", environment="sod", context_identifier="Cust12345")
    user = User.objects.create(username="bench")
    user.groups.add(Group.objects.get_or_create(name="representative")[0])
    report = Report.objects.create(name="Bench")
    try:
        few, run = (_finished_run(report, connection, count) for count in (FEW, SALES))
        with override_settings(ALLOWED_HOSTS=["testserver"], SECURE_SSL_REDIRECT=False):
            client = Client()
            client.force_login(user)
            page, queries = _p95(client, run), _queries(client, run)
            queries_of_few = _queries(client, few)
        built, scanned = best_seconds_of_each(lambda: build_view(run.pk), lambda: _scan(run), rounds=3)
    finally:
        report.delete()
        Sale.objects.filter(connection=connection).delete()
        connection.delete()
        user.delete()
    return [
        Figure(
            f"report page, {SALES} sales, p95 beside what it may take", page, "ms", PAGE_MAY_TAKE, goal=1.0
        ),
        Figure(f"report page, queries at {SALES} sales beside {FEW}", queries, "", queries_of_few, goal=1.0),
        Figure(f"index of a run, {SALES} sales, beside a bare scan", built, "s", scanned, goal=4.0),
    ]


def _p95(client: Client, run: Run) -> float:
    """Milliseconds that 95 of 100 requests stay below, after each page was asked for once."""
    addresses = [_address(run, page) for page in PAGES]
    for address in addresses:
        assert client.get(address).status_code == 200
    times = sorted(_milliseconds(client, address) for _ in range(ROUNDS) for address in addresses)
    return times[int(len(times) * 0.95)]


def _milliseconds(client: Client, address: str) -> float:
    started = time.perf_counter()
    client.get(address)
    return (time.perf_counter() - started) * 1000


def _address(run: Run, page: dict[str, str]) -> str:
    third = {"after": str(run.read_count - 100)} if "after" in page else page
    return reverse("run", args=[run.pk], query=third)


def _queries(client: Client, run: Run) -> int:
    """The most queries that any of the pages costs, once its index is there."""
    counts = []
    for page in PAGES:
        client.get(_address(run, page))
        with CaptureQueriesContext(database) as queries:
            client.get(_address(run, page))
        counts.append(len(queries))
    return max(counts)


def _scan(run: Run) -> int:
    rows = Row.objects.filter(run=run).newest_sale_first().values_list(*INDEXED)
    return sum(1 for _row in rows.iterator(chunk_size=5000))


# --- Made-up sales --------------------------------------------------------------------------------------------


def _finished_run(report: Report, connection: Connection, count: int) -> Run:
    now = timezone.now()
    run = Run.objects.create(
        report=report,
        connection=connection,
        keyword_list=current_list(),
        status=Run.Status.SUCCEEDED,
        finished_at=now,
        data_at=now,
        read_count=count,
        funnel={"matched": count - count // 4, "unmatched": count // 4},
    )
    random = Random(count)  # noqa: S311 (made-up sales are no secret)
    # A hundred copies of sales are enough: rows say themselves what was in them.
    copies = Sale.objects.bulk_create(
        Sale(connection=connection, sale_id=count * 10 + number, amount=0, status="sold", read_at=now)
        for number in range(100)
    )
    for first in range(1, count + 1, 5000):
        numbers = range(first, min(first + 5000, count + 1))
        rows = Row.objects.bulk_create(_row(run, copies[number % 100], number, random) for number in numbers)
        Match.objects.bulk_create(match for row in rows for match in _matches(row))
    return run


def _row(run: Run, sale: Sale, number: int, random: Random) -> Row:
    products = random.sample(range(200), k=random.choice((0, 1, 1, 2)))
    day = date(2024, 1, 1) + timedelta(days=random.randrange(900))
    extra = random.choice(("mit Nachlass", "für den Standort Nord", "Verlängerung", "und Einweisung"))
    return Row(
        run=run,
        sale=sale,
        sale_number=number,
        stage="matched" if products else "unmatched",
        source=random.choice(("heading", "quote", "both")) if products else "",
        heading=f"2x OMNIE CD-{number % 97:02} {extra}, Angebot {number}",
        company_id=number % 8000 + 1,
        company_name=f"Customer {number % 8000}",
        owner_name=f"Owner {random.randrange(40)}",
        amount=Decimal(random.randrange(1, 5_000_000)) / 100,
        currency=random.choice(("EUR", "EUR", "EUR", "CHF", "USD")),
        status=random.choice(("open", "sold", "lost", "stalled")),
        sold_on=day,
        products="; ".join(f"Product {one}" for one in products),
        quantities="; ".join(str(random.randrange(1, 9)) for _one in products),
        families="; ".join(dict.fromkeys(f"Family {one % 12}" for one in products)),
        assumed_count=random.randrange(2) if products else 0,
    )


def _matches(row: Row) -> list[Match]:
    products, quantities = row.products.split("; "), row.quantities.split("; ")
    return [
        Match(
            row=row,
            keyword_number=number + 1,
            product=product,
            kind="product",
            quantity=Decimal(quantity),
            quantity_source="before",
            spans=[[3, 14]],
        )
        for number, (product, quantity) in enumerate(zip(products, quantities, strict=True))
        if product
    ]
