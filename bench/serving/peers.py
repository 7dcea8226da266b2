"""Other ways to serve the same model, each with its own packages in its own virtual environment, made on first use.

The environments are kept in the cache folder, from files with hashes; where one cannot be made, that peer is left out with a sentence.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from serving.machine import CACHE
from serving.models import Lead, as_json
from serving.servers import Kind, of_leadmodel

from leadmodel_artifact.artifact import load
from leadmodel_artifact.model import FeatureKind

PEERS = Path(__file__).parents[1] / "peers"


@dataclass(frozen=True)
class Peer:
    """A peer: its folder, its name in tables, and how to talk to it."""

    folder: str
    name: str
    path: str = "/predict"
    batch_path: str = "/predict/batch"
    many: Callable[[Path], Callable[[Sequence[Lead]], bytes]] = lambda _model: as_json
    one: Callable[[Path], Callable[[Lead], bytes]] = lambda _model: as_json
    scores: Callable[[Any], list[float]] = of_leadmodel
    pipeline: bool = True


def _instances(_model: Path) -> Callable[[Sequence[Lead]], bytes]:
    return lambda leads: as_json({"instances": list(leads)})


def _tensors(model: Path) -> Callable[[Sequence[Lead]], bytes]:
    """Protocol V2: one tensor a column."""
    features = load(model.read_bytes()).features

    def encode(leads: Sequence[Lead]) -> bytes:
        inputs = [_tensor(f.name, f.kind, [lead[f.source] for lead in leads]) for f in features]
        return as_json({"inputs": inputs, "outputs": [{"name": "predict_proba"}]})

    return encode


def _tensor(name: str, kind: FeatureKind, found: list[Any]) -> dict[str, Any]:
    shape = [len(found), 1]
    match kind:
        case FeatureKind.CATEGORICAL:
            return {
                "name": name,
                "shape": shape,
                "datatype": "BYTES",
                "data": found,
                "parameters": {"content_type": "str"},
            }
        case FeatureKind.TEXT_LENGTH:
            found = [float(len(text)) for text in found]
        case FeatureKind.HOUR_OF_DAY:
            found = [float(datetime.fromisoformat(at).astimezone(UTC).hour) for at in found]
        case FeatureKind.NUMERIC:
            pass
    return {"name": name, "shape": shape, "datatype": "FP64", "data": found}


def _alone(
    many: Callable[[Path], Callable[[Sequence[Lead]], bytes]],
) -> Callable[[Path], Callable[[Lead], bytes]]:
    def prepare(model: Path) -> Callable[[Lead], bytes]:
        encode = many(model)
        return lambda lead: encode([lead])

    return prepare


def _of_kserve(answer: Any) -> list[float]:
    found: list[float] = answer["predictions"]
    return found


def _of_mlserver(answer: Any) -> list[float]:
    found: list[float] = answer["outputs"][0]["data"]
    return found[1::2]  # both classes in turn


V1, V2 = "/v1/models/leads:predict", "/v2/models/leads/infer"
ALL = (
    Peer("coefficients", "FastAPI, same coefficients", pipeline=False),
    Peer("dataframe", "FastAPI, scikit-learn"),
    Peer("kserve", "KServe", V1, V1, _instances, _alone(_instances), _of_kserve),
    Peer("mlserver", "MLServer", V2, V2, _tensors, _alone(_tensors), _of_mlserver),
)


def environment(peer: Peer) -> Path:
    """Where the peer's Python is, or will be."""
    wanted = (PEERS / peer.folder / "requirements.txt").read_bytes() + sys.version.encode()
    return CACHE / f"{peer.folder}-{hashlib.sha256(wanted).hexdigest()[:12]}"


def python(peer: Peer) -> Path:
    """The peer's Python."""
    return environment(peer) / "bin" / "python"


def installed(peer: Peer) -> bool:
    """Whether the peer's packages are there."""
    return (environment(peer) / "complete").exists()


def install(peer: Peer) -> None:
    """Make the environment. Raises CalledProcessError."""
    if installed(peer):
        return
    print(f"installing {peer.name} into {environment(peer)}", file=sys.stderr, flush=True)
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if beside.exists() else shutil.which("uv") or "uv"
    needed = PEERS / peer.folder / "requirements.txt"
    _run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(environment(peer)))
    _run(
        uv,
        "pip",
        "install",
        "--quiet",
        "--python",
        str(python(peer)),
        "--require-hashes",
        "--requirement",
        str(needed),
    )
    (environment(peer) / "complete").touch()


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)


def kind(peer: Peer, model: Path) -> Kind:
    """The peer as a server of this model; its pipeline is written beside the model first."""
    program = [str(python(peer)), str(PEERS / peer.folder / "app.py")]
    files = [str(model)]
    if peer.pipeline:
        mark = hashlib.sha256(model.read_bytes() + (PEERS / "pipeline.py").read_bytes()).hexdigest()[:12]
        made = environment(peer) / f"{mark}.joblib"
        if not made.exists():
            _run(str(python(peer)), str(PEERS / "pipeline.py"), str(model), str(made))
        files.append(str(made))
    return Kind(
        peer.name,
        lambda port: [*program, str(port), *files],
        peer.path,
        peer.batch_path,
        peer.one(model),
        peer.many(model),
        peer.scores,
    )


def kinds(wanted: str, model: Path) -> list[Kind]:
    """The peers asked for (all, none, or names of folders), without those that cannot be installed here."""
    chosen = [peer for peer in ALL if wanted == "all" or peer.folder in wanted.split(",")]
    found = []
    for peer in chosen:
        try:
            install(peer)
            found.append(kind(peer, model))
        except (subprocess.CalledProcessError, OSError) as error:
            why = (getattr(error, "stderr", "") or str(error)).strip().splitlines()[-1:]
            print(
                f"{peer.name} is left out: its packages cannot be installed here ({' '.join(why)})",
                file=sys.stderr,
            )
    return found


def names(text: str) -> str:
    """Checks an argument: all, none, or names of folders."""
    known = {"all", "none", *(peer.folder for peer in ALL)}
    if wrong := set(text.split(",")) - known:
        raise argparse.ArgumentTypeError(
            f"{', '.join(sorted(wrong))}: choose among {', '.join(sorted(known))}"
        )
    return text
