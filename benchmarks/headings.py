"""Invented headings and a keyword list of 1,000, as a seller of cleaning machines would have them. Seeded.

About three in four headings are distinct, their mean length is 31 characters, one in four has an umlaut, a dash or
another character beyond ASCII, and about 70 % contain the letters of some keyword, many of them a quantity.
"""

import random
from collections.abc import Iterator
from itertools import product
from typing import Any

from reports.matching import Keyword


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FAMILIES = words(
    """
    Omnie Kira Scrubber Vento Aqualis Tersus Nimbo Fegor Lavano Poliro Sorbix Gliss Mundex Purano Brillo
    Volta Rondo Castor Delfin Orca
    """
)
SERIES = words(
    """
    CD RR VX KB TS AQ NB FG LV PO SB GL MX PU BR VO RO CA DL OR TK WX ZR HM JN
    """
)
PLAIN = words(
    """
    Bürste Akku Wartung Schulung Filter Pumpe Schlauch Mopp Düse Miete Montage Reparatur Steuerung
    Halterung Dosierung Ladegerät Ersatzteil Service Zubehör Inspektion Lieferung Finanzierung Prüfung
    Einweisung Kanister Trockner Absaugung Fahrwerk Sensor Kamera Batterie Zertifikat Gehäuse Walze
    Deckel Spachtel Handschuh Konzentrat Ölfilter Räder
    """
)
FIRSTS = words(
    """
    Teller Walzen Saug Frischwasser Schmutzwasser Reinigungs Boden Fenster Treppen Hochdruck Dampf Kehr
    Wisch Polier Nass Trocken Hallen Küchen
    """
)
HEADS = words(
    """
    roboter maschine tank leiste motor wagen gerät lappen mittel scheibe tuch bezug kopf system paket
    pad
    """
)
ENGLISH_FIRSTS = ("docking", "water", "floor", "service", "spare", "cleaning", "battery", "vacuum")
ENGLISH_HEADS = ("station", "tank", "kit", "contract", "parts", "robot", "set")
TAGS = ("Nachlass", "Rabatt", "Demo", "Leihstellung")
MASKS = (
    "Self Service",
    "Service Provider",
    "Servicepartner",
    "Filterkaffee",
    "Miete München",
    "Akku Institut",
)
VETOES = ("TEST bitte löschen", "Dummy")
CUSTOMERS = words(
    """
    Müller Schäfer Weber Stadtwerke Klinikum Bäckerei Schneider Hofmann Becker Nordbau Glaswerk Lindner
    Autohaus Metzgerei Flughafen Rathaus Messehallen Hotel Seniorenheim Kreiskrankenhaus Logistik
    Lebensmittel
    """
)
NAME_FIRSTS = words(
    """
    Hof Stein Berg Linden Kirch Wald Eichen Neu Alt Ober Nieder Brunn Feld Sommer Winter Rosen Mühl Grün
    """
)
NAME_LASTS = words(
    """
    mann bauer meier müller berger hausen dorf bach stein feld reuth ried hoff huber rath au
    """
)
FORMS = (
    "GmbH",
    "AG",
    "KG",
    "e.K.",
    "GmbH & Co. KG",
    "Nord",
    "Holding",
    "Köln",
    "Stuttgart",
    "Hamburg",
    "Wien",
)
OTHERS = (
    "Angebot", "Folgeauftrag", "Neubau", "Anfrage", "Projekt", "Ausschreibung", "Budget offen", "Rahmenvertrag",
    "Termin",
    "Besichtigung", "Jahrestermin", "Halle 3", "Erweiterung", "Umzug", "Erstkontakt", "follow-up", "renewal", "Q3",
    "Q4 2025", "Rückfrage", "Erwartung", "Vertragsende", "new site", "pilot phase", "Nachtrag", "Entwurf", "KW 17",
    "36 Monate", "500 m²", "Bedarf offen", "Lager", "Messe 2024", "Verwertung", "call back",
)  # fmt: skip
BEFORE = (
    "2x ", "3x", "2 x ", "10 Stück ", "4 Stk. ", "1x ", "5 ", "zwei ", "12 pcs ", "20x ", "5er Pack ", "drei ",
)  # fmt: skip
AFTER = (" x2", " (2x)", ", 3 Stk", " 2 St.", " 2025", " 24x7", " (4 Stück)", " x 10")
LINKS = (" + ", ", ", " und ", " mit ", " for ", " / ", " inkl. ", " and ", " - ", " & ")


def keywords() -> list[Keyword]:
    """600 codes and 400 words; a few of them tags, masks, vetoes and names of families."""
    invented = [*_codes(), *_words()]
    assert len(invented) == 1000, len(invented)
    return [_keyword(number, *values) for number, values in enumerate(invented, start=1)]


