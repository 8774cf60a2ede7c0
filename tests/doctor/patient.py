"""Settings to be examined, and servers that answer as they are told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bridge.settings import Settings

KEY = "sk-the-key-of-the-model"


def settings(state_dir: Path, **environ: str) -> Settings:
    """Of an OpenAI model that is nowhere, unless told otherwise."""
    nowhere = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    plain = {"OFFHOOK_STATE_DIR": str(state_dir), "OFFHOOK_MODEL_CONNECT_TIMEOUT_S": "5"}
    model = {} if "AZURE_OPENAI_ENDPOINT" in environ else nowhere
    return Settings.from_env({**plain, **model, **environ})


def response(status: int, body: str = "", *headers: str) -> bytes:
    head = [f"HTTP/1.1 {status} .", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return ("\r\n".join([*head, "", ""]) + body).encode()


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[str]:
    """The address (host and port) of one that gives this answer to whatever it is asked; an empty
    one: it never does."""
    silent = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read(4096)
            if not answer:
                await silent.wait()
            writer.write(answer)
            await writer.drain()
        except ConnectionError:
            pass  # the client did not like it
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        silent.set()
        server.close()
        await server.wait_closed()
