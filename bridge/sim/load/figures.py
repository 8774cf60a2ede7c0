"""Many values in a few numbers."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

QUANTILES: Final = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0)
BUCKETS: Final = 40


def spread(values: ArrayLike) -> dict[str, Any] | None:
    """Percentiles and a histogram; None where there is nothing to tell of."""
    found = np.asarray(values, dtype=np.float64)
    if not len(found):
        return None
    p50, p90, p99 = (round(float(each), 3) for each in np.percentile(found, (50, 90, 99)))
    top = float(np.percentile(found, 99.5))
    edges = np.linspace(min(0.0, float(found.min())), max(top, 1e-3), BUCKETS + 1)
    counts, _ = np.histogram(np.minimum(found, edges[-1]), edges)
    return {
        "count": len(found),
        "mean": round(float(found.mean()), 3),
        "p50": p50,
        "p90": p90,
        "p99": p99,
        "max": round(float(found.max()), 3),
        "quantiles": [[q, round(float(np.quantile(found, q)), 3)] for q in QUANTILES],
        "histogram": [
            [round(float(edge), 3), int(count)]
            for edge, count in zip(edges[1:], counts, strict=True)
        ],
    }


def p99(values: Sequence[float]) -> float | None:
    return float(np.percentile(np.asarray(values), 99)) if len(values) else None
