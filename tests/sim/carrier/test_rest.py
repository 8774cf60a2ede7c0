"""The REST API for live calls, as requests and answers and once over a socket."""

import asyncio
import base64
import time
from collections.abc import Mapping

import httpx

from bridge.cli.loop import run
from bridge.sim.carrier.phone import NotInProgress
from bridge.sim.carrier.rest import RestAnswer, RestCalls, RestFacade, RestRequest

ACCOUNT = "AC" + "a" * 32
CALL = "CA" + "c" * 32
PATH = f"/2010-04-01/Accounts/{ACCOUNT}/Calls/{CALL}.json"


class Phone:
    def __init__(self) -> None:
        self.updates: list[Mapping[str, str]] = []
        self.over = False

    def update(self, form: Mapping[str, str]) -> None:
        if self.over:
            raise NotInProgress
        self.updates.append(form)
        self.over = form.get("Status") == "completed"

    def status(self) -> str:
        return "completed" if self.over else "in-progress"


def calls() -> tuple[RestCalls, Phone]:
    phone = Phone()
    made = RestCalls(ACCOUNT, {ACCOUNT: "token", "SK1": "secret"})
    made.add(CALL, phone.update, phone.status)
    return made, phone


def basic(user: str = ACCOUNT, password: str = "token") -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def ask(
    made: RestCalls,
    form: Mapping[str, str] | None = None,
    *,
    path: str = PATH,
    method: str = "POST",
    authorization: str | None = None,
) -> RestAnswer:
    return made.answer(RestRequest(method, path, form or {}, authorization or basic()))


def code(answer: RestAnswer) -> tuple[int, object]:
    return answer.status, answer.body["code"]


def test_completion_ends_the_call_and_a_second_one_is_21220() -> None:
    made, phone = calls()
    answer = ask(made, {"Status": "completed"})
    assert (answer.status, answer.body["status"]) == (200, "completed")
    assert phone.updates == [{"Status": "completed"}]
    assert code(ask(made, {"Status": "completed"})) == (400, 21220)


def test_fetch_tells_the_status() -> None:
    answer = ask(calls()[0], method="GET")
    assert answer.body["status"] == "in-progress"
    assert answer.body["sid"] == CALL


def test_a_new_document_reaches_the_call() -> None:
    made, phone = calls()
    assert ask(made, {"Twiml": "<Response/>"}).status == 200
    assert ask(made, {"Url": "https://a.example/x", "Method": "GET"}).status == 200
    assert phone.updates[1] == {"Url": "https://a.example/x", "Method": "GET"}


def test_account_token_and_api_key_are_accepted_and_nothing_else() -> None:
    made, _ = calls()
    assert ask(made, method="GET", authorization=basic("SK1", "secret")).status == 200
    for wrong in (basic("SK1", "token"), basic(ACCOUNT, ""), "Bearer token", "Basic %%%", "x"):
        assert code(ask(made, method="GET", authorization=wrong)) == (401, 20003)


def test_what_is_not_there_is_20404() -> None:
    made, _ = calls()
    for path in (
        f"/2010-04-01/Accounts/{ACCOUNT}/Calls/CA{'d' * 32}.json",
        f"/2010-04-01/Accounts/AC{'b' * 32}/Calls/{CALL}.json",
        f"/2010-04-01/Accounts/{ACCOUNT}/Calls/{CALL}/Recordings.json",
        "/",
    ):
        assert code(ask(made, path=path)) == (404, 20404)


def test_an_update_that_asks_nothing_possible_is_invalid() -> None:
    made, phone = calls()
    for form in ({}, {"Status": "canceled"}, {"Twiml": "x" * 4001}, {"Url": "http://["}):
        assert ask(made, form).status == 400
    assert ask(made, method="DELETE").status == 405
    assert phone.updates == []


def test_errors_come_by_switch_one_a_request() -> None:
    made, phone = calls()
    made.fail_next.extend([20429, 20503, 20500])
    assert [ask(made, {"Status": "completed"}).status for _ in range(4)] == [429, 503, 500, 200]
    assert len(phone.updates) == 1


def test_over_a_socket_with_latency() -> None:
    phone = Phone()

    async def talk() -> tuple[httpx.Response, httpx.Response, float]:
        async with RestFacade(ACCOUNT, "token") as rest, httpx.AsyncClient() as client:
            rest.calls.add(CALL, phone.update, phone.status)
            rest.latency_s = 0.05
            before = time.monotonic()
            url, auth = rest.url + PATH, (ACCOUNT, "token")
            updated = await client.post(url, data={"Twiml": "<Response>ü</Response>"}, auth=auth)
            took_s = time.monotonic() - before
            refused = await client.get(url, auth=(ACCOUNT, "wrong"))
            return updated, refused, took_s

    updated, refused, took_s = run(talk())
    assert updated.status_code == 200
    assert updated.json()["status"] == "in-progress"
    assert phone.updates == [{"Twiml": "<Response>ü</Response>"}]
    assert took_s >= 0.05
    assert refused.status_code == 401
    assert refused.json()["code"] == 20003


def test_clients_that_go_or_stay_silent_do_not_hold_up_the_end() -> None:
    async def talk() -> None:
        async with RestFacade(ACCOUNT, "token") as rest:
            port = int(rest.url.rpartition(":")[2])
            _, gone = await asyncio.open_connection("127.0.0.1", port)
            gone.close()
            await gone.wait_closed()
            _, silent = await asyncio.open_connection("127.0.0.1", port)
            silent.write(b"POST / HTTP/1.1\r\n")
            await silent.drain()
        silent.close()

    run(asyncio.wait_for(talk(), 5))
