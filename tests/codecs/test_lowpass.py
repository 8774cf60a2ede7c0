"""The coefficient table itself, as a frequency response."""

import numpy as np

from telcodecs import lowpass
from tests.codecs.lowpass_design import RATE_HZ, Spec, design

TAPS = np.array(lowpass.COEFFICIENTS) / lowpass.ONE
DELAYS = np.arange(-lowpass.LOOKAHEAD, lowpass.HISTORY + 1)
HZ = np.linspace(0, RATE_HZ / 2, 6001)
RESPONSE = np.exp(-2j * np.pi / RATE_HZ * np.outer(HZ, DELAYS)) @ TAPS
PASSBAND = HZ <= lowpass.PASS_HZ
STOPBAND = HZ >= lowpass.STOP_HZ


def decibels(magnitude: float) -> float:
    return float(20 * np.log10(magnitude))


def test_the_stopband_is_104_db_down() -> None:
    assert decibels(np.abs(RESPONSE[STOPBAND]).max()) < -104


def test_the_passband_is_flat() -> None:
    assert decibels(np.abs(RESPONSE[PASSBAND]).max()) < lowpass.RIPPLE_DB + 0.001
    assert decibels(np.abs(RESPONSE[PASSBAND]).min()) > -lowpass.RIPPLE_DB - 0.001


def test_the_passband_is_time_aligned() -> None:
    speech = (HZ >= 200) & PASSBAND
    shift_ms = np.angle(RESPONSE[speech]) / (2 * np.pi * HZ[speech]) * 1000
    assert np.abs(shift_ms).max() < 0.01
    phase = np.angle(RESPONSE[speech])
    group_delay_ms = -np.gradient(phase, 2 * np.pi * HZ[speech]) * 1000
    assert np.abs(group_delay_ms).max() < 0.15


def test_the_transition_does_not_ring_out() -> None:
    assert np.abs(RESPONSE[~PASSBAND & ~STOPBAND]).max() < 1.06


def test_sums_stay_exact_in_float64() -> None:
    """16-bit samples times every coefficient, times three for the upsampler: below 2**53."""
    assert 3 * 2**15 * sum(map(abs, lowpass.COEFFICIENTS)) < 2**53


def test_the_look_ahead_is_two_milliseconds() -> None:
    assert lowpass.LOOKAHEAD * 1000 / RATE_HZ == 2.0
    assert len(lowpass.COEFFICIENTS) == lowpass.LOOKAHEAD + 1 + lowpass.HISTORY


def test_the_design_meets_its_own_bounds() -> None:
    """On a short filter, where the programme takes a moment: gain and phase stay in the disc."""
    taps = design(Spec(lookahead=16, history=40, ripple_db=0.5))
    delays = np.arange(-16, 41)
    response = np.exp(-2j * np.pi / RATE_HZ * np.outer(HZ, delays)) @ taps
    assert np.abs(response[PASSBAND] - 1).max() < 1.01 * (1 - 10 ** (-0.5 / 20))
    assert decibels(np.abs(response[STOPBAND]).max()) < -25
