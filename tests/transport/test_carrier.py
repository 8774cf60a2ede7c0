"""Frames of the carrier as events, messages as frames."""

import json

from bridge.transport.carrier import CarrierPeer
from bridge.wire import twilio
from bridge.wire.errors import WireError
from tests.support.ends import sid
from tests.support.house import start
from tests.support.sockets import pulled_events, pulled_frames, socket_pair
from tests.support.virtual_time import run


def test_all_that_has_come_is_read_in_order_and_malformed_frames_are_told() -> None:
    async def main() -> None:
        near, far = socket_pair()
        peer = pulled_events(CarrierPeer(near))
        far.put([start(1), "{", b'{"event":"stop"}'])
        events = await peer.receive()
        assert events is not None
        assert [type(event) for event in events] == [twilio.Start, WireError, twilio.Stop]
        far.break_off()
        assert await peer.receive() is None

    run(main())


def test_messages_carry_the_stream_of_the_first_start() -> None:
    async def main() -> None:
        near, far = socket_pair()
        peer = CarrierPeer(near)
        far.put([start(1), start(2)])
        await pulled_events(peer).receive()
        peer.send([twilio.Media(b"\x55"), twilio.Mark("0.1"), twilio.Clear()])
        frames = [json.loads(frame) for frame in await pulled_frames(far).receive() or ()]
        assert [frame["event"] for frame in frames] == ["media", "mark", "clear"]
        assert {frame["streamSid"] for frame in frames} == {sid(1, "MZ")}

    run(main())


def test_audio_of_another_stream_is_not_the_caller_s() -> None:
    async def main() -> None:
        near, far = socket_pair()
        peer = pulled_events(CarrierPeer(near))

        def media(number: int) -> str:
            audio = {"timestamp": "0", "payload": "VQ=="}
            return json.dumps({"event": "media", "streamSid": sid(number, "MZ"), "media": audio})

        far.put([start(1), media(1), media(2), start(2), media(2), media(1)])
        heard, other = twilio.Media(b"\x55"), twilio.Unknown("media of another stream")
        events = await peer.receive() or []
        starts = [event for event in events if isinstance(event, twilio.Start)]
        assert events == [starts[0], heard, other, starts[1], other, heard]

    run(main())


def test_closing_closes_the_socket() -> None:
    async def main() -> None:
        near, far = socket_pair()
        await CarrierPeer(near).close()
        assert await pulled_frames(far).receive() is None

    run(main())
