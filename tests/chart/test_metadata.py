"""What a catalogue of charts shows: an icon that needs no host, and annotations that say what the chart really holds."""

import base64
import copy
import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest
import yaml

from leadmodel_cli.kubectl.manifest import faults
from support.helm import CHART, render

METADATA: dict[str, Any] = yaml.safe_load((CHART / "Chart.yaml").read_text())
NOTES: dict[str, str] = METADATA["annotations"]
HUB = "artifacthub.io/"
# of Artifact Hub's documentation of annotations
CATEGORIES = {
    "ai-machine-learning",
    "database",
    "integration-delivery",
    "monitoring-logging",
    "networking",
    "security",
    "storage",
    "streaming-messaging",
    "skip-prediction",
}
CAPABILITIES = {"Basic Install", "Seamless Upgrades", "Full Lifecycle", "Deep Insights", "Auto Pilot"}
KINDS = {"added", "changed", "deprecated", "removed", "fixed", "security"}
HOST = re.compile(r"https?://([a-z0-9.-]+)")
STANDARDS = {"www.w3.org"}  # a name, from which nothing is loaded


def listed(name: str) -> list[dict[str, Any]]:
    """The list that an annotation holds."""
    return list(yaml.safe_load(NOTES[f"{HUB}{name}"]))


def icon() -> str:
    """Decode the SVG that the chart's metadata holds as data."""
    scheme, _, data = METADATA["icon"].partition(";base64,")
    assert scheme == "data:image/svg+xml"
    return base64.b64decode(data, validate=True).decode()


def test_the_icon_is_a_picture_that_loads_nothing():
    picture = ET.fromstring(icon())
    assert picture.tag == "{http://www.w3.org/2000/svg}svg"
    assert picture.get("viewBox")
    tags = {element.tag.partition("}")[2] for element in picture.iter()}
    assert tags <= {"svg", "rect", "path", "circle"}
    assert not any(
        "href" in name or name.startswith("on") for element in picture.iter() for name in element.attrib
    )


def test_no_host_is_named():
    """The project is published on none yet; whoever publishes the chart adds home and sources."""
    texts = (CHART / "Chart.yaml").read_text() + icon()
    assert set(HOST.findall(texts)) <= STANDARDS
    assert HOST.findall("home: https://example.com/x") == ["example.com"]


def test_words_are_those_of_the_catalogue():
    assert NOTES[f"{HUB}category"] in CATEGORIES
    assert NOTES[f"{HUB}operatorCapabilities"] in CAPABILITIES
    for flag in ("operator", "prerelease", "containsSecurityUpdates"):
        assert NOTES[f"{HUB}{flag}"] in {"true", "false"}
    assert {change["kind"] for change in listed("changes")} <= KINDS
    assert all(change["description"].endswith(".") for change in listed("changes"))


def test_security_updates_are_announced_where_there_are_some():
    unreleased = (CHART.parents[1] / "CHANGELOG.md").read_text().partition("## Unreleased")[2]
    mends = "### Security" in unreleased.partition("\n## ")[0]
    assert NOTES[f"{HUB}containsSecurityUpdates"] == str(mends).lower()


def test_a_version_below_one_is_a_prerelease():
    assert (NOTES[f"{HUB}prerelease"] == "true") is METADATA["version"].startswith("0.")


def test_the_definition_is_the_one_that_comes_along():
    (shown,) = listed("crds")
    definition = yaml.safe_load((CHART / "files" / "leadmodels.yaml").read_text())
    assert (shown["name"], shown["kind"]) == (
        definition["metadata"]["name"],
        definition["spec"]["names"]["kind"],
    )
    assert shown["version"] in {version["name"] for version in definition["spec"]["versions"]}


def test_the_example_is_taken_and_a_wrong_one_is_not():
    (example,) = listed("crdsExamples")
    assert faults(example) == []
    wrong = copy.deepcopy(example)
    wrong["spec"]["minAuc"] = "high"
    assert faults(wrong)


@pytest.mark.slow
def test_images_are_those_that_the_chart_runs():
    shown = {image["name"]: image["image"] for image in listed("images")}
    assert set(shown) == {"operator", "predictor", "training", "privacy", "followup"}
    text = yaml.safe_dump_all(render())
    assert all(image in text for image in shown.values())
    assert "leadmodel-operator:0.0.9" not in text, "control: another tag is not there"
