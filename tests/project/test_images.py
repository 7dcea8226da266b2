"""Each image holds the packages that its programs import, and no other part of the project."""

import re

import pytest

from project.house import ROOT, House

IMAGES = ("operator", "predictor", "training", "privacy")


@pytest.fixture(scope="module")
def house() -> House:
    return House(ROOT)


def needed(house: House, part: str) -> set[str]:
    """Give the parts of all modules that the modules of a part reach by imports."""
    modules = {name for name in house.modules if f"{name}.".startswith(f"{part}.")}
    while more := {target for source, target in house.imports if source in modules} - modules:
        modules |= more
    return {name.partition(".")[0] for name in modules}


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_holds_what_its_programs_import(house, image):
    dockerfile = (ROOT / image / "Dockerfile").read_text()
    copied = set(re.findall(r"^COPY \w+/(leadmodel_\w+) /app/\1$", dockerfile, re.MULTILINE))
    assert copied == needed(house, f"leadmodel_{image}")
