"""What belongs to one LeadModel besides its document, in the same words for a cluster and for one machine: pods and Jobs."""

from dataclasses import dataclass
from enum import StrEnum


class Mood(StrEnum):
    """How a line of a view is meant, so that symbols and colours say the same everywhere."""

    PLAIN = ""
    GOOD = "good"
    WAITING = "waiting"  # something runs, nothing is wrong
    WARNING = "warning"  # a person should look, and leads are answered
    BAD = "bad"
    PAUSED = "paused"


@dataclass(frozen=True)
class Pod:
    """A predictor: the digest it was started with, where it listens, and its state in a few words."""

    name: str
    champion: str | None
    place: str  # such as "port 8080" or "node a"
    state: str
    mood: Mood = Mood.PLAIN
    restarts: int = 0


@dataclass(frozen=True)
class Job:
    """A Job with its state in a few words."""

    name: str
    state: str
    mood: Mood = Mood.PLAIN


@dataclass(frozen=True)
class Children:
    """What belongs to one LeadModel: predictors by name, Jobs newest first."""

    pods: tuple[Pod, ...] = ()
    jobs: tuple[Job, ...] = ()
