"""Chat messages with known personal data, in the forms of thirteen countries, and with decoys that only look like it. Seeded."""

import random
import string
from dataclasses import dataclass

import phonenumbers
from phonenumbers import PhoneNumberFormat as Form
from phonenumbers import PhoneNumberType as Kind

from leadmodel_privacy.word_lists import phrase_list

COUNTRIES = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "IN", "AU", "BR", "PL", "SE", "CH")
STRUCTURED = (
    "EMAIL",
    "PHONE",
    "CREDIT_CARD",
    "IBAN",
    "SSN",
    "IP",
    "MAC",
    "URL",
    "DOB",
    "MRN",
    "HEALTH_PLAN",
    "ACCOUNT",
    "PASSPORT",
    "DRIVER_LICENSE",
    "VIN",
)
FIRST = phrase_list(
    "Ava|Liam|Noah|Mia|Jonas|Léa|Paul|Zoë|Björn|Anna|Marek|Lucía|Giulia|Pieter|Aarav|Sofia|Henrik|Chloé|Mateo|Ines"
)
LAST = phrase_list(
    "Walker|Schmidt|Dubois|García|Rossi|de Vries|Kowalski|Lindqvist|Silva|Patel|O'Neill|Müller|Meyer|Novak|Haugen|Costa"
)
HOSTS = phrase_list(
    "example.org|mail-host.net|kunde.example.de|boite.fr|correo.es|uni.ac.uk|firma.com.br|posta.it"
)
STREETS = phrase_list("Oak|Maple|Church|Station|Victoria|Lincoln|Hill|Mill|Queen|Garden")


@dataclass(frozen=True)
class Message:
    """A text, what in it is personal, and what only looks like it."""

    text: str
    truth: tuple[tuple[int, int, str], ...]
    decoys: tuple[tuple[int, int], ...]


def _digits(chance: random.Random, count: int) -> str:
    return "".join(chance.choice(string.digits) for _ in range(count))


