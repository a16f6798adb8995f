"""The quotes of the demo story: versions, alternatives and lines, most of them true to the heading of their sale."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Protocol

from connector.demo import lists
from connector.demo.goods import BY_WARE, QUOTE_CONNECTION_ID, Product
from connector.demo.headings import Goods

_SEED = 20_170_000_000
VALID_FOR = timedelta(days=30)
# The state of a quote version and its number in the database; what follows Sent depends on the sale.
STATES = ("Unknown", "Draft", "DraftNotCalculated", "DraftNeedsApproval", "DraftApproved", "DraftNotApproved",
          "Sent", "Archived", "Lost", "Sold")  # fmt: skip


class QuotedSale(Protocol):
    """What a quote takes over from its sale."""

    @property
    def sale_id(self) -> int: ...
    @property
    def has_quote(self) -> bool: ...
    @property
    def goods(self) -> Goods: ...
    @property
    def amount(self) -> float: ...
    @property
    def currency_id(self) -> int: ...
    @property
    def status(self) -> int: ...
    @property
    def registered_at(self) -> datetime: ...
    @property
    def registered_by(self) -> int: ...


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """One product on an offer; prices in the currency of the sale."""

    line_id: int
    alternative_id: int
    version_id: int
    quote_id: int
    sale_id: int
    rank: int
    product: Product
    quantity: float
    unit_price: float
    unit_cost: float
    discount_percent: float = 0.0

    @property
    def sub_total(self) -> float:
        return round(self.quantity * self.unit_price, 2)

    @property
    def discount_amount(self) -> float:
        return round(self.sub_total * self.discount_percent / 100, 2)

    @property
    def total_price(self) -> float:
        return round(self.sub_total - self.discount_amount, 2)

    @property
    def earning_amount(self) -> float:
        return round(self.total_price - self.quantity * self.unit_cost, 2)


@dataclass(frozen=True, slots=True)
class QuoteAlternative:
    """One of several ways to solve the customer's problem; `total_price` is after the discount on the whole."""

    alternative_id: int
    version_id: int
    name: str
    lines: tuple[QuoteLine, ...]
    total_price: float

    @property
    def sub_total(self) -> float:
        return round(sum(line.total_price for line in self.lines), 2)

    @property
    def discount_amount(self) -> float:
        return round(self.sub_total - self.total_price, 2)

    @property
    def discount_percent(self) -> float:
        return round(100 * self.discount_amount / self.sub_total, 2) if self.sub_total else 0.0

    @property
    def earning_amount(self) -> float:
        return round(self.total_price - sum(line.quantity * line.unit_cost for line in self.lines), 2)


@dataclass(frozen=True, slots=True)
class QuoteVersion:
    """One state of the negotiation. The newest is the active one, the others are archived."""

    version_id: int
    quote_id: int
    rank: int
    state: str
    archived_state: str
    sent_at: datetime | None
    registered_at: datetime
    registered_by: int
    likely_alternative_id: int
    alternatives: tuple[QuoteAlternative, ...]

    @property
    def number(self) -> str:
        return f"AN-{self.quote_id:05d}-{self.rank}"

    @property
    def expires_on(self) -> datetime:
        return datetime.combine((self.registered_at + VALID_FOR).date(), time())


@dataclass(frozen=True, slots=True)
class Quote:
    """The quote of a sale. Its amount is the sale's only when `uses_values` is set."""

    quote_id: int
    sale_id: int
    accepted_alternative_id: int
    uses_values: bool
    versions: tuple[QuoteVersion, ...]
    connection_id: int = QUOTE_CONNECTION_ID

    @property
    def active_version(self) -> QuoteVersion:
        return self.versions[-1]

    @property
    def favourite(self) -> QuoteAlternative:
        """The alternative that counts: the accepted one, or else the likely one of the active version."""
        wanted = self.accepted_alternative_id or self.active_version.likely_alternative_id
        return next(item for item in self.active_version.alternatives if item.alternative_id == wanted)


@dataclass(frozen=True)
class Quotes:
    """All quotes and their parts, each by its id, in the order of the ids."""

    by_sale: dict[int, Quote] = field(default_factory=dict)
    by_id: dict[int, Quote] = field(default_factory=dict)
    versions: dict[int, QuoteVersion] = field(default_factory=dict)
    alternatives: dict[int, QuoteAlternative] = field(default_factory=dict)
    lines: dict[int, QuoteLine] = field(default_factory=dict)

    def copy(self) -> "Quotes":
        """The same quotes, to add to and take away from."""
        return Quotes(
            dict(self.by_sale),
            dict(self.by_id),
            dict(self.versions),
            dict(self.alternatives),
            dict(self.lines),
        )

    def add(self, quote: Quote) -> None:
        self.by_sale[quote.sale_id] = self.by_id[quote.quote_id] = quote
        for version in quote.versions:
            self.versions[version.version_id] = version
            for alternative in version.alternatives:
                self.alternatives[alternative.alternative_id] = alternative
                self.lines.update((line.line_id, line) for line in alternative.lines)

    def remove(self, sale_id: int) -> None:
        """Take the quote of a sale away, if it has one."""
        quote = self.by_sale.pop(sale_id, None)
        if quote is None:
            return
        del self.by_id[quote.quote_id]
        for version in quote.versions:
            del self.versions[version.version_id]
            for alternative in version.alternatives:
                del self.alternatives[alternative.alternative_id]
                for line in alternative.lines:
                    del self.lines[line.line_id]


