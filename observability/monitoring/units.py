"""Figures as Grafana writes them: a value with the unit of its panel."""

SECONDS = ((86_400.0, "d"), (3600.0, "h"), (60.0, "min"))
BYTES = ((2.0**30, "GiB"), (2.0**20, "MiB"), (2.0**10, "KiB"))
COUNTS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
SUFFIXES = {"h": " h", "reqps": " req/s", "ops": " ops/s"}


def shown(value: float, unit: str = "short", decimals: int | None = None) -> str:
    """A value with its unit: seconds and bytes in the largest unit that leaves one or more, shares in per cent."""
    if value != value:  # noqa: PLR0124  # NaN
        return "NaN"
    if unit == "percentunit":
        return f"{_digits(100 * value, decimals)} %"
    if unit == "s" and 0 < abs(value) < 1:
        return f"{_digits(1000 * value, decimals)} ms"
    for size, name in {"s": SECONDS, "bytes": BYTES, "short": COUNTS}.get(unit, ()):
        if abs(value) >= size and not (unit == "short" and abs(value) < 1e4):
            return f"{_digits(value / size, decimals)} {name}"
    return _digits(value, decimals) + {"s": " s", "bytes": " B"}.get(unit, SUFFIXES.get(unit, ""))


def _digits(value: float, decimals: int | None) -> str:
    """A number with this many decimals; without a wish, with three digits and no zeros behind the point."""
    if decimals is not None:
        return f"{value:.{decimals}f}"
    if value == round(value):
        return f"{value:.0f}"
    places = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{places}f}" if abs(value) >= 0.01 else f"{value:.2g}"
