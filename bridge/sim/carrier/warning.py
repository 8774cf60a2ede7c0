"""What Twilio would write into its error log, and nowhere else.

The codes of 1xxxx and 3xxxx are Twilio's own (Error and Warning Dictionary). Those below 1000
are ours: the carrier would accept the thing and the caller would hear the mistake.
"""

from dataclasses import dataclass
from typing import Final

UNDECODABLE: Final = 31950  # a binary frame
INVALID_MESSAGE: Final = 31951
BUFFER_FULL: Final = 31931

FILE_HEADER: Final = 101  # a payload that begins like a WAV or AU file: heard as a click
EMPTY_PAYLOAD: Final = 102
HUGE_PAYLOAD: Final = 103
LOOKS_LIKE_PCM16: Final = 104  # heard as a loud hiss
UNSUPPORTED_VERB: Final = 110  # TwiML that is valid and that this simulator does not act out


@dataclass(frozen=True)
class Warning_:
    code: int
    text: str
    at: float  # monotonic seconds
