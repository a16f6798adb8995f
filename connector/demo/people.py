"""The invented companies, people and users of the demo tenant.

Every name is visibly made up and every address ends in `.example`, so nothing here can reach anybody.
"""

import random
import re
import unicodedata
from dataclasses import dataclass, field

OWN_COMPANY_ID = 1
OWN_NAME = "Musterroboter Vertriebs-GmbH"
OWN_DOMAIN = "musterroboter.example"
API_USER_ID = 3
SYSTEM_USER_ID = 2


@dataclass(frozen=True, slots=True)
class Associate:
    """A user of the tenant. `name` is the login; a representative owns sales, the API user owns none."""

    associate_id: int
    name: str
    first_name: str
    last_name: str
    person_id: int
    mr_mrs: str
    group_id: int = 2
    is_administrator: bool = False

    @property
    def is_system(self) -> bool:
        """Whether this is the app's system user: no human, no mail account, no rights that could be missing."""
        return self.associate_id == SYSTEM_USER_ID

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def email(self) -> str:
        return "" if self.is_system else f"{_slug(self.first_name)}.{_slug(self.last_name)}@{OWN_DOMAIN}"


ASSOCIATES = {
    user.associate_id: user
    for user in (
        Associate(API_USER_ID, "API", "Sales Desk", "Schnittstelle", 1, "", 1),
        Associate(5, "JW", "Jonas", "Weber", 2, "Herr"),
        Associate(6, "SK", "Sabine", "Kranz", 3, "Frau"),
        Associate(8, "TB", "Tessa", "Beispielmann", 4, "Frau"),
        Associate(9, "OP", "Oliver", "Placeholder", 5, "Mr", 3, is_administrator=True),
    )
}
SYSTEM_USER = Associate(SYSTEM_USER_ID, "SYSTEM", "System", "User", 0, "", 1)
USERS = {SYSTEM_USER_ID: SYSTEM_USER, **ASSOCIATES}
# The first two get most of the sales, so that each demo login has something to do.
REPRESENTATIVE_IDS = (5, 6, 8, 9)
REPRESENTATIVE_WEIGHTS = (36, 34, 18, 12)


@dataclass(frozen=True, slots=True)
class Company:
    """A company. `stop` is the business block, `no_mail` the box "no mailings", both of the company card."""

    company_id: int
    name: str
    department: str
    city: str
    country_id: int
    business_id: int
    category_id: int
    associate_id: int
    domain: str
    language: str
    email: str = ""
    stop: bool = False
    no_mail: bool = False
    bounced: bool = False
    org_number: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """A human. `emails` is empty for many; `mr_mrs` and `academic` (Dr.) are free text as on the card."""

    person_id: int
    company_id: int
    first_name: str
    last_name: str
    mr_mrs: str
    academic: str
    title: str
    country_id: int
    language: str
    associate_id: int
    emails: tuple[str, ...] = ()
    bounced: frozenset[str] = field(default_factory=frozenset)
    no_mail: bool = False
    retired: bool = False
    middle_name: str = ""
    phone: str = ""

    @property
    def full_name(self) -> str:
        return " ".join(part for part in (self.first_name, self.middle_name, self.last_name) if part)

    @property
    def email(self) -> str:
        return self.emails[0] if self.emails else ""

    @property
    def withdrew_emarketing(self) -> bool:
        return self.person_id % 31 == 0

    @property
    def agreed_to_emarketing(self) -> bool:
        return self.person_id % 3 == 0 and not self.withdrew_emarketing


