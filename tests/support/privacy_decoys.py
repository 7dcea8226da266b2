"""Messages without personal data whose numbers and words only look like it, one kind per function. Seeded, of other forms than `privacy_texts`."""

import random
import string
import uuid

from support.privacy_texts import Message


def _digits(chance: random.Random, count: int) -> str:
    return "".join(chance.choice(string.digits) for _ in range(count))


def _upper(chance: random.Random, count: int) -> str:
    return "".join(chance.choice(string.ascii_uppercase) for _ in range(count))


def _mixed(chance: random.Random, count: int) -> str:
    return "".join(chance.choice(string.ascii_uppercase + string.digits) for _ in range(count))


def _grouped(text: str, size: int, gap: str = " ") -> str:
    return gap.join(text[i : i + size] for i in range(0, len(text), size))


def section(c: random.Random) -> str:
    return ".".join(str(c.randint(1, 25)) for _ in range(4)).replace("10.", "9.", 1)


def release(c: random.Random) -> str:
    return c.choice(
        (
            f"{c.randint(0, 30)}.{c.randint(0, 99)}.{c.randint(0, 999)}",
            f"v{c.randint(1, 9)}.{c.randint(0, 30)}.{c.randint(0, 30)}.{c.randint(0, 300)}",
            f"{c.randint(1, 9)}.0.0-rc.{c.randint(1, 9)}",
            f"libssl-{c.randint(1, 3)}.{c.randint(0, 9)}.{c.randint(0, 9)}.{c.randint(10, 200)}",
            f"requests=={c.randint(1, 3)}.{c.randint(0, 40)}.{c.randint(0, 9)}.{c.randint(1, 200)}",
        )
    )


def ups(c: random.Random) -> str:
    return f"1Z{_mixed(c, 6)}{_digits(c, 10)}"


def dhl(c: random.Random) -> str:
    return c.choice((_digits(c, 10), f"JD{_digits(c, 18)}", f"JJD{_digits(c, 18)}", f"GM{_digits(c, 16)}"))


def fedex(c: random.Random) -> str:
    return c.choice((_digits(c, 12), _grouped(_digits(c, 12), 4), _digits(c, 15)))


def usps(c: random.Random) -> str:
    number = c.choice(("9400", "9205", "9407", "9303", "9270")) + _digits(c, 18)
    return c.choice((number, _grouped(number, 4)))


def mail_item(c: random.Random) -> str:
    number = f"{_upper(c, 2)}{_digits(c, 9)}GB"
    return c.choice((number, f"{number[:2]} {number[2:6]} {number[6:10]} {number[10:]}"))


def transaction(c: random.Random) -> str:
    return c.choice(
        (
            _digits(c, 16),
            _mixed(c, 17),
            f"{_digits(c, 4)}-{_digits(c, 4)}-{_digits(c, 4)}",
            f"ch_{_mixed(c, 24)}",
        )
    )


def order(c: random.Random) -> str:
    return c.choice(
        (
            f"{_digits(c, 3)}-{_digits(c, 7)}-{_digits(c, 7)}",
            f"#{_digits(c, 10)}",
            f"SO-{_digits(c, 10)}",
            _digits(c, 10),
        )
    )


def imei(c: random.Random) -> str:
    body = f"35{_digits(c, 12)}"
    total = sum(int(d) * (1 + i % 2) - 9 * (int(d) * (1 + i % 2) > 9) for i, d in enumerate(body))
    return body + str(-total % 10)


def quantity(c: random.Random) -> str:
    a = c.randint(1, 9) * 100
    return c.choice(
        (
            f"{a}-{a + 100}-{(a + 100) * 10} {c.choice(('tons', 'pallets', 'litres', 'seats', 'kWh', 'm3'))}",
            f"{c.randint(100, 999)} {c.randint(100, 999)} {c.randint(100, 999)} barrels",
            f"{c.randint(200, 900)}.{c.randint(100, 999)}.{c.randint(1000, 9999)} bytes",
        )
    )


def interval(c: random.Random) -> str:
    low = c.randint(10, 90) * 1000
    return c.choice(
        (
            f"{low}-{low * 2}",
            f"{low // 10}-{low // 5}-{low // 2}",
            "01.02.24-03.02.24",
            "2019-2024",
            "05.01.2026-07.01.2026",
        )
    )


def date(c: random.Random) -> str:
    d, m, y = c.randint(1, 28), c.randint(1, 12), c.randint(2001, 2029)
    return c.choice(
        (
            f"{d:02}.{m:02}.{y}",
            f"{y}-{m:02}-{d:02} 12:30",
            f"{y}{m:02}{d:02}T101500Z",
            f"{y}{m:02}{d:02}101500",
            f"{1.5e9 + c.randint(0, 10**8):.0f}",
        )
    )


def price(c: random.Random) -> str:
    return c.choice(
        (f"EUR {c.randint(1, 9)}.{_digits(c, 3)}.{_digits(c, 3)},00", f"{c.randint(1, 9)} {_digits(c, 3)} {_digits(c, 3)} rubles",
         f"R$ {c.randint(1000000, 9999999)},50", f"{c.randint(2, 9)}{_digits(c, 9)} yen", f"{c.randint(1000000, 9999999)},25")
    )  # fmt: skip


