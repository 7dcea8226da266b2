"""The page on enrichment shows the example as it is: people copy what they read."""

import yaml

from support.docs_commands import ROOT, marked

EXAMPLE = ROOT / "crds" / "examples" / "enrichment.yaml"


def test_the_page_shows_the_settings_of_the_example():
    (shown,) = marked(ROOT / "docs" / "enrichment.md", "yaml")
    assert (
        yaml.safe_load(shown)["spec"]["enrichment"]
        == yaml.safe_load(EXAMPLE.read_text())["spec"]["enrichment"]
    )
