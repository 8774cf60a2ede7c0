"""A phone bridge as one writes it in an afternoon: what ours is measured against.

FastAPI's WebSocket route, uvicorn, the ``websockets`` client, mu-law passed through, a task each
way; after the example that Twilio publishes for the Realtime API. It is no part of the product.

    python -m tests.bench.plain_bridge --port 8085 --model ws://127.0.0.1:8090/v1/realtime?model=x
"""

import argparse
import asyncio
import json
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response, WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

SESSION = {
    "type": "session.update",
    "session": {
        "type": "realtime",
        "output_modalities": ["audio"],
        "instructions": "You are a helpful assistant.",
        "audio": {
            "input": {
                "format": {"type": "audio/pcmu"},
                "turn_detection": {"type": "server_vad", "silence_duration_ms": 500},
            },
            "output": {"format": {"type": "audio/pcmu"}, "voice": "alloy"},
        },
    },
}


class Stream:
    """What such bridges remember of a call."""

    def __init__(self) -> None:
        self.sid = ""
        self.latest_ms = 0
        self.answer_began_ms: int | None = None
        self.last_item: str | None = None


def create_app(model_url: str) -> FastAPI:
    app = FastAPI()

    @app.post("/twilio/voice")
    async def voice(request: Request) -> Response:
        host = request.headers["host"]
        twiml = f'<Response><Connect><Stream url="ws://{host}/media"/></Connect></Response>'
        return Response(twiml, media_type="text/xml")

    @app.websocket("/media")
    async def media(carrier: WebSocket) -> None:
        await carrier.accept()
        headers = {"Authorization": "Bearer none"}
        async with connect(model_url, additional_headers=headers) as model:
            await model.send(json.dumps(SESSION))
            await model.send(json.dumps({"type": "response.create"}))
            stream = Stream()
            ends = [
                asyncio.create_task(_to_model(carrier, model, stream)),
                asyncio.create_task(_to_carrier(carrier, model, stream)),
            ]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for task in ends:
                task.cancel()
            await asyncio.gather(*ends, return_exceptions=True)

    return app


async def _to_model(carrier: WebSocket, model: ClientConnection, stream: Stream) -> None:
    try:
        async for message in carrier.iter_text():
            data = json.loads(message)
            if data["event"] == "media":
                stream.latest_ms = int(data["media"]["timestamp"])
                append = {"type": "input_audio_buffer.append", "audio": data["media"]["payload"]}
                await model.send(json.dumps(append))
            elif data["event"] == "start":
                stream.sid = data["start"]["streamSid"]
    except (WebSocketDisconnect, ConnectionClosed):
        return


async def _to_carrier(carrier: WebSocket, model: ClientConnection, stream: Stream) -> None:
    try:
        async for message in model:
            event = json.loads(message)
            if event["type"] == "response.output_audio.delta":
                await _play(carrier, stream, event)
            elif event["type"] == "input_audio_buffer.speech_started":
                await _interrupt(carrier, model, stream)
    except (WebSocketDisconnect, ConnectionClosed, RuntimeError):
        return


async def _play(carrier: WebSocket, stream: Stream, event: dict[str, Any]) -> None:
    if stream.answer_began_ms is None or event["item_id"] != stream.last_item:
        stream.answer_began_ms = stream.latest_ms
        stream.last_item = event["item_id"]
    media = {"event": "media", "streamSid": stream.sid, "media": {"payload": event["delta"]}}
    await carrier.send_json(media)
    mark = {"event": "mark", "streamSid": stream.sid, "mark": {"name": "responsePart"}}
    await carrier.send_json(mark)


async def _interrupt(carrier: WebSocket, model: ClientConnection, stream: Stream) -> None:
    """As the example does: heard is what the caller's own clock says."""
    if stream.last_item is None or stream.answer_began_ms is None:
        return
    truncate = {
        "type": "conversation.item.truncate",
        "item_id": stream.last_item,
        "content_index": 0,
        "audio_end_ms": stream.latest_ms - stream.answer_began_ms,
    }
    await model.send(json.dumps(truncate))
    await carrier.send_json({"event": "clear", "streamSid": stream.sid})
    stream.last_item = stream.answer_began_ms = None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8085)
    parser.add_argument("--model", default="ws://127.0.0.1:8090/v1/realtime?model=x")
    options = parser.parse_args()
    uvicorn.run(create_app(options.model), port=options.port, log_level="warning", ws="websockets")


if __name__ == "__main__":
    main()