def technology(c: random.Random) -> str:
    return c.choice(
        (
            "asp.net",
            "node.js",
            "readme.md",
            "vb.net",
            "socket.io",
            "main.py",
            "index.html",
            "test.pl",
            "java.io",
            "next.js",
            "setup.cfg",
            "ado.net",
        )
    )


def game(c: random.Random) -> str:
    return c.choice(
        (
            "6-4 7-6 3-6 6-4",
            "21-19 18-21 21-17",
            "1.e4 e5 2.Nf3 Nc6",
            "98-102 88-92",
            "25-20 22-25 25-18 25-23",
            "1/2-1/2",
        )
    )


def article(c: random.Random) -> str:
    def ean(body: str) -> str:
        total = sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(body)))
        return body + str(-total % 10)

    return c.choice(
        (
            ean(f"400{_digits(c, 9)}"),
            ean(f"0{_digits(c, 10)}"),
            "978-3-16-148410-0",
            "3-16-148410-0",
            ean(f"50{_digits(c, 10)}"),
        )
    )


def identifier(c: random.Random) -> str:
    number = uuid.UUID(int=c.getrandbits(128))
    return c.choice(
        (
            str(number),
            number.hex,
            str(number).upper(),
            f"{c.getrandbits(160):040x}",
            f"{c.getrandbits(256):064x}",
            f"sha256:{c.getrandbits(256):064x}",
        )
    )


def place(c: random.Random) -> str:
    a, b = c.uniform(-80, 80), c.uniform(-170, 170)
    return c.choice(
        (
            f"{a:.6f}, {b:.6f}",
            f"{a:.4f},{b:.4f}",
            f"{abs(a):.7f} {abs(b):.7f}",
            "51°30'26\"N 0°7'39\"W",
            "N 48 51 24 E 2 21 03",
        )
    )


def part(c: random.Random) -> str:
    return c.choice(
        (
            f"{_upper(c, 3)}-{_digits(c, 4)}-{_digits(c, 6)}",
            f"{_upper(c, 2)}{_digits(c, 7)}",
            f"{_digits(c, 5)}-{_upper(c, 2)}",
            f"{_digits(c, 6)}.{_digits(c, 2)}",
        )
    )


def drawn(c: random.Random) -> str:
    return "-".join(f"{n:02}" for n in sorted(c.sample(range(1, 50), 6)))


def code(c: random.Random) -> str:
    return c.choice(
        (
            "items[1::2]",
            "x[::2]",
            "std::array<int, 3>",
            "0x7ffee4b2",
            "a = b[10:20]",
            "1.3.6.1.4.1.311",
            "rgb(12, 120, 240)",
            "#ff8800",
            "3.14159265358979",
            "1e-10",
        )
    )


KINDS = {
    section: ("see table {}", "as section {} says", "figure {} is wrong", "step {} fails", "clause {} applies", "it is in {}, I think"),
    release: ("we run {}", "is {} out?", "upgrade to {} please", "it breaks on {}"),
    ups: ("tracking {}", "UPS says {}", "where is {}?", "my parcel {} is late"),
    dhl: ("DHL {}", "tracking number {}", "the parcel {} with DHL", "shipment {}"),
    fedex: ("FedEx {}", "tracking {}", "it went by FedEx, {}", "shipment {} is lost"),
    usps: ("USPS {}", "tracking {}", "label {}", "it says {} on the parcel"),
    mail_item: ("Royal Mail {}", "parcel {}", "where is {}?"),
    transaction: ("transaction {}", "the transaction id is {}", "txn {} failed", "reference {}", "{} is the transaction id"),
    order: ("order {}", "my order {} is late", "about order number {}", "re: order {}"),
    imei: ("imei {}", "the device with IMEI {}", "it shows {}", "device {}"),
    quantity: ("we need {}", "about {} per month", "{} in stock"),
    interval: ("between {}", "range {}", "from {}", "{} is fine"),
    date: ("on {}", "since {}", "due {}", "{} works"),
    price: ("it costs {}", "{} is too much", "budget {}"),
    technology: ("we use {}", "open {}", "is {} supported?", "see {} for details"),
    game: ("it ended {}", "score {}", "{}, what a match"),
    article: ("ean {}", "we sell {}", "barcode {}", "isbn {}"),
    identifier: ("id {}", "commit {}", "request {} failed", "{}"),
    place: ("at {}", "coordinates {}", "location {}"),
    part: ("part {}", "we need part number {}", "model {}", "sku {}"),
    drawn: ("the draw was {}", "lottery {}"),
    code: ("use {}", "what is {}?", "{} fails"),
}  # fmt: skip


def decoys(seed: int, count: int) -> list[Message]:
    """So many messages; each kind as often as any other."""
    chance = random.Random(seed)
    kinds = list(KINDS)
    messages = []
    for i in range(count):
        kind = kinds[i % len(kinds)]
        before, after = chance.choice(KINDS[kind]).split("{}")
        value = kind(chance)
        end = chance.choice(("", ".", " thanks", "\nRegards"))
        messages.append(
            Message(f"{before}{value}{after}{end}", (), ((len(before), len(before) + len(value)),))
        )
    return messages


def kind_of(place: int) -> str:
    """The kind of the message at a place."""
    return list(KINDS)[place % len(KINDS)].__name__
