"""What a client of /metrics accepts, as its headers say: OpenMetrics or the text format of Prometheus, packed with gzip or not."""

OPENMETRICS, TEXT = "application/openmetrics-text", "text/plain"


def wants_openmetrics(accept: str) -> bool:
    """Whether an Accept header ranks OpenMetrics at least as high as the text format."""
    weights = _weights(accept)
    weight = weights.get(OPENMETRICS, 0.0)
    return weight > 0 and weight >= weights.get(TEXT, 0.0)


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding header allows gzip; an absent header does not."""
    weights = _weights(accept_encoding)
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _weights(header: str) -> dict[str, float]:
    """Names of a header with their weights from 0 to 1; a weight that is no number counts as 0."""
    weights: dict[str, float] = {}
    for part in header.lower().split(","):
        name, *parameters = (text.strip() for text in part.split(";"))
        given = [
            text.partition("=")[2].strip() for text in parameters if text.partition("=")[0].strip() == "q"
        ]
        weights[name] = max(_number(given[0]) if given else 1.0, weights.get(name, 0.0))
    return weights


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
