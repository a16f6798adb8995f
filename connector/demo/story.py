"""The whole demo data set: who, what and when, the same for the same day and the same number of sales."""

import random
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property

from connector.demo import headings, lists, notes, people
from connector.demo.quotes import Quotes, QuoteWriter, write_quotes

SEED = 20_170
FIRST_SALE_ID = 101
THREE_YEARS = 3 * 365


@dataclass(frozen=True, slots=True)
class Sale:
    """One sale. `sold_on` is in the tenant's base time zone, the two timestamps are UTC; None means "no date"."""

    sale_id: int
    heading: str
    company_id: int
    person_id: int
    associate_id: int
    status: int
    stage_id: int
    sale_type_id: int
    source_id: int
    loss_reason_id: int
    amount: float
    earning_percent: float
    currency_id: int
    sold_on: datetime
    next_due_on: datetime | None
    reopen_on: datetime | None
    registered_at: datetime
    updated_at: datetime
    registered_by: int
    updated_by: int
    description: str
    has_quote: bool
    # What was really meant by the heading; nobody outside can ask for it, the quotes are written from it.
    goods: headings.Goods = ()
    # User-defined fields: a text, and a number of square metres (0: nobody filled it in).
    product_note: str = ""
    floor_space: int = 0

    @property
    def probability(self) -> int:
        if self.status == 1:
            return lists.STAGES[self.stage_id][1]
        return 100 if self.status == 2 else 0

    @property
    def earning(self) -> float:
        return round(self.amount * self.earning_percent / 100, 2)

    @property
    def number(self) -> str:
        return str(10_000 + self.sale_id)


@dataclass
class Story:
    """Everything that was in the tenant before anybody called it, and the sales as they are by now.

    `version` grows with each change of the sales; `changes` makes them.
    """

    today: date
    companies: dict[int, people.Company]
    persons: dict[int, people.Person]
    sales: dict[int, Sale]
    version: int = field(default=0, compare=False)
    # The highest number that was ever given out.
    last_sale_id: int = field(default=0, compare=False)

    @property
    def associates(self) -> dict[int, people.Associate]:
        return people.ASSOCIATES

    @cached_property
    def quote_writer(self) -> QuoteWriter:
        return QuoteWriter(self.today)

    @cached_property
    def quotes(self) -> Quotes:
        """The quotes of the sales that have one; written when somebody first asks, for there may be many."""
        return write_quotes(self.sales.values(), self.quote_writer)

    def people_of(self, company_id: int) -> list[people.Person]:
        return [person for person in self.persons.values() if person.company_id == company_id]


def tell(today: date, sale_count: int = 400) -> Story:
    """Invent the data set. `today` ends the three years, `sale_count` is at least 1."""
    rng = random.Random(SEED)  # noqa: S311 - a seeded story, not a secret
    companies = people.invent_companies(rng)
    persons = people.invent_people(rng, companies)
    story = Story(today, companies, persons, {})
    writer = _SaleWriter(rng, story, sale_count)
    for number in range(sale_count):
        sale = writer.write(number)
        story.sales[sale.sale_id] = sale
    story.last_sale_id = max(story.sales)
    return story