def _letters(chance: random.Random, count: int) -> str:
    return "".join(chance.choice("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(count))


def _first(chance: random.Random) -> str:
    return chance.choice(FIRST)


def _name(chance: random.Random) -> str:
    return f"{_first(chance)} {chance.choice(LAST)}"


def _email(chance: random.Random) -> str:
    a, b = chance.choice(FIRST), chance.choice(LAST).replace(" ", "")
    local = chance.choice(
        (f"{a}.{b}", f"{a[0]}{b}", f"{a}_{_digits(chance, 2)}", f"{b}+crm", f"{a}-{b}", f"info.{b}%x")
    )
    return f"{local.lower() if chance.random() < 0.8 else local}@{chance.choice(HOSTS)}"


def _phone(chance: random.Random) -> str:
    """A valid number of some country, written as people write it."""
    country = chance.choice(COUNTRIES)
    while True:
        kind = chance.choice((Kind.MOBILE, Kind.FIXED_LINE))
        base = phonenumbers.example_number_for_type(country, kind)
        national = str(base.national_number)
        base.national_number = int(national[:-5] + _digits(chance, 5))
        if phonenumbers.is_valid_number(base):
            break
    form = chance.choice((Form.INTERNATIONAL, Form.INTERNATIONAL, Form.NATIONAL, Form.NATIONAL, Form.E164))
    text = phonenumbers.format_number(base, form)
    if form == Form.NATIONAL and chance.random() < 0.3:
        text = text.replace(" ", chance.choice(("-", ".", "")))
    if form == Form.INTERNATIONAL and chance.random() < 0.2:
        text = text.replace("+", "00")
    return text


def _luhn(body: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(body)):
        doubled = int(digit) * (2 - place % 2)
        total += doubled - 9 * (doubled > 9)
    return body + str(-total % 10)


def _card(chance: random.Random) -> str:
    start, length = chance.choice(
        (("4", 16), ("51", 16), ("55", 16), ("37", 15), ("6011", 16), ("3530", 16), ("2221", 16))
    )
    number = _luhn(start + _digits(chance, length - 1 - len(start)))
    separator = chance.choice(("", " ", "-"))
    sizes = (4, 6, 5) if length == 15 else (4, 4, 4, 4)
    parts, place = [], 0
    for size in sizes:
        parts.append(number[place : place + size])
        place += size
    return separator.join(parts)


def _iban(chance: random.Random) -> str:
    country, length = chance.choice(
        (
            ("DE", 22),
            ("FR", 27),
            ("GB", 22),
            ("NL", 18),
            ("ES", 24),
            ("IT", 27),
            ("AT", 20),
            ("CH", 21),
            ("PL", 28),
        )
    )
    letters = {"GB": 4, "NL": 4, "IT": 1}.get(country, 0)
    bban = _letters(chance, letters) + _digits(chance, length - 4 - letters)
    rest = int("".join(str(int(c, 36)) for c in bban + country + "00")) % 97
    packed = f"{country}{98 - rest:02}{bban}"
    return " ".join(packed[i : i + 4] for i in range(0, length, 4)) if chance.random() < 0.5 else packed


def _ssn(chance: random.Random) -> str:
    return f"{chance.randint(1, 665):03}-{chance.randint(1, 99):02}-{chance.randint(1, 9999):04}"


def _ip(chance: random.Random) -> str:
    if chance.random() < 0.3:
        return ":".join(f"{chance.randint(0, 65535):x}" for _ in range(8))
    return ".".join(str(chance.randint(1, 254)) for _ in range(4))


def _mac(chance: random.Random) -> str:
    return chance.choice(":-").join(f"{chance.randint(0, 255):02x}" for _ in range(6))


def _url(chance: random.Random) -> str:
    path = chance.choice(("", "/", f"/u/{_digits(chance, 5)}", "/profile?id=ab12&x=1", "/a/b.html#top"))
    return f"{chance.choice(('https://', 'http://', 'https://www.', 'www.'))}{chance.choice(HOSTS)}{path}"


def _vin(chance: random.Random) -> str:
    values = dict(
        zip(
            "ABCDEFGHJKLMNPRSTUVWXYZ",
            [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9],
            strict=True,
        )
    )
    body = list(_letters(chance, 3) + _digits(chance, 5) + "0" + _letters(chance, 2) + _digits(chance, 6))
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    rest = sum((int(c) if c.isdigit() else values[c]) * w for c, w in zip(body, weights, strict=True)) % 11
    body[8] = "X" if rest == 10 else str(rest)
    return "".join(body)


def _date(chance: random.Random) -> str:
    day, month, year = chance.randint(1, 28), chance.randint(1, 12), chance.randint(1935, 2015)
    name = phrase_list(
        "January|February|March|April|May|June|July|August|September|October|November|December"
    )[month - 1]
    return chance.choice(
        (
            f"{month:02}/{day:02}/{year}",
            f"{day:02}.{month:02}.{year}",
            f"{year}-{month:02}-{day:02}",
            f"{day} {name} {year}",
            f"{name} {day}, {year}",
            f"{day}-{name[:3]}-{year}",
            f"{day}/{month}/{year % 100:02}",
        )
    )


def _address(chance: random.Random) -> str:
    street, number = chance.choice(STREETS), chance.randint(1, 999)
    return chance.choice(
        (
            f"{number} {street} Street",
            f"{number} {street} Avenue, Apt {chance.randint(1, 40)}",
            f"{number} N {street} Rd, Springfield, IL 6{_digits(chance, 4)}",
            f"{street}straße {number % 90 + 1}",
            f"{street}weg {number % 90 + 1}, {_digits(chance, 5)} Musterstadt",
            f"{number % 200 + 1} rue de la République",
            f"Calle {street}, {number % 90 + 1}",
            f"Via Garibaldi {number % 90 + 1}",
        )
    )


VALUES = {
    "EMAIL": _email,
    "PHONE": _phone,
    "CREDIT_CARD": _card,
    "IBAN": _iban,
    "SSN": _ssn,
    "IP": _ip,
    "MAC": _mac,
    "URL": _url,
    "DOB": _date,
    "MRN": lambda c: c.choice((_digits(c, 8), f"MR{_digits(c, 7)}", f"{_digits(c, 3)}-{_digits(c, 5)}")),
    "HEALTH_PLAN": lambda c: c.choice((f"{_letters(c, 3)}{_digits(c, 9)}", f"W{_digits(c, 8)}", f"{_digits(c, 10)}")),
    "ACCOUNT": lambda c: c.choice((_digits(c, 10), _digits(c, 8), f"{_digits(c, 4)}-{_digits(c, 6)}")),
    "PASSPORT": lambda c: c.choice((_digits(c, 9), f"{_letters(c, 1)}{_digits(c, 8)}", f"{_letters(c, 2)}{_digits(c, 7)}")),
    "DRIVER_LICENSE": lambda c: c.choice((f"{_letters(c, 1)}{_digits(c, 7)}", f"{_letters(c, 1)}{_digits(c, 3)}-{_digits(c, 4)}-{_digits(c, 4)}", _digits(c, 8))),
    "VIN": _vin,
    "ADDRESS": _address,
    "NAME": _name,
}  # fmt: skip

DECOYS = {
    "order": lambda c: c.choice((f"{_digits(c, 3)}-{_digits(c, 7)}-{_digits(c, 7)}", _digits(c, 9), f"ORD-{_digits(c, 6)}", f"PO{_digits(c, 8)}")),
    "price": lambda c: c.choice((f"${c.randint(1, 99)},{_digits(c, 3)}.{_digits(c, 2)}", f"{c.randint(1000, 99999)} EUR", f"€{c.randint(1, 999)}.{_digits(c, 2)}", f"{c.randint(1, 9)}.{_digits(c, 3)},{_digits(c, 2)} €")),
    "time": lambda c: f"{c.randint(2019, 2026)}-{c.randint(1, 12):02}-{c.randint(1, 28):02}{c.choice('T ')}{c.randint(0, 23):02}:{_digits(c, 1)}5:1{_digits(c, 1)}",
    "date": lambda c: f"{c.randint(1, 28):02}.{c.randint(1, 12):02}.{c.randint(2019, 2026)}",
    "version": lambda c: ".".join(str(c.randint(0, 40)) for _ in range(c.choice((3, 4)))),
    "uuid": lambda c: f"{c.getrandbits(32):08x}-{c.getrandbits(16):04x}-4{c.getrandbits(12):03x}-a{c.getrandbits(12):03x}-{c.getrandbits(48):012x}",
    "tracking": lambda c: c.choice((f"1Z{_letters(c, 3)}{_digits(c, 13)}", _digits(c, 12), _digits(c, 20), f"RR{_digits(c, 9)}DE")),
    "quantity": lambda c: f"{c.randint(2, 9)}{_digits(c, c.randint(2, 6))} {c.choice(('units', 'kg', 'users', 'pcs', 'rows'))}",
    "sku": lambda c: f"{_letters(c, 3)}-{_digits(c, 4)}-{_letters(c, 2)}",
    "company": lambda c: c.choice(("Globex Corporation", "Acme Solutions GmbH", "Initech LLC", "Umbrella Group", "Hooli Software")),
    "hash": lambda c: f"{c.getrandbits(160):040x}",
    "milliseconds": lambda c: f"17{_digits(c, 11)}",
}  # fmt: skip

TEMPLATES = (
    "hi, you can write to {EMAIL} any time",
    "{EMAIL} is the best way to get hold of me, {PHONE} works too",
    "My mobile is {PHONE}, please ring after 5",
    "call me back on {PHONE} about the offer",
    "Tel. {PHONE} / mail {EMAIL}",
    "WhatsApp: {PHONE}",
    "you can reach our office under phone {PHONE}",
    "charge it to {CREDIT_CARD} please",
    "the card is {CREDIT_CARD}, exp 11/29",
    "Send the refund to {IBAN}.",
    "IBAN {IBAN}, BIC COBADEFFXXX",
    "our IBAN changed to {IBAN} last week",
    "SSN {SSN} for the credit check",
    "my social security number is {SSN}",
    "login came from {IP} at night",
    "the server {IP} refuses us",
    "blocked device {MAC} on the wifi",
    "see {URL} for the photos",
    "profile: {URL}",
    "I was born on {DOB}",
    "DOB: {DOB}, needs the senior rate",
    "date of birth {DOB} and passport {PASSPORT}",
    "patient MRN {MRN} was moved",
    "medical record number: {MRN}",
    "member ID {HEALTH_PLAN} with the health plan",
    "my insurance policy number is {HEALTH_PLAN}",
    "account number {ACCOUNT} at the savings bank",
    "please debit my bank account {ACCOUNT}",
    "passport no. {PASSPORT}",
    "driver's license {DRIVER_LICENSE} expires soon",
    "the driving licence number is {DRIVER_LICENSE}",
    "VIN {VIN} for the quote",
    "car is a {VIN}",
    "deliver to {ADDRESS} please",
    "We moved to {ADDRESS}.",
    "my name is {NAME}",
    "This is {NAME}, I asked for a demo",
    "Kind regards,\n{NAME}",
    "Dear Mr {NAME}, your demo is booked",
    "Meine Telefonnummer ist {PHONE}, danke",
    "Bitte überweisen Sie auf {IBAN}",
    "geboren am {DOB}, wohnhaft {ADDRESS}",
    "Reisepassnummer {PASSPORT} liegt bei",
    "Rufen Sie mich unter {PHONE} an, Handy geht auch",
    "mon téléphone : {PHONE}",
    "je m'appelle {NAME}, mon mail est {EMAIL}",
    "mi teléfono es {PHONE}",
    "me llamo {NAME} y mi correo es {EMAIL}",
    "il mio telefono è {PHONE}",
    "mijn telefoonnummer is {PHONE}",
    "O meu telefone é {PHONE}",
    '{{"from": "{EMAIL}", "phone": "{PHONE}", "note": "ring first"}}',
    "order {order} was charged twice to {CREDIT_CARD}",
    "invoice {order} paid, receipt to {EMAIL}",
    "version {version} fails on {IP}",
    "since {time} nobody answers {PHONE}",
)
DECOY_TEMPLATES = (
    "where is order {order}?",
    "order {order} and order {order} arrived",
    "invoice {order} over {price} is open",
    "it costs {price}, not {price}",
    "the job ran at {time} and took 3 min",
    "meeting on {date}, then again {date}",
    "we run version {version} since {date}",
    "request {uuid} failed",
    "tracking {tracking} says delivered",
    "we need {quantity} by Friday",
    "SKU {sku} is sold out, take {sku}",
    "{company} signed with {company}",
    "commit {hash} broke the build",
    "timestamp {milliseconds} in the log",
    "ticket {order} is about {sku}",
    "shipment {tracking} left on {date}",
    "{quantity} at {price} each",
    "upgrade to {version} on {date}",
)
CLEAN = (
    "thanks, that works for us",
    "can we move the demo to next week? the whole team wants to see the reporting part",
    "No budget this quarter, sorry",
    "Das Angebot klingt gut, wir melden uns",
    "what does the premium plan include and is there a discount for schools",
    "I am happy with the trial so far, the import was easy",
    "Hello team, any news on the integration?",
    "we compared you with two others and liked your support most",
)


def fill(chance: random.Random, template: str) -> Message:
    """A template with fresh values."""
    text, truth, decoys = "", [], []
    for literal, field, _, _ in string.Formatter().parse(template):
        text += literal
        if field is not None:
            value = (VALUES.get(field) or DECOYS[field])(chance)
            place = (len(text), len(text) + len(value))
            if field in VALUES:
                truth.append((*place, field))
            else:
                decoys.append(place)
            text += value
    return Message(text, tuple(truth), tuple(decoys))


def heavy(seed: int, count: int) -> list[Message]:
    """Messages that nearly all hold something: three of four personal data, the others decoys."""
    chance = random.Random(seed)
    templates = (TEMPLATES, TEMPLATES, TEMPLATES, DECOY_TEMPLATES)
    return [fill(chance, _long(chance, chance.choice(templates))) for _ in range(count)]


def mixed(seed: int, count: int) -> list[Message]:
    """Traffic: 80 % clean, 15 % decoys, 5 % with personal data."""
    chance = random.Random(seed)
    kinds = chance.choices((CLEAN, DECOY_TEMPLATES, TEMPLATES), (80, 15, 5), k=count)
    return [fill(chance, _long(chance, kind)) for kind in kinds]


def _long(chance: random.Random, templates: tuple[str, ...]) -> str:
    """About 200 characters: something to find between words that say nothing."""
    found = chance.choice(templates)
    if found.startswith("{{"):
        return found
    before = " ".join(chance.sample(CLEAN, chance.randint(0, 2)))
    after = " ".join(chance.sample(CLEAN, chance.randint(0, 2)))
    return (
        f"{before}. {found}. {after}".strip(". ")
        if not found.endswith("{NAME}")
        else f"{before}. {found}".strip(". ")
    )
