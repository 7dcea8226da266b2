"""Messages written by others: the sentences of `presidio-evaluator`, filled with Faker's values of eleven countries. JSON lines out.

Runs in the peer's own environment. Nothing of these sentences or values was written for the detector that is measured.
"""

import json
import random
import re
import sys
from importlib.metadata import distribution
from pathlib import Path

from faker import Faker

LOCALES = (
    "en_US",
    "en_US",
    "en_US",
    "en_GB",
    "de_DE",
    "fr_FR",
    "es_ES",
    "it_IT",
    "nl_NL",
    "en_IN",
    "en_AU",
    "pt_BR",
    "pl_PL",
)
_FIELD = re.compile(r"\{\{(\w+)\}\}")
PERSONAL = {
    "person name name_female name_male first_name first_name_male first_name_female first_name_nonbinary last_name last_name_male "
    "last_name_female": "NAME",
    "address city street_name building_number secondary_address postcode zipcode state_abbr": "ADDRESS",
    "credit_card_number": "CREDIT_CARD",
    "phone_number": "PHONE",
    "email": "EMAIL",
    "url": "URL",
    "iban": "IBAN",
    "ssn": "SSN",
    "ip_address": "IP",
    "date_of_birth": "DOB",
    "us_driver_license": "DRIVER_LICENSE",
}
ENTITY = {field: entity for fields, entity in PERSONAL.items() for field in fields.split()}


def sentences() -> list[str]:
    """The package's templates."""
    file = distribution("presidio-evaluator").locate_file(
        "presidio_evaluator/data_generator/raw_data/templates.txt"
    )
    return [
        line.strip().replace("\\n", "\n") for line in Path(str(file)).read_text().splitlines() if line.strip()
    ]


def value(fake: Faker, chance: random.Random, field: str) -> str:
    """What stands in a field."""
    match field:
        case "person" | "name":
            return fake.name()
        case "organization":
            return fake.company()
        case "ip_address":
            return fake.ipv6() if chance.random() < 0.2 else fake.ipv4()
        case "date_of_birth":
            return fake.date_of_birth().strftime(
                chance.choice(("%m/%d/%Y", "%d.%m.%Y", "%Y-%m-%d", "%d %B %Y", "%B %d, %Y"))
            )
        case "date_time":
            return str(fake.date_time())
        case "us_driver_license":
            return fake.bothify(
                chance.choice(("?#######", "########", "?##-###-###", "??######", "?###-####-####"))
            ).upper()
        case "age":
            return str(chance.randint(1, 89))
        case "nationality" | "nation_woman" | "nation_plural":
            return chance.choice(("German", "French", "Polish", "Indian"))
        case (
            "secondary_address"
            | "state_abbr"
            | "zipcode"
            | "prefix_male"
            | "prefix_female"
            | "first_name_nonbinary"
        ):
            return str(getattr(FALLBACK, field)())
    return str(getattr(fake, field)())


FALLBACK = Faker("en_US")


def fill(fake: Faker, chance: random.Random, template: str) -> dict[str, object]:
    """A sentence with fresh values, where they are and what they are (null: nobody's)."""
    text, fields, place = "", [], 0
    for match in _FIELD.finditer(template):
        text += template[place : match.start()]
        new = value(fake, chance, match[1])
        fields.append((len(text), len(text) + len(new), ENTITY.get(match[1])))
        text += new
        place = match.end()
    return {"text": text + template[place:], "fields": fields}


def main() -> None:
    """Print as many messages as asked, from a seed; of one half of the sentences (even, odd) or of all."""
    count, seed, half = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    chance = random.Random(seed)
    Faker.seed(seed)
    fakes = [Faker(locale) for locale in LOCALES]
    templates = sentences()[
        {
            "even": slice(0, None, 2),
            "odd": slice(1, None, 2),
            "third": slice(1, None, 4),
            "fourth": slice(3, None, 4),
            "all": slice(None),
        }[half]
    ]
    for _ in range(count):
        print(json.dumps(fill(chance.choice(fakes), chance, chance.choice(templates))))


if __name__ == "__main__":
    main()