def write_quotes(sales: Iterable[QuotedSale], writer: "QuoteWriter") -> Quotes:
    """Write the quotes of the sales that have one, the same way every time."""
    quotes = Quotes()
    for sale in sales:
        if sale.has_quote:
            quotes.add(writer.write(sale))
    return quotes


def goods_of_unnamed(sale_id: int) -> Goods:
    """What the quote of a sale offers, should its heading say nothing."""
    return _offered(_dice_of(sale_id), ())[0]


class QuoteWriter:
    """Writes one quote after the other, no number twice. Each sale has a dice of its own: one more sale changes
    no other quote.
    """

    def __init__(self, today: date) -> None:
        self.today = datetime.combine(today, time())
        self.quote_id = self.version_id = self.alternative_id = self.line_id = 0

    def write(self, sale: QuotedSale) -> Quote:
        rng = _dice_of(sale.sale_id)
        self.quote_id += 1
        goods, is_true = _offered(rng, sale.goods)
        uses_values = is_true and sale.amount > 0
        count = rng.choices((1, 2, 3), (60, 30, 10))[0]
        versions = tuple(
            self._version(
                rng, sale, goods, rank=rank, count=count, amount=sale.amount if uses_values else None
            )
            for rank in range(1, count + 1)
        )
        accepted = versions[-1].likely_alternative_id if sale.status == 2 else 0
        return Quote(self.quote_id, sale.sale_id, accepted, uses_values, versions)

    def _version(
        self,
        rng: random.Random,
        sale: QuotedSale,
        goods: Goods,
        *,
        rank: int,
        count: int,
        amount: float | None,
    ) -> QuoteVersion:
        """Version `rank` of `count`. What came before the last one offered a little more of everything."""
        self.version_id += 1
        is_active = rank == count
        if not is_active:
            goods = tuple((ware, quantity + count - rank) for ware, quantity in goods)
        alternatives = rng.choices((1, 2, 3), (65, 28, 7))[0]
        favourite = rng.randrange(alternatives)
        offers = tuple(
            self._alternative(
                sale,
                place,
                goods if place == favourite else _other(rng, goods),
                amount if is_active and place == favourite else None,
            )
            for place in range(alternatives)
        )
        state = _state(rng, sale.status)
        registered_at = min(sale.registered_at + timedelta(days=3 * rank), self.today)
        return QuoteVersion(
            self.version_id,
            self.quote_id,
            rank,
            state if is_active else "Archived",
            "Unknown" if is_active else "Sent",
            registered_at + timedelta(hours=1) if state != "Draft" or not is_active else None,
            registered_at,
            sale.registered_by,
            offers[favourite].alternative_id,
            offers,
        )

    def _alternative(
        self, sale: QuotedSale, place: int, goods: Goods, amount: float | None
    ) -> QuoteAlternative:
        self.alternative_id += 1
        lines = tuple(self._line(sale, rank, *item) for rank, item in enumerate(goods, 1))
        total = round(sum(line.total_price for line in lines), 2)
        name = f"Alternative {place + 1}"
        return QuoteAlternative(
            self.alternative_id, self.version_id, name, lines, total if amount is None else amount
        )

    def _line(self, sale: QuotedSale, rank: int, ware: int, quantity: int) -> QuoteLine:
        self.line_id += 1
        product = BY_WARE[ware]
        rate = lists.CURRENCIES[sale.currency_id][1]
        return QuoteLine(
            self.line_id,
            self.alternative_id,
            self.version_id,
            self.quote_id,
            sale.sale_id,
            rank,
            product,
            float(quantity),
            round(product.list_price / rate, 2),
            round(product.unit_cost / rate, 2),
            5.0 if quantity >= 5 else 0.0,
        )


def _dice_of(sale_id: int) -> random.Random:
    return random.Random(_SEED + sale_id)  # noqa: S311 - a seeded story, not a secret


def _offered(rng: random.Random, goods: Goods) -> tuple[Goods, bool]:
    """What the quote offers, and whether that is what the heading says: one in twelve says something else."""
    if not goods:
        return ((rng.randrange(len(BY_WARE)), rng.randint(1, 3)),), False
    dice = rng.random()
    (ware, quantity), *rest = goods
    if dice < 0.04:
        return (((ware + 1) % len(BY_WARE), quantity), *rest), False
    if dice < 0.08:
        return ((ware, quantity + 2), *rest), False
    return goods, True


def _other(rng: random.Random, goods: Goods) -> Goods:
    """Another way to do it: the same with a service, or just the first part of it."""
    if rng.random() < 0.5 and len(goods) > 1:
        return goods[:1]
    return (*goods, (rng.choice((9, 10, 11)), 1))[:3]


def _state(rng: random.Random, sale_status: int) -> str:
    if sale_status == 1:
        return rng.choices(("Sent", "Draft", "DraftNeedsApproval"), (70, 22, 8))[0]
    return {2: "Sold", 3: "Lost"}.get(sale_status, "Sent")