# Name, department, city, country, business, category, language.
_COMPANIES: tuple[tuple[str, str, str, int, int, int, str], ...] = (
    ("Musterbau Köln GmbH", "", "Köln", 276, 1, 1, "de"),
    ("Müller & Muster Gebäudedienste GmbH & Co. KG", "", "Düsseldorf", 276, 1, 1, "de"),
    ("Phantasia-Klinikum Übersee", "Hauswirtschaft", "Übersee", 276, 2, 1, "de"),
    ("Beispiel Logistik AG", "Lager Nord", "Hamburg", 276, 4, 1, "de"),
    ("Beispiel Logistik AG", "Lager Süd", "Nürnberg", 276, 4, 1, "de"),
    ("Erfunden Facility Management SE", "", "Berlin", 276, 1, 1, "de"),
    ("Stadtwerke Nirgendheim", "Eigenreinigung", "Nirgendheim", 276, 5, 2, "de"),
    ("Möbelhaus Fiktiv Größenwahn e. K.", "", "Gießen", 276, 3, 1, "de"),
    ('Glanz "Muster" Reinigungs-GmbH', "", "Bremen", 276, 1, 2, "de"),
    ("Supermarkt Ausgedacht eG", "Zentrale", "Kassel", 276, 3, 1, "de"),
    ("Flughafen Luftschloss GmbH", "Terminal 0", "Erding", 276, 4, 1, "de"),
    ("Hotel Zum Erfundenen Ochsen", "", "Füssen", 276, 3, 2, "de"),
    ("Universität Wolkenkuckucksheim", "Zentrale Dienste", "Göttingen", 276, 5, 1, "de"),
    ("Messe Scheinstadt GmbH", "Halle 7½", "Hannover", 276, 3, 1, "de"),
    ("Bäckerei Probebrot <Süd> GmbH", "", "München", 276, 3, 2, "de"),
    ("Druckerei Platzhalter & Söhne", "", "Würzburg", 276, 4, 2, "de"),
    ("Seniorenheim Abendmuster gGmbH", "", "Münster", 276, 2, 1, "de"),
    ("Autohaus Attrappe GmbH", "", "Bielefeld", 276, 3, 3, "de"),
    ("Kreiskrankenhaus Märchenwald", "Technik", "Märchenwald", 276, 2, 1, "de"),
    ("Reinigungsteam Dingsbums OHG", "", "Leipzig", 276, 1, 2, "de"),
    ("Spedition Traumfracht KG", "", "Duisburg", 276, 4, 1, "de"),
    ("Hausverwaltung Niemand & Keiner GbR", "", "Essen", 276, 1, 3, "de"),
    ("Wiener Fantasie-Spital", "Beschaffung", "Wien", 40, 2, 1, "de"),
    ("Alpen-Muster Facility GmbH", "", "Innsbruck", 40, 1, 1, "de"),
    ("Salzburger Beispielhandel GmbH", "", "Salzburg", 40, 3, 2, "de"),
    ("Muster Reinigung Zürich AG", "", "Zürich", 756, 1, 1, "de"),
    ("Beispielspital Bern", "Hotellerie", "Bern", 756, 2, 1, "de"),
    ("Fiktiv Logistique Genève SA", "", "Genève", 756, 4, 2, "en"),
    ("Basler Scheinwaren Genossenschaft", "", "Basel", 756, 3, 1, "de"),
    ("Imaginary Cleaning Ltd", "", "Leeds", 826, 1, 1, "en"),
    ("O'Fiction & Daughters Facilities Ltd", "", "Belfast", 826, 1, 1, "en"),
    ("Nowhere General Hospital", "Estates", "Nowhere-on-Sea", 826, 2, 1, "en"),
    ("Made-Up Airport Holdings plc", "", "Luton", 826, 4, 1, "en"),
    ("Sample & Example Retail Group", "Store Operations", "Manchester", 826, 3, 2, "en"),
    ("Pretend Parcels Ltd", "", "Bristol", 826, 4, 1, "en"),
    ("The Invented Hotel Company", "", "Edinburgh", 826, 3, 2, "en"),
    ("St. Elsewhere's School Trust", "", "Oxford", 826, 5, 1, "en"),
    ("Placeholder University", "Campus Services", "Cambridge", 826, 5, 1, "en"),
    ("Mock Manufacturing (UK) Ltd", "", "Sheffield", 826, 4, 3, "en"),
)
_STOPPED = frozenset({9, 21})
_NO_MAIL = frozenset({12, 35})
_BOUNCED = frozenset({17})

_WOMEN_DE = (
    "Erika",
    "Sieglinde",
    "Jördis",
    "Käthe",
    "Anneliese",
    "Gülcan",
    "Ottilie",
    "Hannelore",
    "Beate",
    "Zoë",
)
_MEN_DE = ("Max", "Günther", "Jürgen", "Björn", "Sören", "Emre", "Lothar", "Heinz-Dieter", "Ulf", "René")
_WOMEN_EN = ("Jane", "Philippa", "Siobhán", "Mabel", "Chloë", "Winifred", "Agatha")
_MEN_EN = ("John", "Barnaby", "Rupert", "Seán", "Percival", "Alasdair", "Clive")
_UNKNOWN = ("Kim", "Sascha", "Robin", "Alex", "Toni")
_LAST_DE = ("Beispiel", "Mustermann", "Musterfrau-Öztürk", "Fiktivmeier", "Platzhalter", "Erfunden",
"Probst-Muster",
            "Scheinbar", "Größenwahn", "Luftschlösser", "von Nirgendwo", "Ausgedacht", "Dingsda",
            "Märchenthal")  # fmt: skip
_LAST_EN = (
    "Example",
    "Sample",
    "Placeholder",
    "O'Fictive",
    "Madeup-Smith",
    "Imaginary",
    "Doe",
    "Pretend",
    "McMock",
)
_JOBS_DE = (
    "Objektleitung",
    "Einkauf",
    "Geschäftsführung",
    "Technische Leitung",
    "Hauswirtschaftsleitung",
    "",
)
_JOBS_EN = ("Facilities Manager", "Buyer", "Managing Director", "Head of Cleaning", "")


