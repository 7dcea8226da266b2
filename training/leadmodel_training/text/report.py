"""The report of a training as lines for people; in JSON it is what `training.learn` gives."""

from collections.abc import Iterator, Mapping
from typing import Any

from leadmodel_training.text.training import INTENT, URGENCY


def lines(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield one line per figure that people decide by, pooled figures beside those of a source that was left out."""
    if INTENT in report:
        yield from _intent(report[INTENT])
    if URGENCY in report:
        yield from _urgency(report[URGENCY])


def _intent(part: Mapping[str, Any]) -> Iterator[str]:
    yield f"intent: {sum(part['classes'].values())} messages, {len(part['classes'])} classes, {part['features']} features"
    if part["unlabelled_left_out_as_labelled"]:
        yield f"intent: {part['unlabelled_left_out_as_labelled']} of {part['unlabelled']} unlabelled messages are left out, as they are labelled ones"
    yield f"intent, out of fold: {_figures(part['pooled'])}"
    for source, figures in part["source_left_out"].items():
        yield f"intent, source {source!r} left out: {_figures(figures)}"
    if not part["source_left_out"]:
        yield "intent, source left out: not measured, the messages name one source; expect less on messages of another"
    if not part["calibration"]["reached"]:
        yield f"intent: a precision of {part['precision_wanted']} is not reached; the model answers where it is surest"
    if not part["background"]:
        yield "intent: no background is given, so nothing is refused as out of scope"
    for name, figures in part["by_class"].items():
        yield f"intent {name}: F1 {figures['f1']:.2f}, answered {figures['coverage']:.0%}, precision {_share(figures['precision'])}"


def _urgency(part: Mapping[str, Any]) -> Iterator[str]:
    yield f"urgency: {part['messages']} messages, {part['urgent']} urgent, {part['features']} features"
    groups = {"out of fold": part["pooled"]}
    groups |= {f"source {source!r} left out": figures for source, figures in part["source_left_out"].items()}
    for name, figures in groups.items():
        yield f"urgency, {name}: AUC {figures['auc']:.3f}, F1 {figures['f1']:.2f}, Brier {figures['brier']:.3f}"


def _figures(figures: Mapping[str, Any]) -> str:
    text = (
        f"macro-F1 {figures['macro_f1']:.3f}, answered {figures['coverage']:.0%}, "
        f"precision {_share(figures['precision'])}, ECE {figures['ece']:.3f}"
    )
    if figures["scope_auroc"] is None:
        return text
    return f"{text}, scope AUROC {figures['scope_auroc']:.3f}, background refused {figures['background_refused']:.0%}"


def _share(value: float | None) -> str:
    return "none" if value is None else f"{value:.0%}"
