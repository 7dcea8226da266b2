"""Figures → Markdown tables, as they stand in docs/decisions.md."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from simulation import figures, gate
from simulation.cases import Case
from simulation.figures import Share
from simulation.noise import Count
from simulation.play import Outcome
from simulation.real import Month
from simulation.real_live import Candidates, lines
from simulation.slide import Slid

Found = Sequence[tuple[Case, list[Outcome]]]


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def percent(share: Share) -> str:
    low, high = share.interval
    return f"{share.yes} of {share.of} ({low:.0%}–{high:.0%})"


def _rare(share: Share) -> str:
    return f"{share.yes} of {share.of} (≤ {share.at_most:.1%})"


def _per(share: Share) -> str:
    return f"{share.value:.1%}"


def _where(case: Case) -> tuple[str, str]:
    return case.world, f"{case.rate:,}"


def calm(found: Found) -> str:
    def row(case: Case, outcomes: list[Outcome]) -> list[object]:
        days = figures.days(outcomes)
        looks, answered = sum(d.looks for d in days), sum(d.answered for d in days)
        false = Share(sum(len(o.rollbacks) for o in outcomes), len(days))
        return [
            *_where(case),
            len(days),
            _rare(false),
            figures.alarms(outcomes),
            sum(figures.lasting(d, 0.10) for d in days),
            f"{max(d.psi for d in days):.2f}",
            f"{answered / looks:.0%}",
            f"{figures.highest(outcomes):.1f}",
            _rare(figures.fired(outcomes)),
        ]

    head = [
        "world", "leads a day", "days", "false rollbacks (95 % bound a day)", "alerts at .25",
        "days with an hour over .10", "largest PSI", "looks with enough leads", "mean-shift score, largest",
        "days with it over 3",
    ]  # fmt: skip
    return table(head, (row(*one) for one in found))


def bad(found: Found) -> str:
    def row(case: Case, outcomes: list[Outcome]) -> list[object]:
        bad = figures.served(outcomes)
        late = figures.delays(bad)
        return [
            case.name,
            *_where(case),
            len(outcomes),
            len(outcomes) - len(bad),
            percent(figures.rolled_back(bad)),
            figures.median_and_most(late),
            f"{sum(h <= figures.WITHIN_H for h in late)} of {len(bad)}",
            f"{figures.highest(outcomes):.1f}",
            percent(figures.fired(outcomes)),
        ]

    head = [
        "tonight's training", "world", "leads a day", "nights", "stopped by the gate", "rolled back (95 % interval)",
        "hours from serving to rollback, median / most", "within sustainedFor + 3 h", "mean-shift score, largest",
        "days with it over 3",
    ]  # fmt: skip
    return table(head, (row(*one) for one in found))


def moves(found: Found) -> str:
    def row(case: Case, outcomes: list[Outcome]) -> list[object]:
        late = figures.said(outcomes)
        return [
            case.name,
            *_where(case),
            _rare(figures.rolled_back(outcomes)),
            percent(Share(len(late), len(outcomes))),
            figures.median_and_most(late),
            f"{figures.highest(outcomes):.1f}",
            _per(figures.fired(outcomes)),
        ]

    head = [
        "what changes", "world", "leads a day", "rolled back (95 % bound)", "alert (95 % interval)",
        "hours to the alert, median / most", "mean-shift score, largest", "days with it over 3",
    ]  # fmt: skip
    return table(head, (row(*one) for one in found))


def few(found: Found) -> str:
    def row(case: Case, outcomes: list[Outcome]) -> list[object]:
        days = figures.days(outcomes)
        looks, answered = sum(d.looks for d in days), sum(d.answered for d in days)
        sound = Share(sum(o.false_rollbacks for o in outcomes), len(days))
        bad, calm = any(play.bad for play in case.plays), "no drift" in case.name
        served = figures.served(outcomes)
        caught = percent(figures.rolled_back(served)) if bad else "–"
        late = figures.delays(served) if bad else [] if calm else figures.said(outcomes)
        said = "–" if bad else percent(Share(sum(bool(o.sustained) for o in outcomes), len(outcomes)))
        return [
            case.name,
            case.world,
            len(days),
            _rare(sound),
            f"{len(outcomes) - len(served)} of {len(outcomes)}" if bad else "–",
            caught,
            said,
            figures.median_and_most(late),
            f"{answered / looks:.0%}",
            percent(figures.refused(case, outcomes)),
            f"{figures.highest(outcomes):.1f}",
        ]

    head = [
        "200 leads a day", "world", "days", "false rollbacks (95 % bound a day)", "bad model stopped by the gate or held",
        "bad model rolled back", "plays with an alert", "hours, median / most", "looks with enough leads",
        "sound models refused, of nights", "mean-shift score, largest",
    ]  # fmt: skip
    return table(head, (row(*one) for one in found))


def lost(found: Found) -> str:
    def row(case: Case, outcomes: list[Outcome]) -> list[object]:
        days = figures.days(outcomes)
        bad = figures.served(outcomes)
        late = figures.delays(bad) if bad else [] if case.name == "no drift" else figures.said(outcomes)
        return [
            case.name,
            *_where(case),
            len(days),
            f"{sum(d.windows_lost for d in days) / len(days):.1f}",
            _rare(Share(sum(o.false_rollbacks for o in outcomes), len(days))),
            percent(figures.rolled_back(bad)) if bad else "–",
            percent(Share(sum(bool(o.sustained) for o in outcomes), len(outcomes))) if not bad else "–",
            figures.median_and_most(late),
            f"{figures.highest(outcomes):.1f}",
        ]

    head = [
        "windows lost", "world", "leads a day", "days", "windows lost a day", "false rollbacks (95 % bound a day)",
        "bad model rolled back", "plays with an alert", "hours, median / most", "mean-shift score, largest",
    ]  # fmt: skip
    return table(head, (row(*one) for one in found))


def again(found: Found) -> str:
    def row(case: Case, outcomes: list[Outcome]) -> list[object]:
        n = figures.nights(outcomes)
        twice = Share(sum(count == 2 for count in n.rollbacks), len(n.rollbacks))
        return [
            case.name,
            *_where(case),
            figures.median_and_most(n.first_h),
            "yes" if n.held else "no",
            percent(twice),
            percent(Share(sum(n.asked), len(n.asked))),
            n.served_after,
        ]

    head = [
        "every night", "world", "leads a day", "first rollback, hours after training, median / most",
        "nothing promoted for 24 h", "exactly two rollbacks in 8 nights", "a person is asked after",
        "bad models that served after that",
    ]  # fmt: skip
    return table(head, (row(*one) for one in found))


back = moves


def live(found: Found) -> str:
    """Plays with the live gate; a case of the same name without it stands right after and gives the columns of today."""

    def row(case: Case, outcomes: list[Outcome], without: list[Outcome]) -> list[object]:
        bad = [asked for o in outcomes for asked in o.asked if asked.bad]
        sound = [asked for o in outcomes for asked in o.asked if not asked.bad]
        served = figures.served(without)
        seen = [asked.psi for asked in bad if asked.refused and asked.psi is not None]
        return [
            case.name,
            *_where(case),
            percent(Share(sum(asked.refused for asked in bad), len(bad))) if bad else "–",
            f"{min(seen):.2f}" if seen else "–",
            f"{max(asked.minutes for asked in bad):.0f}" if bad else "–",
            f"{len(served)} of {len(without)}" if without else "–",
            percent(figures.rolled_back(served)) if served else "–",
            figures.median_and_most(figures.delays(served)),
            _rare(Share(sum(asked.refused for asked in sound), len(sound))),
            f"{max((asked.psi or 0.0 for asked in sound), default=0.0):.2f}",
        ]

    head = [
        "with the live gate", "world", "leads a day", "bad model refused before it answers (95 % interval)",
        "its smallest PSI", "minutes asked, most", "without: it serves", "without: rolled back (95 % interval)",
        "without: hours until then, median / most", "sound models refused, of nights (95 % bound)",
        "their largest PSI",
    ]  # fmt: skip
    rows = []
    for case, outcomes in found:
        if case.plays[0].live:
            twin = next((o for c, o in found if not c.plays[0].live and _same(c, case)), [])
            rows.append(row(case, outcomes, twin))
    return table(head, rows)


def _same(one: Case, other: Case) -> bool:
    return (one.name, one.world, one.rate) == (other.name, other.world, other.rate)


# --- the gate ----------------------------------------------------------------------------------------------------------------


def alone(rows: Sequence[tuple[int, float, gate.Passed, gate.Passed]]) -> str:
    def row(size: int, cells) -> list[object]:
        expected = gate.EXPECTED.get(size)
        shown = []
        for place, (_, _, plain, whole) in enumerate(cells):
            noted = f" (noted: {expected[place]:.2f})" if expected else ""
            shown.append(f"{plain.share:.2f}{noted}, {whole.share:.2f}")
        return [f"{size:,} ({size // 10})", *shown]

    head = ["holdout rows (positives)", *(f"true AUC {area:.2f}" for area in gate.AREAS)]
    return table(head, (row(size, list(cells)) for size, cells in groupby(rows, key=lambda r: r[0])))


def paired(rows: Sequence[tuple[int, float, gate.Passed]]) -> str:
    def cell(passed: gate.Passed) -> str:
        low, high = Share(passed.yes, passed.of).interval
        return f"{passed.share:.1%} ({low:.1%}–{high:.1%})"

    shown = (-0.05, -0.03, -0.02, -0.01, 0.0, 0.01)
    grouped = {size: {d: p for _, d, p in cells} for size, cells in groupby(rows, key=lambda r: r[0])}
    head = ["positives in the holdout", *(f"true difference {d:+.2f}" for d in shown)]
    return table(head, ([size, *(cell(cells[d]) for d in shown)] for size, cells in grouped.items()))


def slid(found: Mapping[int, Sequence[Slid]], step: float) -> str:
    def row(positives: int, all_: Sequence[Slid]) -> list[object]:
        last = [slid.last for slid in all_]
        return [
            positives,
            len(all_),
            f"{sorted(last)[len(last) // 2]} / {max(last)}",
            percent(Share(sum(night < 6 for night in last), len(last))),
            f"{max(slid.lost for slid in all_):.3f}",
        ]

    head = [
        "positives in the holdout", "slides", "last night on which a worse model was promoted, median / most",
        "stopped by night 6", f"AUC lost at most (a night costs {-step:g})",
    ]  # fmt: skip
    return table(head, (row(*one) for one in found.items()))


def real(months: Sequence[Month]) -> str:
    """Real leads: months in which nothing could be trained, and months that repeat them, are one line."""

    def row(month: Month) -> list[object]:
        return [
            month.name,
            f"{month.rate:.0%}",
            month.training,
            _two(month.auc),
            _two(month.previous_auc),
            f"{_two(month.psi)} {month.feature}".strip(),
            _two(month.previous_psi),
            month.alerts,
            "yes" if month.rolled_back else "no",
            f"{month.seed:.1f}",
        ]

    head = [
        "month", "converted", "training on the first", "live AUC of the champion", "of the previous", "largest PSI",
        "previous model then", "alerts", "rolled back", "mean-shift score, largest",
    ]  # fmt: skip
    return table(head, map(row, months))


def real_live(found: Sequence[Candidates]) -> str:
    """Which candidates live leads refused on real leads, by what their training was, and what they were worth later."""
    head = [
        "training", "candidates", "refused by live leads", "PSI of the feature that decided",
        "AUC on the next 1,000 leads of refused ones, minus the champion's", "of the others",
    ]  # fmt: skip
    return table(head, lines(found))


def _two(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


# --- windows without drift ---------------------------------------------------------------------------------------------------


def windows(
    counts: Mapping[tuple[str, str, str], Count], ways: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """What the code does by group, then all ways side by side."""

    def row(way: str, group: str) -> list[object]:
        calm, moved = counts[way, "calm", group], counts.get((way, "shifted", group), Count())
        return [
            f"{calm.windows:,}",
            f"{calm.large / calm.windows:.3%}",
            f"{calm.breached} ({Share(calm.breached, calm.windows).at_most:.3%})",
            f"{calm.worst:.1%}",
            f"{calm.warned / calm.windows:.2%}",
            f"{moved.breached / max(1, moved.windows):.0%}",
        ]

    last = list(ways)[-1]
    groups = sorted({group for way, _, group in counts if way == last}, key=_order)
    head = [
        "windows without drift", "PSI ≥ .25", "breaches (95 % bound)", "worst cell", "PSI ≥ .10", "a shift is found",
    ]  # fmt: skip
    yield "windows", table(["where", *head], ([group, *row(last, group)] for group in groups))
    yield (
        "ways",
        table(["how PSI is computed", *head], ([said, *row(way, "all")] for way, said in ways.items())),
    )


def _order(group: str) -> tuple[int, str]:
    return (0 if group == "all" else 1, f"{len(group.split()):02d} {group}")
