"""What text features cost a POST /predict: a model without them, the same model with the intent of `sales-en`, and an older release beside both.

The work of a request from its bytes to the bytes of the answer, without sockets, as in bench/inprocess.py. Each server is a process of its
own; rounds are interleaved, and a round is the processor's time of 1,000 requests, 16 connections in turn. The texts are the messages of
training/sales_en of 42 to 62 characters. Instructions and C calls are counted, too, which no load disturbs: equal counts are equal work.

    python bench/text_features.py [--rounds N] [--old FOLDER]    # FOLDER: a checkout of an older release
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from serving.counts import COUNTED
from serving.figures import against, goal, spread, table
from serving.machine import describe
from serving.models import made

from leadmodel_artifact.artifact import dump, load
from leadmodel_artifact.compiler import make_scorer
from leadmodel_artifact.lead import lead_values
from leadmodel_artifact.model import (
    HEADS,
    TEXT_SCHEMA,
    Artifact,
    Example,
    Feature,
    FeatureKind,
    Linear,
    TextModel,
)
from leadmodel_artifact.snapshot import digest
from leadmodel_text.files import dump as dump_text
from leadmodel_text.files import load as load_text

MESSAGES = Path(__file__).parent.parent / "training" / "sales_en" / "messages.jsonl"
REQUESTS = 1008
OLD, WITHOUT, INTENT, ALL = "older release", "without text features", "with text_intent", "with four heads"


def with_texts(bare: Artifact, kinds: Sequence[FeatureKind]) -> Artifact:
    """The linear model with features of `details` that `sales-en` gives, each with a small weight."""
    shipped = files("leadmodel_training.text").joinpath("sales_en.json.gz").read_bytes()
    model = TextModel(load_text(shipped))
    name = digest(dump_text(model.document))
    features = [
        Feature(
            f"details_{HEADS[kind]}",
            kind,
            "details",
            levels=getattr(getattr(model.document, HEADS[kind]), "classes", ()),
            text_model=name,
        )
        for kind in kinds
    ]
    width = sum(len(feature.levels) + 1 if feature.is_category else 1 for feature in features)
    assert isinstance(bare.model, Linear)
    more = replace(bare.model, coefficients=(*bare.model.coefficients, *[0.1] * width))
    changed = replace(
        bare, features=(*bare.features, *features), model=more, schema=TEXT_SCHEMA, text_models={name: model}
    )
    scorer = make_scorer(changed)
    examples = [Example(e.lead, scorer(*lead_values(changed, e.lead))) for e in bare.examples]
    return replace(changed, examples=tuple(examples))


def leads(count: int) -> list[dict[str, object]]:
    """Leads of a caller, with messages in an order of their own."""
    rows = [json.loads(line)["text"] for line in MESSAGES.read_text().splitlines()]
    texts = [text for text in rows if 42 <= len(text) <= 62]
    random.Random(1).shuffle(texts)
    at = "2026-01-05T08:30:00+00:00"
    more = {"source": "web", "industry": "industry-01", "country": "DE", "staff": 40, "visits": 3}
    return [{"created_at": at, "details": texts[i % len(texts)], **more} for i in range(count)]


def start(
    artifact: Path, sent: Path, old: str | None = None, program: str = "turns.py", flags: Sequence[str] = ()
) -> "subprocess.Popen[str]":
    """Start a server's process with more flags, and with the packages of an older checkout where one is given."""
    here = Path(__file__).parent
    older = [Path(old) / part for part in ("contract", "predictor")] if old else []
    paths = [here, *older, *filter(None, [os.environ.get("PYTHONPATH")])]
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths))}
    command = [sys.executable, str(here / "serving" / program), str(artifact), str(sent), *flags]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ)


def ask(process: "subprocess.Popen[str]") -> float:
    """One round of a server."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return float(process.stdout.readline())


def measure(artifacts: dict[str, Path], sent: Path, old: str | None, rounds: int) -> dict[str, list[float]]:
    """Interleaved rounds of all servers, in turns that begin with another one each."""
    processes = {name: start(path, sent, old if name == OLD else None) for name, path in artifacts.items()}
    times_of: dict[str, list[float]] = {name: [] for name in processes}
    names = list(processes)
    for number in range(-2, rounds):  # the first rounds warm up
        for name in names[number % len(names) :] + names[: number % len(names)]:
            took = ask(processes[name])
            if number >= 0:
                times_of[name].append(took)
    for process in processes.values():
        process.communicate()
    return times_of


def count(artifacts: dict[str, Path], sent: Path, old: str | None) -> str:
    """A table of instructions and C calls of a request, and which functions differ from the older release."""
    counts_of: dict[str, dict[str, int]] = {}
    for name, path in artifacts.items():
        answer, _ = start(path, sent, old if name == OLD else None, "counts.py").communicate()
        counts_of[name] = json.loads(answer)
    rows = []
    for name, counts in counts_of.items():
        totals = [
            sum(n for what, n in counts.items() if what.startswith(event)) for event in ("opcode", "c_call")
        ]
        base = counts_of[OLD if OLD in counts_of else WITHOUT]
        differ = sum(counts.get(what) != base.get(what) for what in {*counts, *base})
        rows.append([name, *(f"{total / COUNTED:.2f}" for total in totals), str(differ)])
    return table(["model", "instructions a request", "C calls", "functions that differ from the first"], rows)


def main() -> None:
    """Print the processor time of a request per model, and whether the goals are met."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rounds", type=int, default=31)
    p.add_argument("--old", help="a checkout of an older release")
    given = p.parse_args()
    bare = load(made().champion.read_bytes())
    with tempfile.TemporaryDirectory() as folder:
        models = {
            WITHOUT: bare,
            INTENT: with_texts(bare, [FeatureKind.TEXT_INTENT]),
            ALL: with_texts(bare, list(HEADS)),
        }
        paths = {name: Path(folder) / f"{i}.json" for i, name in enumerate(models)}
        for name, path in paths.items():
            path.write_bytes(dump(models[name]))
        if given.old:
            paths = {OLD: paths[WITHOUT], **paths}
        sent = Path(folder) / "leads.json"
        sent.write_text(json.dumps(leads(REQUESTS)))
        print(count(paths, sent, given.old), "\n")
        times_of = measure(paths, sent, given.old, given.rounds)
    report(times_of, given.rounds)


def report(times_of: dict[str, list[float]], rounds: int) -> None:
    """Print the figures and the goals."""
    base = times_of[WITHOUT]
    rows = [
        [name, spread(times).show(1), against(times, base, lambda time, other: time - other).show(1)]
        for name, times in times_of.items()
    ]
    print(f"{describe()}; load {os.getloadavg()[0]:.1f}; {rounds} rounds: median (least to most)\n")
    print(table(["model", "CPU µs a request", "over the one without"], rows), "\n")
    least = {name: min(times) for name, times in times_of.items()}  # what disturbs a round only adds to it
    goals = [goal("text_intent, µs a request", least[INTENT] - least[WITHOUT], below=45)]
    if OLD in times_of:
        goals.append(goal("without text features / older release", least[WITHOUT] / least[OLD], below=1.02))
    print(table(["goal", "wanted", "least", ""], goals))


if __name__ == "__main__":
    main()
