"""The detector: texts a second against Presidio, what is found and what is wrongly found, and the worst texts we know.

    python bench/privacy.py [--rounds N] [--texts N] [--no-peer]

Both run in turn, on the same texts, one core each, CPU time. Presidio runs without a spaCy model (its fastest way: with one it is slower
and finds names): with all its recognizers, and trimmed to eight entities. Its environment is kept in the cache folder.
"""

import argparse
import hashlib
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests"), str(HERE.parent / "tests" / "privacy")]

from serving.machine import CACHE  # noqa: E402
from test_detect_limits import LENGTH, WORST  # noqa: E402

from leadmodel_privacy.configuration import NAME_LEVELS, Config  # noqa: E402
from leadmodel_privacy.detect import Detector  # noqa: E402
from leadmodel_privacy.name_tagger import tagger  # noqa: E402
from leadmodel_privacy.name_tokens import UNLISTED  # noqa: E402
from support.privacy_names import Chat, read  # noqa: E402
from support.privacy_names import score as name_score  # noqa: E402
from support.privacy_score import Score, score  # noqa: E402
from support.privacy_texts import STRUCTURED, Message, heavy, mixed  # noqa: E402

PEER = HERE / "peers" / "presidio"
UNSETTLED = "12 34 56 78 90 "  # a number behind each number that was taken: the passes end at their limit
GOALS = {"PII-heavy": 10, "80/15/5 mix": 20}


def environment() -> Path:
    """Presidio's environment, made when it is not there. Raises CalledProcessError."""
    files = [PEER / "requirements.txt", PEER / "sentences.txt"]
    wanted = b"".join(file.read_bytes() for file in files) + sys.version.encode()
    folder = CACHE / f"presidio-{hashlib.sha256(wanted).hexdigest()[:12]}"
    if (folder / "complete").exists():
        return folder
    print(f"installing Presidio into {folder}", file=sys.stderr, flush=True)
    uv = str(Path(sys.executable).with_name("uv"))
    install = [
        uv,
        "pip",
        "install",
        "--quiet",
        "--python",
        str(folder / "bin" / "python"),
        "--require-hashes",
    ]
    subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)], check=True)
    subprocess.run([*install, "--requirement", str(files[0])], check=True)
    subprocess.run([*install, "--no-deps", "--requirement", str(files[1])], check=True)
    (folder / "complete").touch()
    return folder


class Presidio:
    """A running peer."""

    def __init__(self, child: subprocess.Popen[str]) -> None:
        self._child = child
        self._child.stdout.readline()

    def ask(self, what: str, name: str, engine: str):
        """What the peer answers."""
        self._child.stdin.write(f"{what} {name} {engine}\n")
        self._child.stdin.flush()
        return json.loads(self._child.stdout.readline())


