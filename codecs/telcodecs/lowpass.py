"""The low-pass filter that both resamplers share, as integers.

Speech on a telephone ends at 3.4 kHz and 8 kHz audio can hold nothing from 4 kHz up, so those are
the edges. The filter runs at 24 kHz. It is not symmetric: look-ahead is delay on every call,
history costs only a little arithmetic. 48 taps ahead (2 ms) and 131 behind reject 104 dB, where
the symmetric filter of 3 ms (145 taps) rejects 93 dB; gain and phase are both held in the
passband (0.5 degrees, so no frequency of speech is shifted by more than 0.01 ms).

Designed by complex Chebyshev approximation: in the passband the response stays in a disc of
``RIPPLE_DB`` around 1, in the stopband its largest magnitude is minimal. The programme is
``tests/codecs/lowpass_design.py``; rounding to 1 / ``ONE`` costs 0.2 dB of the stopband.
"""

from typing import Final

PASS_HZ: Final = 3_400
STOP_HZ: Final = 4_000
RIPPLE_DB: Final = 0.07
LOOKAHEAD: Final = 48  # taps that lie ahead of the output's time, samples at 24 kHz
HISTORY: Final = 131  # taps that lie behind it
ONE: Final = 1 << 24  # the integer that stands for 1.0

# In order of delay: the first is what the sample LOOKAHEAD ahead contributes.
# fmt: off
COEFFICIENTS: Final = (
    883, 3628, 9023, 16207, 21996, 21808, 12523, -4206, -20948,
    -27801, -19029, 1320, 19922, 22376, 4477, -22127, -36226, -22931,
    12171, 43334, 42621, 3909, -46818, -67217, -32429, 38856, 91171,
    73390, -14518, -109601, -127675, -33966, 113649, 194073, 116457, -89863,
    -269991, -249226, 14305, 351784, 469410, 170726, -432306, -895221, -672806,
    507746, 2377303, 4172886, 5023303, 4457209, 2709672, 612121, -882881, -1245257,
    -632430, 284948, 801340, 625319, 3728, -532815, -589901, -181703, 325926,
    528552, 295904, -151940, -444331, -361301, 4567, 342606, 384365, 114396,
    -232439, -372937, -205099, 119639, 331242, 264478, -13040, -266688, -292342,
    -79986, 187236, 290259, 153233, -101567, -261993, -202262, 18915, 214473,
    226814, 54453, -154020, -227639, -112994, 87956, 208086, 153928, -22067,
    -171296, -174337, -36268, 123879, 175509, 82815, -71395, -159229, -113651,
    20802, 130452, 128359, 22904, -94726, -129141, -57886, 55097, 116462,
    80438, -17556, -94826, -90979, -14768, 67813, 90440, 39483, -39057,
    -80750, -55468, 11361, 63443, 60837, 10266, -44181, -59159, -26278,
    24379, 51459, 35937, -6002, -39013, -38146, -7354, 26468, 36788,
    18044, -12232, -29462, -21791, 2187, 22360, 23867, 7863, -11289,
    -18577, -9831, 6495, 17338, 15489, 4228, -6544, -8608, -1314,
    8981, 14587, 12312, 5178, -618, -558, 5237, 12700, 17041,
    15873, 10219, 3222, -2091, -4365, -4065, -2575, -1133, -297,
)
# fmt: on
