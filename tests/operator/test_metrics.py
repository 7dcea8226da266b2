"""Lines of the LeadModels' metrics can be read by any parser of the text format, whatever a label holds."""

from prometheus_client.parser import text_string_to_metric_families

from leadmodel_operator.kubernetes.process.metrics import ModelMetrics
from leadmodel_operator.reconcile import Key
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
