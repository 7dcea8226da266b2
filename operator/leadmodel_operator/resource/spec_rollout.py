"""Steps in which a candidate takes over leads from the champion, before the Deployment rolls."""

from dataclasses import dataclass

from leadmodel_operator.resource.fields import Duration, doc


@dataclass(frozen=True, kw_only=True)
class RolloutStep:
    """A share of leads that the candidate answers, and for how long."""

    weight: int = doc("Share of leads that the candidate answers, in per cent.", minimum=1, maximum=100)
    for_: Duration = doc(
        "Time for which all ready pods must give the candidate that share.",
        default=Duration("10m"),
        minimum_s=10,
        maximum_s=604800,
    )


@dataclass(frozen=True, kw_only=True)
class RolloutPolicy:
    """How a candidate that passed takes over from the champion."""

    steps: tuple[RolloutStep, ...] = doc(
        "Steps of a canary, with rising weights: pods of the champion let the candidate answer a share of leads, the same people each "
        "time. If absent, a candidate that passed is rolled out at once.",
        default=(),
        max_items=10,
    )
