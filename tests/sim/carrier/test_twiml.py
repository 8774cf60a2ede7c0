"""TwiML, verb by verb."""

import pytest

from bridge.sim.carrier.twiml import (
    Document,
    HandOver,
    Hangup,
    Instruction,
    Redirect,
    Reject,
    Speak,
    Stream,
    TwimlError,
)

BASE = "https://voice.example.com/twilio/voice"


def document(
    body: str, *, base: str | None = BASE, allow_ws: bool = False
) -> tuple[Document, list[Instruction]]:
    made = Document(f"<Response>{body}</Response>", base_url=base, allow_ws=allow_ws)
    found = [made.next()]
    while found[-1] != Hangup():
        found.append(made.next())
    return made, found


def stream(attributes: str, body: str = "", *, allow_ws: bool = False) -> tuple[Document, Stream]:
    text = f"<Connect><Stream {attributes}>{body}</Stream></Connect>"
    made, found = document(text, allow_ws=allow_ws)
    first = found[0]
    assert isinstance(first, Stream)
    return made, first


def codes(made: Document) -> list[int]:
    return [code for code, _ in made.warnings]


def test_an_empty_document_hangs_up() -> None:
    made, found = document("")
    assert found == [Hangup()]
    assert made.warnings == []


def test_connect_with_a_stream_carries_all_it_says() -> None:
    made, found = document(
        '<Connect action="/twilio/action" method="POST">'
        '<Stream url="wss://media.example.com/ms/TOKEN" name="main"'
        ' statusCallback="https://voice.example.com/stream-events">'
        '<Parameter name="tenant" value="7"/></Stream></Connect>'
        '<Redirect method="POST">https://voice.example.com/failover</Redirect>'
    )
    assert found[0] == Stream(
        url="wss://media.example.com/ms/TOKEN",
        name="main",
        parameters={"tenant": "7"},
        action="https://voice.example.com/twilio/action",
        method="POST",
        status_callback="https://voice.example.com/stream-events",
        status_callback_method="POST",
    )
    assert found[1] == Redirect("https://voice.example.com/failover", "POST")
    assert made.warnings == []


def test_the_query_of_a_stream_url_is_dropped() -> None:
    made, found = stream('url="wss://media.example.com/ms?token=1"')
    assert found.url == "wss://media.example.com/ms"
    assert codes(made) == [31920]


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ('url="ws://media.example.com/ms"', 31922),
        ('url="https://media.example.com/ms"', 31922),
        ('url="/ms"', 31922),
        ('url="wss://"', 31923),
        ('url="wss://[/ms"', 31923),
        ('url="wss://a.example:port/ms"', 31923),
        ('url="wss://media.example.com/ms" track="both_tracks"', 31941),
        ('url="wss://media.example.com/ms" track="outbound_track"', 31941),
    ],
)
def test_a_stream_that_cannot_be_is_a_fault_of_the_stream(attributes: str, code: int) -> None:
    _, found = stream(attributes)
    assert found.fault is not None
    assert found.fault[0] == code


def test_ws_is_allowed_where_it_is_asked_for() -> None:
    _, found = stream('url="ws://127.0.0.1:8080/ms"', allow_ws=True)
    assert found.fault is None
    assert found.url == "ws://127.0.0.1:8080/ms"


def test_a_relative_status_callback_is_warned_of_and_not_called() -> None:
    made, found = stream('url="wss://a.example/ms" statusCallback="/events"')
    assert found.status_callback is None
    assert codes(made) == [12200]


def test_long_parameters_and_strange_children_are_warned_of() -> None:
    long = f'<Parameter name="p" value="{"x" * 499}"/>'
    fits = f'<Parameter name="p" value="{"x" * 498}"/>'
    assert codes(stream('url="wss://a.example/ms"', long)[0]) == [12200]
    assert codes(stream('url="wss://a.example/ms"', fits)[0]) == []
    assert codes(stream('url="wss://a.example/ms"', "<Param/>")[0]) == [12200]


def test_say_play_and_pause_take_their_time() -> None:
    _, found = document(
        '<Say>Hello there</Say><Say loop="2">ab</Say><Play digits="12w3"/><Pause/>'
        '<Pause length="40"/>'
    )
    assert [item.s for item in found if isinstance(item, Speak)] == pytest.approx(
        [0.66, 0.24, 2.0, 1.0, 40.0]
    )
    assert found[0] == Speak("Say", 0.66, "Hello there")


def test_gather_waits_for_nobody_and_falls_through() -> None:
    _, found = document('<Gather timeout="3"><Say>abcde</Say></Gather><Hangup/>')
    assert found == [Speak("Gather", 3.3), Hangup()]


def test_dial_and_enqueue_hand_the_caller_over() -> None:
    _, found = document(
        '<Dial action="/after"><Number>+441632960003</Number></Dial><Enqueue>support</Enqueue>'
    )
    assert found[:2] == [
        HandOver("Dial", ("+441632960003",), "https://voice.example.com/after", "POST"),
        HandOver("Enqueue", ("support",), None, "POST"),
    ]


def test_reject_and_redirect() -> None:
    _, found = document('<Reject reason="busy"/><Reject/><Redirect method="GET">next</Redirect>')
    assert found[:3] == [
        Reject("busy"),
        Reject("rejected"),
        Redirect("https://voice.example.com/twilio/next", "GET"),
    ]


@pytest.mark.parametrize("verb", ["<Start/>", "<Record/>", "<Connect><Room>a</Room></Connect>"])
def test_what_is_not_acted_out_is_said_and_skipped(verb: str) -> None:
    made, found = document(verb)
    assert found == [Hangup()]
    assert codes(made)[0] == 110


@pytest.mark.parametrize("verb", ["<Shout/>", "<connect/>", "<Connect/>", '<Hangup now="1"/>'])
def test_what_the_schema_does_not_know_is_a_warning(verb: str) -> None:
    made, found = document(verb)
    assert found == [Hangup()]
    assert codes(made) == [12200]


@pytest.mark.parametrize("text", ["", "hello", "<Response>", "<Answer/>", "{}"])
def test_a_text_that_is_no_document(text: str) -> None:
    with pytest.raises(TwimlError) as error:
        Document(text, base_url=BASE)
    assert error.value.code == 12100


def test_a_relative_url_in_a_document_from_rest_has_no_base() -> None:
    with pytest.raises(TwimlError) as error:
        document("<Redirect>/next</Redirect>", base=None)
    assert error.value.code == 15004


@pytest.mark.parametrize("url", ["ftp://a.example/", "http://[", "http://a:b/", "mailto://"])
def test_a_url_nobody_could_call_ends_the_document(url: str) -> None:
    with pytest.raises(TwimlError) as error:
        document(f"<Redirect>{url}</Redirect>")
    assert error.value.code == 11100