def _codes() -> Iterator[tuple[str, dict[str, object]]]:
    for place, (series, number) in enumerate(product(SERIES, range(1, 25))):
        family = FAMILIES[place % len(FAMILIES)].upper()
        shapes = (f"{series}-{number:02}", f"{series}-02-{number:03}", f"{series}{number:02}-{number * 5}")
        text = shapes[place % 3] if place % 6 else f"{family} {series[0]} {number * 5}"
        yield text, {"type": "code", "family": family}


def _words() -> Iterator[tuple[str, dict[str, object]]]:
    for name in FAMILIES:
        yield name, {"generic": True, "family": name.upper(), "inflect": "s"}
    for place, word in enumerate(PLAIN):
        yield word, {"inflect": "yes", "compound": ("any", "start", "end", "none")[place % 4]}
    for tag in TAGS:
        yield tag, {"kind": "tag", "inflect": "yes"}
    for text in MASKS:
        yield text, {"polarity": "mask", "kind": "", "product": ""}
    for text in VETOES:
        yield text, {"polarity": "veto", "kind": "", "product": ""}
    for place, parts in enumerate(product(FIRSTS, HEADS)):
        if place < 272:
            yield "".join(parts), {"inflect": "yes", "compound": "start" if place % 3 == 0 else "none"}
    for parts in product(ENGLISH_FIRSTS, ENGLISH_HEADS):
        yield " ".join(parts), {"inflect": "s"}


def _keyword(number: int, text: str, changes: dict[str, Any]) -> Keyword:
    values: dict[str, Any] = {
        "type": "word", "kind": "product", "polarity": "positive", "product": text, "family": "", "generic": False,
        "inflect": "none", "compound": "none", **changes,
    }  # fmt: skip
    return Keyword(number, text, **values)


def headings(count: int, *, seed: int = 4) -> Iterator[str]:
    """`count` headings. Some are very common ones, some repeat one of the last 5,000."""
    dice = random.Random(seed)  # noqa: S311 (no secret)
    texts = [one.text for one in keywords()]
    common = [_heading(dice, texts) for _ in range(500)]
    recent = list(common)
    for number in range(count):
        chance = dice.random()
        if chance < 0.06:
            yield dice.choice(common)
        elif chance < 0.14:
            yield dice.choice(recent)
        else:
            heading = _heading(dice, texts)
            if len(recent) < 5000:
                recent.append(heading)
            else:
                recent[number % 5000] = heading
            yield heading


def _heading(dice: random.Random, texts: list[str]) -> str:  # noqa: PLR0911 (one for each kind)
    chance = dice.random()
    if chance < 0.3:
        parts = [dice.choice(OTHERS), _customer(dice)]
        dice.shuffle(parts)
        return dice.choice((" ", " - ", ", ")).join(parts)
    named = _named(dice, texts)
    if chance < 0.45:
        return f"{named}{dice.choice(LINKS)}{_named(dice, texts)}, {_customer(dice)}"
    if chance < 0.65:
        return f"{named}{dice.choice((' ', ' - ', ', ', ' for '))}{_customer(dice)}"
    if chance < 0.75:
        return f"{dice.choice(OTHERS)} {named}"
    if chance < 0.78:
        return f"{named} {dice.choice(('ohne', 'exkl.', 'without', 'statt'))} {dice.choice(PLAIN)}"
    if chance < 0.82:
        return f"{dice.choice(FAMILIES)} {named} {_customer(dice)}"
    if chance < 0.95:
        return f"{dice.choice(OTHERS)}, {_customer(dice)}: {named}"
    return named


def _named(dice: random.Random, texts: list[str]) -> str:
    """A keyword as people write it: another case, other separators, in a compound, with a quantity."""
    text = texts[dice.randrange(600)] if dice.random() < 0.5 else texts[dice.randrange(600, 1000)]
    style = dice.random()
    if style < 0.1:
        text = text.upper()
    elif style < 0.2:
        text = text.lower()
    elif style < 0.3:
        text = text.replace("-", dice.choice((" ", "", "_", "–", " - ")))
    elif style < 0.4 and not text[-1].isdigit():
        text += dice.choice(("n", "s", "en", "er", "svertrag", "set", "wechsel"))
    elif style < 0.43:
        text = text.replace("ü", "ue").replace("ä", "ae")
    elif style < 0.45 and text[-1].isdigit():
        text += dice.choice(("/02", "-2", "0", "x2", "-neu"))
    chance = dice.random()
    if chance < 0.3:
        return dice.choice(BEFORE) + text
    return text + dice.choice(AFTER) if chance < 0.4 else text


def _customer(dice: random.Random) -> str:
    name = dice.choice(CUSTOMERS)
    if dice.random() < 0.7:
        name = dice.choice(NAME_FIRSTS) + dice.choice(NAME_LASTS)
    return f"{name} {dice.choice(FORMS)}"
