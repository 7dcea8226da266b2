"""The story of one demo: how far each step is and what happened. Screens show a story; none of them changes it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from leadmodel_local.demo.figures import Figures


@dataclass
class StepProgress:
    """How far one step is. `held` is None while the step waits or runs; `message` says what the step saw."""

    title: str
    began: float | None = None
    took: float | None = None
    held: bool | None = None
    message: str = ""


@dataclass
class Story:
    """All that a screen shows. `read_figures` asks the predictors and reads the state folder."""

    steps: tuple[StepProgress, ...]
    folder: str
    read_figures: Callable[[], Figures] = Figures
    events: list[tuple[float, str]] = field(default_factory=list)
    begin: float = field(default_factory=time.monotonic)

    def seconds(self) -> float:
        """Seconds since the story began."""
        return time.monotonic() - self.begin

    @property
    def all_held(self) -> bool:
        """Whether every step of the story held."""
        return all(step.held for step in self.steps)
