"""The design of the low-pass in ``telcodecs.lowpass``; run as a script it prints the table.

Complex Chebyshev approximation with unequal look-ahead and history: in the passband the
response stays within a small disc around 1 (so gain *and* phase are held, and the filter is
time-aligned without being symmetric), in the stopband its largest magnitude is as small as
can be. Discs are convex, so this is a linear programme with a tangent for every frequency
and direction; tangents are added where a solution still leaves its disc, until none does.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

Array = npt.NDArray[np.float64]

RATE_HZ = 24_000
PASS_HZ = 3_400
STOP_HZ = 4_000
SCALE = 1e-5  # the stopband bound is solved for in units of -100 dB


@dataclass(frozen=True)
class Spec:
    lookahead: int  # taps before the output's own time, samples at 24 kHz
    history: int  # taps after it
    ripple_db: float
    directions: int = 8  # tangents each disc starts with
    density: int = 5  # frequencies per tap
    rounds: int = 12


@dataclass(frozen=True)
class Grid:
    response: npt.NDArray[np.complex128]  # frequencies x taps
    want: Array  # 1 in the passband, 0 in the stopband
    in_pass: npt.NDArray[np.bool_]
    radius: float  # of the passband disc


def grid(spec: Spec) -> Grid:
    taps = spec.lookahead + spec.history + 1
    span_hz = PASS_HZ + RATE_HZ / 2 - STOP_HZ
    count = taps * spec.density
    n_pass = round(count * PASS_HZ / span_hz) + 2
    passband = np.linspace(0, PASS_HZ, n_pass)
    hz = np.concatenate([passband, np.linspace(STOP_HZ, RATE_HZ / 2, count - n_pass + 2)])
    offsets = np.arange(-spec.lookahead, spec.history + 1)
    response = np.exp(-2j * np.pi / RATE_HZ * np.outer(hz, offsets))
    in_pass = hz <= PASS_HZ
    radius = 1 - 10 ** (-spec.ripple_db / 20)  # the narrower side of +-ripple_db
    return Grid(response, in_pass.astype(float), in_pass, radius)


def tangents(g: Grid, at: npt.NDArray[np.intp], angle: Array) -> tuple[Array, Array]:
    """Rows (A, b) of A x <= b: the error, seen along ``angle``, is within its disc."""
    turn = np.exp(-1j * angle)
    rows = np.real(turn[:, None] * g.response[at])
    bound = np.where(g.in_pass[at], 0.0, -SCALE)[:, None]
    limit = np.where(g.in_pass[at], g.radius, 0.0) + np.real(turn) * g.want[at]
    return np.hstack([rows, bound]), limit


def design(spec: Spec) -> Array:
    """Coefficients in order of increasing delay, the first ``lookahead`` ones ahead of time."""
    g = grid(spec)
    taps = g.response.shape[1]
    coarse = np.arange(0, len(g.want), 2)
    start = [
        tangents(g, coarse, np.full(len(coarse), 2 * np.pi * step / spec.directions))
        for step in range(spec.directions)
    ]
    rows = np.vstack([r for r, _ in start])
    limits = np.concatenate([b for _, b in start])
    cost = np.append(np.zeros(taps), 1.0)
    bounds = [(None, None)] * taps + [(0.0, None)]
    for _ in range(spec.rounds):
        found = linprog(cost, A_ub=rows, b_ub=limits, bounds=bounds, method="highs-ipm").x
        stop = found[-1] * SCALE
        error = g.response @ found[:taps] - g.want
        excess = np.abs(error) / np.where(g.in_pass, g.radius, stop)
        if excess.max() < 1.005:
            break
        # Only tangents near the solution matter; dropping the others keeps this quick.
        scale = np.where(rows[:, -1] == 0.0, g.radius, stop)
        near = limits - rows @ found < 0.3 * scale
        outside = np.nonzero(excess > 1.002)[0]
        more, limit = tangents(g, outside, np.angle(error[outside]))
        rows = np.vstack([rows[near], more])
        limits = np.concatenate([limits[near], limit])
    return np.asarray(found[:taps], dtype=np.float64)


def main() -> None:
    from telcodecs import lowpass

    spec = Spec(lowpass.LOOKAHEAD, lowpass.HISTORY, lowpass.RIPPLE_DB)
    numbers = [f"{round(c * lowpass.ONE)}," for c in design(spec)]
    for start in range(0, len(numbers), 9):
        print("   ", " ".join(numbers[start : start + 9]))


if __name__ == "__main__":
    main()