@contextmanager
def presidio(sets: dict[str, list[str]]) -> Iterator[Presidio]:
    """Presidio with these texts."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sets.json"
        file.write_text(json.dumps(sets))
        program = [str(environment() / "bin" / "python"), str(PEER / "app.py"), str(file)]
        env = {"TLDEXTRACT_CACHE": folder, "PATH": "/usr/bin:/bin"}
        pipe = subprocess.PIPE
        child = subprocess.Popen(
            program, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, env=env
        )
        try:
            yield Presidio(child)
        finally:
            child.stdin.close()
            child.wait(10)


def timed(work, texts: list[str]) -> float:
    """CPU seconds for all texts."""
    started = time.process_time()
    for text in texts:
        work(text)
    return time.process_time() - started


def speed(sets: dict[str, list[str]], rounds: int, *, peer: bool) -> None:
    """Print texts a second and ratios."""
    detector = Detector()
    names = {"heavy": "PII-heavy", "mix": "80/15/5 mix"}
    print(
        f"{'set':13} {'what':18} {'min':>8} {'median':>8} {'max':>8} texts/s   detect is ×: min, median, max"
    )
    with presidio(sets) if peer else no_peer() as other:
        for name, title in names.items():
            texts = sets[name]
            runs: dict[str, list[float]] = {}
            for _ in range(rounds):
                runs.setdefault("detect", []).append(timed(detector.detect, texts))
                runs.setdefault("redact (to rest)", []).append(timed(detector.redact, texts))
                for engine in ("all", "trimmed") if other else ():
                    runs.setdefault(f"Presidio {engine}", []).append(other.ask("speed", name, engine))
            for what, took in runs.items():
                rates = sorted(len(texts) / t for t in took)
                ratios = sorted(theirs / ours for theirs, ours in zip(took, runs["detect"], strict=True))
                line = f"{title:13} {what:18} {rates[0]:8,.0f} {statistics.median(rates):8,.0f} {rates[-1]:8,.0f}"
                print(f"{line}           {ratios[0]:.1f} {statistics.median(ratios):.1f} {ratios[-1]:.1f}")
            print(f"{'':13} goal: at least {GOALS[title]} × Presidio")


@contextmanager
def no_peer() -> Iterator[None]:
    """Nobody to compare with."""
    yield None


def others(count: int, part: str) -> list[Message]:
    """Messages written by others, fresh."""
    program = [str(environment() / "bin" / "python"), str(PEER / "others.py"), str(count), "31", part]
    lines = subprocess.run(program, capture_output=True, text=True, check=True).stdout.splitlines()
    found = []
    for line in map(json.loads, lines):
        fields = [tuple(field) for field in line["fields"]]
        truth = tuple(field for field in fields if field[2])
        found.append(Message(line["text"], truth, tuple(field[:2] for field in fields if not field[2])))
    return found


def show(title: str, found: Score) -> None:
    """One row of the table of what is found."""
    structured = found.recall(STRUCTURED)
    print(
        f"{title:44} {structured:10.4f} {found.recall():8.4f} {found.precision:9.4f} {found.decoys_hit:7.4f}"
    )


def quality(count: int, *, peer: bool) -> None:
    """Print recall and precision; the peer sees the same messages."""
    corpora = {"own": heavy(4711, count)}
    if peer:
        corpora["others"] = others(count, "all")
    print(
        f"{'recall, precision, decoys altered':44} {'structured':>10} {'all':>8} {'precision':>9} {'decoys':>7}"
    )
    detector = Detector()
    for name, messages in corpora.items():
        show(f"{name}: detector", score(messages, detector.detect))
    if not peer:
        return
    with presidio({name: [m.text for m in messages] for name, messages in corpora.items()}) as other:
        for name, messages in corpora.items():
            spans = dict(zip((m.text for m in messages), other.ask("spans", name, "all"), strict=True))
            show(f"{name}: Presidio, all, score of 0.4 or more", score(messages, spans.__getitem__))


def names(folder: str) -> None:
    """Print how many names each level finds, in the messages of a folder in seven languages, and what it costs."""
    chats, invented, nobody = (list(read(f"{folder}{file}.txt")) for file in ("chats", "invented", "nobody"))
    texts = [m.text for m in mixed(1, 1000)]
    print(
        f"{'names':10} {'cased':>7} {'precision':>9} {'small':>7} {'precision':>9} {'unlisted':>8} {'invented':>8} {'small':>7} {'altered':>8} {'mix, texts/s':>13}"
    )
    for level in NAME_LEVELS:
        detect = Detector(Config(names=level)).detect
        cased, small = name_score(chats, detect), name_score([chat.lower for chat in chats], detect)
        strange = name_score(unlisted(chats), detect)
        made, made_small = name_score(invented, detect), name_score([chat.lower for chat in invented], detect)
        altered = sum(bool(detect(chat.text)) for chat in nobody) / len(nobody)
        rate = len(texts) / min(timed(detect, texts) for _ in range(3))
        print(
            f"{level:10} {cased.recall:7.3f} {cased.precision:9.3f} {small.recall:7.3f} {small.precision:9.3f} {strange.recall:8.3f} {made.recall:8.3f} {made_small.recall:7.3f} {altered:8.3f} {rate:13,.0f}"
        )


def unlisted(chats: list[Chat]) -> list[Chat]:
    """The messages with the names of which no part is a listed name."""
    code = tagger().lexicon.code
    return [
        Chat(chat.language, chat.text, (place,))
        for chat in chats
        for place in chat.names
        if not any(
            code(word) < UNLISTED and code(word) & 15
            for word in chat.text[place[0] : place[1]].lower().replace("-", " ").split()
        )
    ]


def worst() -> None:
    """Print the slowest texts of 20,000 characters."""
    detector = Detector()
    took = []
    for unit in (*WORST, UNSETTLED):
        text = (unit * LENGTH)[:LENGTH]
        took += [
            (min(timed(detector.redact, [t]) for _ in range(3)), t[:24])
            for t in (text, f"call {text}"[:LENGTH])
        ]
    took.sort(reverse=True)
    print(
        f"worst texts of {LENGTH:,} characters, s (goal: 1 at most):",
        ", ".join(f"{s:.2f} {t!r}" for s, t in took[:4]),
    )


def main() -> None:
    """Print all tables."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--texts", type=int, default=600)
    p.add_argument("--no-peer", action="store_true", help="only our own figures")
    given = p.parse_args()
    peer = not given.no_peer
    if peer and shutil.which("uv") is None and not Path(sys.executable).with_name("uv").exists():
        sys.exit(
            "bench/privacy.py: needs uv for Presidio's environment: run `make install`, or pass --no-peer"
        )
    sets = {"heavy": [m.text for m in heavy(1, given.texts)], "mix": [m.text for m in mixed(1, given.texts)]}
    speed(sets, given.rounds, peer=peer)
    quality(given.texts * 5, peer=peer)
    names("")
    names("second/")
    worst()


if __name__ == "__main__":
    main()