def _slug(text: str) -> str:
    """Letters and digits of a name as they appear in an address or a domain."""
    for letter, pair in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("Ö", "Oe"), ("Ü", "Ue"), ("ß", "ss")):
        text = text.replace(letter, pair)
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def invent_companies(rng: random.Random) -> dict[int, Company]:
    """The own company (id 1) and its 39 customers, prospects and partners."""
    own = Company(
        OWN_COMPANY_ID, OWN_NAME, "", "Köln", 276, 0, 0, API_USER_ID, OWN_DOMAIN, "de",
        f"info@{OWN_DOMAIN}", org_number="DE000000001", phone="+49 221 000000-0",
    )  # fmt: skip
    companies = {own.company_id: own}
    for company_id, (name, department, city, country, business, category, language) in enumerate(
        _COMPANIES, 2
    ):
        domain = f"{_slug(name)}.example"
        companies[company_id] = Company(
            company_id, name, department, city, country, business, category,
            rng.choices(REPRESENTATIVE_IDS, REPRESENTATIVE_WEIGHTS)[0], domain, language,
            f"info@{domain}" if company_id % 6 else "", company_id in _STOPPED, company_id in _NO_MAIL,
            company_id in _BOUNCED, f"X{company_id:09d}", f"+00 {company_id:03d} 000000",
        )  # fmt: skip
    return companies


def invent_people(rng: random.Random, companies: dict[int, Company], count: int = 120) -> dict[int, Person]:
    """The users' own cards, a dependable first person in company 2, and `count` people in all."""
    people = {user.person_id: _colleague(user) for user in ASSOCIATES.values()}
    customers = [company for company in companies.values() if company.company_id != OWN_COMPANY_ID]
    while len(people) < count:
        number = len(people)
        company = customers[(number - len(ASSOCIATES)) % len(customers)]
        person_id = number + 1
        people[person_id] = (
            _first_customer(company) if number == len(ASSOCIATES) else _stranger(rng, person_id, company)
        )
    return people


def _colleague(user: Associate) -> Person:
    return Person(
        user.person_id, OWN_COMPANY_ID, user.first_name, user.last_name, user.mr_mrs, "", "", 276, "de",
        user.associate_id, (user.email,),
    )  # fmt: skip


def _first_customer(company: Company) -> Person:
    return Person(
        len(ASSOCIATES) + 1, company.company_id, "Erika", "Beispiel", "Frau", "", "Objektleitung",
        company.country_id,
        "de", 5, (f"erika.beispiel@{company.domain}",), phone="+49 221 000000-11",
    )  # fmt: skip


def _stranger(rng: random.Random, person_id: int, company: Company) -> Person:
    english = company.language == "en"
    mr_mrs, first_name = _addressed(rng, english)
    last_name = rng.choice(_LAST_EN if english else _LAST_DE)
    # Every 40th stands alone: a card without a company.
    homeless = person_id % 40 == 0
    emails = _addresses(
        rng, person_id, first_name, last_name, "freimuster.example" if homeless else company.domain
    )
    return Person(
        person_id,
        0 if homeless else company.company_id,
        first_name,
        last_name,
        mr_mrs,
        rng.choices(("", "Dr.", "Prof. Dr."), (86, 11, 3))[0],
        rng.choice(_JOBS_EN if english else _JOBS_DE),
        company.country_id,
        company.language,
        company.associate_id,
        emails,
        frozenset(emails[:1]) if person_id % 29 == 0 else frozenset(),
        no_mail=person_id % 13 == 0,
        retired=person_id % 17 == 0,
        phone=f"+00 {company.company_id:03d} 000{person_id:03d}",
    )


def _addressed(rng: random.Random, english: bool) -> tuple[str, str]:
    """Form of address and first name; about one in eight says nothing about the gender."""
    if rng.random() < 0.12:
        return "", rng.choice(_UNKNOWN)
    woman = rng.random() < 0.5
    if english:
        return ("Ms", rng.choice(_WOMEN_EN)) if woman else ("Mr", rng.choice(_MEN_EN))
    return ("Frau", rng.choice(_WOMEN_DE)) if woman else ("Herr", rng.choice(_MEN_DE))


def _addresses(
    rng: random.Random, person_id: int, first_name: str, last_name: str, domain: str
) -> tuple[str, ...]:
    if person_id % 7 == 0:
        return ()
    primary = f"{_slug(first_name)}.{_slug(last_name)}@{domain}"
    return (primary, f"{_slug(first_name)}.{person_id}@privat.example") if rng.random() < 0.15 else (primary,)
