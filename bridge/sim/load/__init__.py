"""Many simulated callers at once, judged one by one.

``plan`` says what is to happen, ``arrivals`` when calls begin, ``scenarios`` who calls, ``runner``
places the calls. ``records`` is the model's side, ``judge`` holds both sides of a call against
each other, ``report`` sums up; ``slo`` is the gate, ``lateness`` and ``server`` watch the two ends.
"""