class _SaleWriter:
    """Writes one sale after the other, oldest first, with ids that have gaps like real ones."""

    def __init__(self, rng: random.Random, story: Story, count: int) -> None:
        self.rng = rng
        self.story = story
        self.count = count
        self.today = datetime.combine(story.today, time(0))
        self.next_id = FIRST_SALE_ID
        self.customers = [key for key in story.companies if key != people.OWN_COMPANY_ID]
        # A few customers buy most of it; the order of the list is the order of importance.
        self.weights = [1 / (rank + 4) for rank in range(len(self.customers))]
        self.staff = {key: story.people_of(key) for key in self.customers}
        self.showcase_at = max(count - 3, 0)
        self.ugly_at = self._places_for_ugly_headings()

    def _places_for_ugly_headings(self) -> dict[int, str]:
        places: dict[int, str] = {}
        for block in range(0, self.count, 400):
            room = [n for n in range(block, min(block + 400, self.count)) if n != self.showcase_at]
            chosen = self.rng.sample(room, min(len(headings.UGLY), len(room)))
            places.update(zip(chosen, headings.UGLY, strict=False))
        return places

    def write(self, number: int) -> Sale:
        if number == self.showcase_at:
            return self._showcase()
        customer = self._customer()
        english = customer[0] in self.story.companies and self.story.companies[customer[0]].language == "en"
        heading = headings.invent_heading(self.rng, english)
        text, goods = heading.text, heading.goods
        if number in self.ugly_at:
            text = self.ugly_at[number]
            goods = headings.UGLY_GOODS.get(text, ())
        registered = self._registered_at(number)
        status = self._status(registered)
        sale = self._sale(text, customer, status, self._amount(heading.amount), registered)
        note = notes.invent_note(sale.sale_id, goods)
        return replace(
            sale,
            goods=goods,
            product_note=note.product,
            floor_space=note.floor_space,
            description=note.description or sale.description,
        )

    def _showcase(self) -> Sale:
        """The sale every demonstration begins with: open, owned by JW, with a person one may write to."""
        registered = datetime.combine(self.story.today - timedelta(days=4), time(8, 12))
        company_id = self.customers[0]
        customer = company_id, self.staff[company_id][0].person_id
        return replace(
            self._sale(headings.SHOWCASE, customer, 1, 35_910.0, registered),
            associate_id=5,
            stage_id=4,
            has_quote=True,
            goods=headings.SHOWCASE_GOODS,
        )

    def _customer(self) -> tuple[int, int]:
        """Company and person id, each 0 now and then: both are legal in a real tenant."""
        dice = self.rng.random()
        if dice < 0.06:
            return 0, 0
        company_id = self.rng.choices(self.customers, self.weights)[0]
        staff = self.staff[company_id]
        if dice < 0.14 or not staff:
            return company_id, 0
        return company_id, self.rng.choice(staff).person_id

    def _registered_at(self, number: int) -> datetime:
        age = THREE_YEARS * (self.count - number) / self.count
        moment = datetime.combine(self.story.today, time(7)) - timedelta(days=age)
        moment = moment.replace(
            hour=7 + number % 9, minute=self.rng.randrange(60), second=self.rng.randrange(60), microsecond=0
        )
        return min(moment, self.today)

    def _status(self, registered: datetime) -> int:
        age = (self.story.today - registered.date()).days
        if age < 60:
            return self.rng.choices((1, 2, 3), (80, 14, 6))[0]
        return self.rng.choices((1, 2, 3, 4), (12, 52, 29, 7))[0]

    def _amount(self, amount: float) -> float:
        dice = self.rng.random()
        if dice < 0.04:
            return 0.0
        discounted = round(amount * self.rng.uniform(0.85, 1.1), 2)
        return -discounted if dice < 0.06 else discounted

    def _sale(
        self, text: str, customer: tuple[int, int], status: int, amount: float, registered: datetime
    ) -> Sale:
        rng = self.rng
        company = self.story.companies.get(customer[0])
        owner = rng.choices(people.REPRESENTATIVE_IDS, people.REPRESENTATIVE_WEIGHTS)[0]
        currency_id = lists.COUNTRIES[company.country_id].currency_id if company else 1
        return Sale(
            sale_id=self._next_id(),
            heading=text,
            company_id=customer[0],
            person_id=customer[1],
            associate_id=owner,
            status=status,
            stage_id=6 if status in (2, 3) else rng.randint(1, 5),
            sale_type_id=rng.choices((1, 2, 3, 4), (45, 30, 17, 8))[0],
            source_id=rng.randrange(len(lists.SOURCES)),
            loss_reason_id=rng.randint(1, 2) if status == 3 else 0,
            amount=round(amount / lists.CURRENCIES[currency_id][1], 2),
            earning_percent=round(rng.uniform(8, 45), 1),
            currency_id=currency_id,
            sold_on=self._sold_on(status, registered),
            next_due_on=self._in_days(1, 30) if status == 1 and rng.random() < 0.6 else None,
            reopen_on=self._in_days(20, 200) if status == 4 else None,
            registered_at=registered,
            updated_at=self._updated_at(registered),
            registered_by=owner,
            updated_by=owner if rng.random() < 0.8 else rng.choice(people.REPRESENTATIVE_IDS),
            description="" if rng.random() < 0.7 else "Erfundene Notiz zu diesem Verkauf.",
            has_quote=rng.random() < 1 / 3,
        )

    def _next_id(self) -> int:
        sale_id = self.next_id
        self.next_id += self.rng.choices((1, 2, 3), (90, 7, 3))[0]
        return sale_id

    def _in_days(self, first: int, last: int) -> datetime:
        return self.today + timedelta(days=self.rng.randrange(first, last))

    def _sold_on(self, status: int, registered: datetime) -> datetime:
        """The day of the decision; for an open sale the day it is hoped for, a little overdue at worst."""
        closing = registered + timedelta(days=self.rng.randrange(10, 150))
        if status in (2, 3):
            closing = max(min(closing, self.today), registered)
        else:
            closing = max(closing, self.today - timedelta(days=20))
        return closing.replace(hour=0, minute=0, second=0)

    def _updated_at(self, registered: datetime) -> datetime:
        later = registered + timedelta(days=self.rng.randrange(0, 40), minutes=7)
        return max(registered, min(later, self.today))
