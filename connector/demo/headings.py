"""Headings of sales, as people type them: mostly plain, some of them ugly on purpose."""

import random
from dataclasses import dataclass

# Written into the newest sales exactly once, for demonstrations and for tests.
SHOWCASE = "2xOmnie CD-01 mit Nachlass"


@dataclass(frozen=True, slots=True)
class Ware:
    """Something that is sold: how it is written in German and English, and its list price in EUR."""

    de: tuple[str, ...]
    en: tuple[str, ...]
    price: int
    quantity_up_to: int = 1


WARES = (
    Ware(("OMNIE CD-01", "Omnie CD-01", "Omnie CD 01", "OMNIE CD01", "OmnieCD-01"), ("OMNIE CD-01",
    "Omnie CD-01"), 18900, 6),
    Ware(("OMNIE CD-02", "Omnie CD-02", "CD-02"), ("OMNIE CD-02", "Omnie CD 02"), 24500, 4),
    Ware(("RR-02-017-OMNIE", "RR 02 017 OMNIE"), ("RR-02-017-OMNIE",), 27900, 3),
    Ware(("RR-02-018", "RR-02-018-OMNIE"), ("RR-02-018",), 29900, 2),
    Ware(("Kira B 50", "KIRA B50", "KIRA B-50"), ("Kira B 50", "KIRA B50"), 42000, 2),
    Ware(("Scrubber 75", "Scrubber75", "SCRUBBER 75"), ("Scrubber 75",), 15400, 4),
    Ware(("Ladestation", "Ladestationen", "Dockingstation"), ("docking station",), 1900, 5),
    Ware(("Bürste", "Bürsten", "Tellerbürsten", "Bürsten-Set"), ("Bürsten (brushes)",), 120, 12),
    Ware(("Akku", "Akkus", "Ersatzakku"), ("battery", "Battery pack"), 890, 6),
    Ware(("Wartung", "Wartungsvertrag", "Fernwartung"), ("maintenance", "Maintenance contract"), 2400),
    Ware(("Service", "Servicepauschale"), ("Service", "service visit"), 780),
    Ware(("Schulung", "Anwenderschulung"), ("training", "Operator training"), 950),
    Ware(("Inbetriebnahme", "IBN"), ("commissioning + training",), 1200),
    Ware(("Miete", "Mietvertrag 36 Monate"), ("Lease 36 months", "Leasing"), 640),
)  # fmt: skip

_QUANTITIES = (
    "{n}x {w}",
    "{n} x {w}",
    "{n}× {w}",
    "{n}x{w}",
    "{w} x{n}",
    "{w} ({n}x)",
    "{n} Stück {w}",
    "{w} {n} Stk",
    "{n} {w}",
)
_TAILS_DE = ("", "", "", "", " für Neubau", " – Standort 2", " inkl. Anlieferung", " mit Rabatt",
" (Nachbestellung)", " Testphase",
             " ohne Wartung", " / Rahmenvertrag", " Q3", " Halle 4")  # fmt: skip
_TAILS_EN = (
    "",
    "",
    "",
    "",
    " for new wing",
    " - site 2",
    " incl. delivery",
    " with discount",
    " (repeat order)",
    " trial",
    " Q3",
)
_NOTHING_KNOWN = ("Folgeauftrag 2025", "Fenster+Glas Reinigung", "Erwartung Q3 – Budget offen",
"Rahmenvertrag Gespräch",
                  "Ausschreibung Service Provider Nord", "Self Service Terminal",
                  "Servicepartner Tagung Köln", "General enquiry",
                  "Rückfrage Messe", "Scrubber 750", "CD-1 Angebot", "CD-011 Sonderbau",
                  "X-CD-01 Altgerät")  # fmt: skip

