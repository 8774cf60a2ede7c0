"""Calls that run now: who is on the line, and what may be done from outside."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import FastAPI
from pydantic import Field

from bridge.live import LiveCall
from bridge.store.audit import changed
from bridge.store.problems import NotFound
from bridge.store.tokens import TokenRow
from bridge.web.api import shapes
from bridge.web.api.given import Sid, Strict, Token, change
from bridge.web.api.problem import CONFLICT, Problem
from bridge.web.api.schemas import answers
from bridge.web.api.services import Services

Words = Annotated[str, Field(min_length=1, max_length=1000)]


class Say(Strict):
    text: Annotated[Words, Field(examples=["One moment please, a colleague takes over."])]


class Whisper(Strict):
    text: Annotated[Words, Field(examples=["The order is on its way; offer a call back."])]


class HangUp(Strict):
    how: Literal["goodbye", "now"] = Field(
        "goodbye", description="goodbye: what is being said ends, the agent says goodbye."
    )


def add(api: FastAPI, services: Services) -> None:
    @api.get("/calls/live", summary="Calls that run now", tags=["live"], responses=answers())
    async def list_live() -> shapes.LiveCalls:
        rows = [_out(row, services) for row in await services.calls.live()]
        return shapes.LiveCalls(calls=rows)

    @api.post(
        "/calls/{call_sid}/say",
        summary="The agent says these words, as soon as it may",
        tags=["live"],
        status_code=202,
        responses=answers(404, 409),
    )
    async def say(call_sid: Sid, body: Say, token: Token) -> shapes.Done:
        return await act(call_sid, token, "call.said", {"text": body.text}, _says(body.text))

    @api.post(
        "/calls/{call_sid}/whisper",
        summary="An instruction to the model, for its answers from now on; it is not spoken",
        tags=["live"],
        status_code=202,
        responses=answers(404, 409),
    )
    async def whisper(call_sid: Sid, body: Whisper, token: Token) -> shapes.Done:
        said = {"text": body.text}
        return await act(call_sid, token, "call.whispered", said, _whispers(body.text))

    @api.post(
        "/calls/{call_sid}/hang-up",
        summary="End the call: with a goodbye, or at once",
        tags=["live"],
        status_code=202,
        responses=answers(404, 409),
    )
    async def hang_up(call_sid: Sid, body: HangUp, token: Token) -> shapes.Done:
        goodbye = body.how == "goodbye"
        told = {"how": body.how}
        return await act(call_sid, token, "call.hung_up", told, _hangs_up(goodbye))

    async def act(
        call_sid: str,
        token: TokenRow,
        action: str,
        after: dict[str, Any],
        do: Callable[[LiveCall], bool],
    ) -> shapes.Done:
        """It is in the audit before it is done: what nobody is told of does not happen. What the
        call refuses then is told of, too."""
        if services.registry.live(call_sid) is None:
            raise await elsewhere(call_sid)
        await audited(call_sid, token, action, after)
        live = services.registry.live(call_sid)
        if live is None or not do(live):
            await audited(call_sid, token, "call.refused", {"action": action, **after})
            raise Problem(CONFLICT, "the call is ending, or has not begun to speak; try no more")
        return shapes.Done()

    async def audited(call_sid: str, token: TokenRow, action: str, after: dict[str, Any]) -> None:
        async with services.database.begin() as connection:
            subject = f"call/{call_sid}"
            await changed(connection, change(token), action, subject, after=after)

    async def elsewhere(call_sid: str) -> Problem:
        """Why a call cannot be reached here. Raises NotFound."""
        running = {row.call_sid: row for row in await services.calls.live()}
        if (row := running.get(call_sid)) is not None:
            told = f"the call runs in the process {row.process}; ask there"
            return Problem(CONFLICT, told, more={"process": row.process})
        try:
            await services.calls.get(call_sid)
        except NotFound:
            raise NotFound("call_sid", "there is no such call; see /calls/live") from None
        return Problem(CONFLICT, "the call is over; see /calls/live for those that run")


def _says(text: str) -> Callable[[LiveCall], bool]:
    return lambda live: live.say(text)


def _whispers(text: str) -> Callable[[LiveCall], bool]:
    return lambda live: live.whisper(text)


def _hangs_up(goodbye: bool) -> Callable[[LiveCall], bool]:
    return lambda live: live.hang_up(goodbye=goodbye)


def _out(row: Any, services: Services) -> shapes.LiveOut:
    live = services.registry.live(row.call_sid)
    state = None if live is None else live.call.state.name.lower()
    told = shapes.LiveOut.model_validate(
        {name: getattr(row, name) for name in _ROW} | {"here": live is not None, "state": state}
    )
    return told


_ROW = ("call_sid", "agent", "version", "route", "variant", "caller", "called", "started_at")
