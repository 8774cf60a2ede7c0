"""What is right and what is wrong with an installation, and how to mend it."""

from bridge.doctor.examination import examine
from bridge.doctor.finding import Finding, State

__all__ = ["Finding", "State", "examine"]
