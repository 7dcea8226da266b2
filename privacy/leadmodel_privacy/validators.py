"""Check digits and ranges of the numbers that finders look for, each with the standard that defines the check."""

import ipaddress
import re

_NOT_DIGIT = re.compile(r"\D")

# ISO 13616, SWIFT's IBAN registry: length by country
IBAN_LENGTHS = {
    country: int(length)
    for length, countries in {
        15: "NO",
        16: "BE BI",
        18: "DK FO FI GL NL SD",
        19: "MK SI FK",
        20: "AT BA EE KZ LT LU XK MN",
        21: "HR LV LI CH",
        22: "BH BG CR GE DE IE ME RS GB VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ MD PK RO SA SK ES SE TN VG",
        25: "PT ST LY",
        26: "IS TR",
        27: "FR GR IT MR MC SM DJ",
        28: "AL AZ BY CY DO GT HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}
# ISO/IEC 7812: lengths by the first two digits, as the networks issue them
_CARD_LENGTHS: dict[str, tuple[int, ...]] = (
    {"30": (14, 16), "36": (14, 16), "38": (14, 16), "39": (14, 16), "34": (15,), "37": (15,), "35": (16,)}
    | {f"4{second}": (13, 16, 19) for second in range(10)}
    | {f"5{second}": (16,) for second in range(9)}
    | {f"6{second}": (16, 17, 18, 19) for second in (0, 2, 3, 4, 5, 7)}
    | {"22": (16,), "23": (16,), "24": (16,), "25": (16,), "26": (16,), "27": (16,), "21": (15,), "18": (15,)}
)
_VIN_VALUES = dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ", [*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)], strict=True)
)
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def digits_of(text: str) -> str:
    """The digits of a text."""
    return _NOT_DIGIT.sub("", text)


def luhn(digits: str) -> bool:
    """True if the last digit is the check digit of the Luhn algorithm (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 * (doubled > 9)
    return total % 10 == 0


def is_card(text: str) -> bool:
    """True for a possible card number: issuer digits and length (ISO/IEC 7812), and the Luhn check digit."""
    digits = digits_of(text)
    return _issued(digits) and luhn(digits) and len(set(digits)) > 1


def _issued(digits: str) -> bool:
    if len(digits) not in _CARD_LENGTHS.get(digits[:2], ()):
        return False
    match digits[0]:
        case "2" if len(digits) == 16:
            return "2200" <= digits[:4] <= "2204" or "2221" <= digits[:4] <= "2720"
        case "1" | "2":
            return digits[:4] in {"2131", "1800"}
    return True


def is_gtin(digits: str) -> bool:
    """True if the last digit is the check digit of an article number (GS1, GTIN-8 to GTIN-14)."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))
    return total % 10 == 0


def is_iban(packed: str) -> bool:
    """True for an IBAN without spaces: the length of its country (ISO 13616) and the check digits of `mod97`."""
    packed = packed.upper()
    return len(packed) == IBAN_LENGTHS.get(packed[:2]) and mod97(packed)


def mod97(packed: str) -> bool:
    """True if the check digits are right by ISO 7064 MOD 97-10.

    The first four characters move to the end, letters become the numbers 10 to 35, and the remainder modulo 97 must be 1.
    """
    return int("".join(str(int(c, 36)) for c in packed[4:] + packed[:4])) % 97 == 1


def is_vin(text: str) -> bool:
    """True for a vehicle identification number of 17 characters whose ninth checks the others (49 CFR 565.15)."""
    if text.isdigit() or text.isalpha():
        return False
    values = (int(c) if c.isdigit() else _VIN_VALUES[c] for c in text)
    rest = sum(value * weight for value, weight in zip(values, _VIN_WEIGHTS, strict=True)) % 11
    return text[8] == ("X" if rest == 10 else str(rest))


def is_ip(text: str) -> bool:
    """True for an IPv4 or IPv6 address other than the loopback and unspecified addresses."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return str(address) not in {"127.0.0.1", "::1", "::", "0.0.0.0"}  # noqa: S104 (compared, not bound)


def is_ssn(text: str) -> bool:
    """True for a US Social Security number or an individual taxpayer number, by the ranges that SSA and IRS issue."""
    digits = digits_of(text)
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    if area in {"000", "666"} or group == "00" or serial == "0000":
        return False
    return area < "900" or "50" <= group <= "99"


def is_cpf(text: str) -> bool:
    """True for a Brazilian CPF: nine digits and two check digits, each a weighted sum modulo 11 (Receita Federal)."""
    digits = [int(d) for d in digits_of(text)]
    return len(set(digits)) > 1 and all(
        sum(d * (n + 1 - i) for i, d in enumerate(digits[:n])) * 10 % 11 % 10 == digits[n] for n in (9, 10)
    )


def is_dni(text: str) -> bool:
    """True for a Spanish DNI or NIE: the last letter stands for the remainder modulo 23 (Ministerio del Interior)."""
    packed = text.replace("-", "").replace(" ", "").upper()
    number = packed[:-1].replace("X", "0").replace("Y", "1").replace("Z", "2")
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == packed[-1]


def is_nir(text: str) -> bool:
    """True for a French NIR: the last two digits are 97 minus the remainder modulo 97; 2A and 2B count as 19 and 18 (INSEE)."""
    packed = text.replace(" ", "").replace("2A", "19").replace("2B", "18")
    return len(packed) == 15 and 97 - int(packed[:13]) % 97 == int(packed[13:])
