"""The numbers of an account, as its REST API tells and changes them."""

import asyncio
import base64
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

import httpx

from bridge.sim.carrier.rest import RestAnswer, RestCalls, RestFacade, RestRequest

ACCOUNT = "AC" + "a" * 32
LIST = f"/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers.json"
BASIC = "Basic " + base64.b64encode(f"{ACCOUNT}:token".encode()).decode()
OURS = "https://phone.example/twilio/voice"


def ask(
    made: RestCalls, path: str, form: Mapping[str, str] | None = None, method: str = "GET"
) -> RestAnswer:
    return made.answer(RestRequest(method, path, form or {}, BASIC))


def account(count: int = 1) -> tuple[RestCalls, list[str]]:
    made = RestCalls(ACCOUNT, {ACCOUNT: "token"})
    return made, [made.numbers.add(f"+1500555{n:04}") for n in range(count)]


def at(sid: str) -> str:
    return LIST.replace(".json", f"/{sid}.json")


def test_a_list_comes_in_pages_that_name_the_next() -> None:
    made, _ = account(5)
    path: str | None = f"{LIST}?PageSize=2"
    pages = []
    while path:
        body = ask(made, path).body
        found = body["incoming_phone_numbers"]
        assert isinstance(found, list)
        pages.append([each["phone_number"] for each in found])
        following = body["next_page_uri"]
        assert following is None or isinstance(following, str)
        path = following
    assert [len(page) for page in pages] == [2, 2, 1]
    assert sum(pages, []) == [f"+1500555{n:04}" for n in range(5)]


def test_an_update_changes_what_it_names_and_nothing_else() -> None:
    made, (first, second) = account(2)
    untouched = ask(made, at(second)).body
    before = ask(made, at(first)).body
    changes = {"VoiceUrl": OURS, "VoiceMethod": "GET", "StatusCallback": "https://a.example/s"}
    told = {"voice_url": OURS, "voice_method": "GET", "status_callback": "https://a.example/s"}
    assert ask(made, at(first), changes, "POST").body == {**before, **told}
    assert ask(made, at(first)).body == {**before, **told}
    assert ask(made, at(second)).body == untouched


def test_an_update_that_cannot_be_changes_nothing() -> None:
    made, (sid,) = account()
    before = ask(made, at(sid)).body
    for form, code in (
        ({"VoiceUrl": OURS, "StatusCallback": "ftp://a.example"}, 21205),
        ({"VoiceUrl": OURS, "VoiceMethod": "PUT"}, 20001),
    ):
        answer = ask(made, at(sid), form, "POST")
        assert (answer.status, answer.body["code"]) == (400, code)
    assert ask(made, at(sid)).body == before


def test_numbers_are_neither_bought_nor_given_back_here() -> None:
    made, (sid,) = account()
    assert ask(made, LIST, {"PhoneNumber": "+15005550006"}, "POST").status == 405
    assert ask(made, at(sid), method="DELETE").status == 405
    assert ask(made, at("PN" + "f" * 32)).status == 404


def test_answers_tell_the_time_of_a_clock_that_may_be_wrong() -> None:
    async def main() -> list[httpx.Response]:
        async with RestFacade(ACCOUNT, "token") as rest, httpx.AsyncClient() as http:
            right = await http.get(rest.url + LIST, auth=(ACCOUNT, "token"))
            rest.clock_ahead_s = 3600.0
            return [right, await http.get(rest.url + LIST, auth=(ACCOUNT, "token"))]

    right, wrong = (parsedate_to_datetime(each.headers["Date"]) for each in asyncio.run(main()))
    assert 3590 <= (wrong - right).total_seconds() <= 3620
