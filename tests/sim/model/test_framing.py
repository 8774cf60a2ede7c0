"""Frames as a client's own protocol core makes them, cut in every way."""

import random

import pytest
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from bridge.sim.model.framing import FrameCutter, Raw

LIMIT = 1 << 20


def client() -> ClientProtocol:
    protocol = ClientProtocol(parse_uri("ws://x/"))
    protocol.state = State.OPEN
    return protocol


def text_frame(message: bytes) -> bytes:
    return Frame(Opcode.TEXT, message).serialize(mask=True)


def cut(data: bytes, *at: int) -> list[bytes]:
    edges = [0, *at, len(data)]
    return [data[begin:end] for begin, end in zip(edges, edges[1:], strict=False)]


@pytest.mark.parametrize("length", [0, 1, 125, 126, 1_300, 65_535, 65_536, 200_000])
def test_a_text_of_any_length_is_read(length: int) -> None:
    message = bytes(i % 251 for i in range(length))
    assert list(FrameCutter(LIMIT).push(text_frame(message))) == [message]


def test_however_the_stream_is_cut_the_same_comes_out() -> None:
    ping = Frame(Opcode.PING, b"are you there").serialize(mask=True)
    binary = Frame(Opcode.BINARY, b"\x01" * 300).serialize(mask=True)
    first = Frame(Opcode.TEXT, b"half", fin=False).serialize(mask=True)
    rest = Frame(Opcode.CONT, b" and half").serialize(mask=True)
    stream = text_frame(b"one") + ping + text_frame(b"two" * 300) + binary + first + rest
    wanted = [b"one", Raw(ping), b"two" * 300, Raw(binary), Raw(first), Raw(rest)]
    chance = random.Random(5)
    for _ in range(300):
        cutter = FrameCutter(LIMIT)
        edges = sorted(chance.sample(range(len(stream)), chance.randint(0, 12)))
        assert [out for piece in cut(stream, *edges) for out in cutter.push(piece)] == wanted
    bytewise = FrameCutter(LIMIT)
    one_by_one = [out for at in range(len(stream)) for out in bytewise.push(stream[at : at + 1])]
    assert one_by_one == wanted


def test_what_a_protocol_core_sends_is_read() -> None:
    protocol = client()
    protocol.send_text("Grüße".encode())
    (data,) = protocol.data_to_send()
    assert list(FrameCutter(LIMIT).push(data)) == ["Grüße".encode()]


def test_a_frame_that_is_not_masked_is_left_to_be_refused() -> None:
    data = Frame(Opcode.TEXT, b"x").serialize(mask=False)
    assert list(FrameCutter(LIMIT).push(data)) == [Raw(data)]


def test_a_frame_that_is_too_long_is_not_waited_for() -> None:
    head = text_frame(bytes(LIMIT + 1))[:20]
    assert list(FrameCutter(LIMIT).push(head)) == [Raw(head)]
