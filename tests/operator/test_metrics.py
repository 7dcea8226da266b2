"""Lines of the LeadModels' metrics can be read by any parser of the text format, whatever a label holds."""

from dataclasses import replace

from prometheus_client.parser import text_string_to_metric_families

from leadmodel_operator.kubernetes.process.metrics import ModelMetrics
from leadmodel_operator.reconcile import Key
from leadmodel_operator.resource.status import BackfillResult
from worlds.leader import Leader
from worlds.world import World

HOSTILE = 'a"b\\c\nd'


def test_a_label_with_quotes_backslashes_and_line_ends_is_read_back():
    world = World()
    Leader(world).settle()
    metrics = ModelMetrics()
    metrics.note(Key(HOSTILE, "conversion"), world.observed(), world.status)
    families = list(text_string_to_metric_families(metrics.text().decode()))
    samples = [sample for family in families for sample in family.samples]
    assert samples
    assert {sample.labels["namespace"] for sample in samples} == {HOSTILE}


def test_a_mode_of_a_backfill_adds_no_line():
    """Not even one that somebody wrote into status by hand."""
    world = World()
    Leader(world).settle()
    backfill = BackfillResult(mode='"} 1\nx{y="', last_success=world.now, scanned=1)
    metrics = ModelMetrics()
    metrics.note(Key("sales", "conversion"), world.observed(), replace(world.status, backfill=backfill))
    families = list(text_string_to_metric_families(metrics.text().decode()))
    modes = {s.labels["mode"] for family in families for s in family.samples if "mode" in s.labels}
    assert modes == {backfill.mode}
    assert all(family.name.startswith("leadmodel_") for family in families)