# Each once in every four hundred sales: dashes, mojibake, invisible characters, formulas, negations, quantities.
UGLY = (
    "Omnie CD–01 (en dash)", "Omnie CD\u200b-01", "Omnie CD\u201101", "BÃ¼rsten-Set 4 StÃ¼ck",
    "Bu\u0308rsten-Set 2 Stk",
    "Tellerbu\u0308rste 10er Pack", "=HYPERLINK(\"http://x.example\";\"CD-01\")", "+CD-02 Nachtrag",
    "@Omnie Termin",
    "", "   ", "TEST bitte löschen CD-01", "Dummy Anlage", "Omnie ohne Wartung",
    "CD-01, Wartung nicht enthalten",
    "Scrubber 75 exkl. Ladestation", "CD-01/02 Paket", "CD-01 und CD-02 Bundle", "CD-01-2 Prototyp",
    "CD 01.2025 Jahreslizenz",
    "3x rr-02-017-omnie inkl. Wartung", "RR-02-017", "RR-02-0170-OMNIE", "4 Bürsten + 2 Akkus", "BÜRSTEN-SET",
    "Docking Station für Scrubber75", "IBN + Training Omnie", "1x CD-01, 3x CD-01 (Standort Köln)",
    "Rabatt 10% Rahmenvertrag",
    "5x Omnie CD-01 / 5x Ladestation / 5x Wartung", "OMNIE CD-01 24x7 Service", "Wartung für 3 Omnies",
    "Omnie (CD-01, 2 Stk.)",
    "5 Omnie, davon 2 CD-02", "OMNIE™ Demo", "Omnie® 500 m² Halle", "OMNIE CD-01 2024",
    "Akku defekt / Akku neu",
    "maintenance contract + service", "ＯＭＮＩＥ ＣＤ－０１", "zwei Omnie CD-01",
    "Two Kira B 50 for the terminal",
    "10 Stück CD-01",
    "  2x OMNIE CD-01  ", "Omnie\u00a0CD-01", "Omnie\tCD-01", "<b>Omnie CD-01</b> & Zubehör",
    "Wir wünschen: 🤖 OMNIE CD-01 🧹",
    "Angebot " + "sehr langer Betreff mit Omnie CD-02 " * 6,
)  # fmt: skip


# Which wares, by their place above, and how many of each a heading means.
Goods = tuple[tuple[int, int], ...]
# What the ugly ones mean, where a person would know; the others say nothing that can be relied on.
UGLY_GOODS: dict[str, Goods] = {
    "Omnie CD–01 (en dash)": ((0, 1),),
    "Omnie CD\u200b-01": ((0, 1),),
    "Omnie CD\u201101": ((0, 1),),
    "BÃ¼rsten-Set 4 StÃ¼ck": ((7, 4),),
    "Bu\u0308rsten-Set 2 Stk": ((7, 2),),
    "+CD-02 Nachtrag": ((1, 1),),
    "CD-01, Wartung nicht enthalten": ((0, 1),),
    "Scrubber 75 exkl. Ladestation": ((5, 1),),
    "CD-01/02 Paket": ((0, 1), (1, 1)),
    "CD-01 und CD-02 Bundle": ((0, 1), (1, 1)),
    "3x rr-02-017-omnie inkl. Wartung": ((2, 3), (9, 1)),
    "4 Bürsten + 2 Akkus": ((7, 4), (8, 2)),
    "1x CD-01, 3x CD-01 (Standort Köln)": ((0, 4),),
    "5x Omnie CD-01 / 5x Ladestation / 5x Wartung": ((0, 5), (6, 5), (9, 5)),
    "Omnie (CD-01, 2 Stk.)": ((0, 2),),
    "OMNIE CD-01 2024": ((0, 1),),
    "maintenance contract + service": ((9, 1), (10, 1)),
    "ＯＭＮＩＥ ＣＤ－０１": ((0, 1),),
    "zwei Omnie CD-01": ((0, 2),),
    "Two Kira B 50 for the terminal": ((4, 2),),
    "10 Stück CD-01": ((0, 10),),
    "  2x OMNIE CD-01  ": ((0, 2),),
    "Omnie\u00a0CD-01": ((0, 1),),
    "Omnie\tCD-01": ((0, 1),),
}
SHOWCASE_GOODS: Goods = ((0, 2),)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading, what the goods in it would cost in EUR, and the goods themselves as far as it names any."""

    text: str
    amount: float
    goods: Goods = ()


def invent_heading(rng: random.Random, english: bool) -> Heading:
    """A plain heading in the customer's language; one in twelve names nothing that is sold."""
    if rng.random() < 0.08:
        return Heading(rng.choice(_NOTHING_KNOWN), float(rng.randrange(5, 90) * 100))
    ware = rng.choices(WARES, (9, 6, 6, 4, 4, 5, 4, 4, 4, 4, 3, 3, 2, 3))[0]
    quantity = rng.randint(1, ware.quantity_up_to)
    text = _quantified(rng, rng.choice(ware.en if english else ware.de), quantity)
    amount = float(ware.price * quantity)
    goods: Goods = ((WARES.index(ware), quantity),)
    if rng.random() < 0.22:
        extra = rng.choice(WARES[6:])
        text += rng.choice((" + ", ", ", " inkl. " if not english else " incl. ")) + rng.choice(
            extra.en if english else extra.de
        )
        amount += extra.price
        goods += ((WARES.index(extra), 1),)
    text += rng.choice(_TAILS_EN if english else _TAILS_DE)
    return Heading(SHOWCASE.lower() if text == SHOWCASE else text, amount, goods)


def _quantified(rng: random.Random, words: str, quantity: int) -> str:
    if quantity == 1 and rng.random() < 0.7:
        return words
    return rng.choice(_QUANTITIES).format(n=quantity, w=words)
