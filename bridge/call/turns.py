"""Whose turn it is: the states of a call and the only moves between them.

    WAITING    one of the peers is not ready yet
    LISTENING  nothing is being said to the caller and nothing is owed
    THINKING   a response was asked for or is running, and nothing of it is audible yet
    SPEAKING   the caller hears the assistant, or soon will
    CLOSING    the call is to end once the last words are heard
    ENDED      nothing is sent any more

The server's own turn detection commits the caller's speech, so LISTENING and THINKING differ only
in what we expect next; barge-in happens in THINKING and SPEAKING.
"""

from enum import Enum, auto


class State(Enum):
    WAITING = auto()
    LISTENING = auto()
    THINKING = auto()
    SPEAKING = auto()
    CLOSING = auto()
    ENDED = auto()


class Move(Enum):
    READY = auto()
    RESPONSE_BEGAN = auto()
    RESPONSE_EMPTY = auto()  # it ended without a sound
    AUDIO = auto()
    PLAYED_OUT = auto()
    BARGE_IN = auto()
    CLOSE = auto()
    END = auto()


TRANSITIONS: dict[State, dict[Move, State]] = {
    State.WAITING: {
        Move.READY: State.LISTENING,
        Move.CLOSE: State.CLOSING,
        Move.END: State.ENDED,
    },
    State.LISTENING: {
        Move.RESPONSE_BEGAN: State.THINKING,
        Move.AUDIO: State.SPEAKING,
        Move.CLOSE: State.CLOSING,
        Move.END: State.ENDED,
    },
    State.THINKING: {
        Move.AUDIO: State.SPEAKING,
        Move.RESPONSE_EMPTY: State.LISTENING,
        Move.BARGE_IN: State.LISTENING,
        Move.CLOSE: State.CLOSING,
        Move.END: State.ENDED,
    },
    State.SPEAKING: {
        Move.PLAYED_OUT: State.LISTENING,
        Move.BARGE_IN: State.LISTENING,
        Move.CLOSE: State.CLOSING,
        Move.END: State.ENDED,
    },
    State.CLOSING: {Move.END: State.ENDED},
    State.ENDED: {},
}


def after(state: State, move: Move) -> State:
    """The state after a move; a move that means nothing in a state leaves it."""
    return TRANSITIONS[state].get(move, state)
