"""The commands of docs for a LeadModel that serves: kubectl and the operator as they are, on a simulated cluster.

`conversion` serves its second model, B; A is the previous one, and live leads arrive. `LEADMODEL_RENEW=1` writes what is seen into the
pages.
"""

import asyncio
import os
import re
import shutil

import pytest

from support.docs_commands import ROOT, serving, without_runbooks
from worlds import stories
from worlds.fake_cluster import NAMESPACE
from worlds.fake_leader import a_cluster, a_leader
from worlds.real_kubectl import KUBECTL, run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed"),
]
STORIES = list(dict.fromkeys((page, block.section) for page in without_runbooks() for block in serving(page)))
RENEW = os.environ.get("LEADMODEL_RENEW") == "1"
MASKS = (
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "TIME"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "DIGEST"),
    (re.compile(r"\b\d+[smhd](\d+[smhd])?\b"), "AGE"),
    (re.compile(r"-\d{9,}\b"), "-NUMBER"),
    (re.compile(r"(\b0\.\d{4}) +\d\.\d\d\b"), r"\1"),  # the drift behind an AUC: shown once pods were asked
    (re.compile(r" deleted from \S+ namespace$", re.MULTILINE), " deleted"),  # kubectl since 1.34
    (re.compile(r"[ \t]+"), " "),
)


def masked(text: str) -> str:
    """Lines without what differs between two runs."""
    for pattern, word in MASKS:
        text = pattern.sub(word, text)
    return "\n".join(line.strip() for line in text.strip().splitlines())


def belongings(kind, name):
    """What people have already when they read a page: a Service of their own, a Secret with the keys of their store."""
    metadata = {"name": name, "namespace": NAMESPACE, "uid": f"uid-{name}", "generation": 1}
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": metadata,
        "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]},
    }


def outcome(scripts, folder, story=stories.promoted):
    """Exit code, outputs and errors of blocks, after a story was told."""
    for name in ("crds", "charts"):
        shutil.copytree(ROOT / name, folder / name)

    async def tell():
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await story(cluster, leader)
            cluster.downtime_allowed = True  # a person may scale to nothing
            for resource, kind, name in (
                ("services", "Service", "scorer"),
                ("secrets", "Secret", "model-store"),
            ):
                cluster.api.put((resource, NAMESPACE, name), belongings(kind, name))
            ended = await run(leader, scripts, folder)
            await leader.march(10)  # what was asked for last is done too
            return (*ended, cluster)

    return asyncio.run(tell())


def blocks_of(page, section):
    """The blocks of one section."""
    return [block for block in serving(page) if block.section == section]


@pytest.mark.parametrize(("page", "section"), STORIES, ids=[f"{p.relative_to(ROOT)}-{n}" for p, n in STORIES])
def test_commands_run_and_show_what_the_page_says(page, section, tmp_path):
    blocks = blocks_of(page, section)
    code, outputs, errors, cluster = outcome([block.script for block in blocks], tmp_path)
    assert code == 0, f"{outputs}\n{errors}\n{cluster.status}"
    assert len(outputs) == len(blocks)
    if RENEW:
        renew(page, section, outputs)
    for block, output in zip(blocks_of(page, section), outputs, strict=True):
        if block.output is not None:
            assert masked(output) == masked(block.output), block.script


def renew(page, section, outputs):
    """Write what was seen behind each block that shows something."""
    text = page.read_text()
    for block, output in reversed(list(zip(blocks_of(page, section), outputs, strict=True))):
        if block.output is not None:
            start, end = block.span
            text = text[:start] + "\n".join(line.rstrip() for line in output.splitlines()) + "\n" + text[end:]
    page.write_text(text)


def test_a_command_that_fails_is_seen(tmp_path):
    code, outputs, errors, _ = outcome(["kubectl get leadmodel no-such"], tmp_path)
    assert (code, outputs) == (1, [])
    assert "NotFound" in errors


def test_another_output_is_seen():
    assert masked("conversion  True 5m") == masked("conversion True   8d")
    assert masked("conversion True 0.8000 0.03 5m") == masked("conversion True 0.8000   8d")
    assert masked('"a" deleted from sales namespace') == masked('"a" deleted')
    assert masked("conversion True") != masked("conversion False")
