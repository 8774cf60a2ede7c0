"""A whole phone call in virtual time: what is asked, opened, sent and written into the log."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from bridge.sim.carrier.caller import At, Caller, HangUp, ScriptedCaller
from bridge.sim.carrier.commands import Ask, CloseSocket, Command, OpenSocket, Over, Send
from bridge.sim.carrier.number import Line
from bridge.sim.carrier.phone import NotInProgress, PhoneCall
from bridge.sim.carrier.profile import INSTANT, PhoneProfile, StreamProfile
from bridge.sim.carrier.signing import signature
from bridge.sim.carrier.webhook import Failure, Identity, Request, Response

TOKEN = "tok_0123456789abcdef"
ORIGIN = "https://voice.example.com"
VOICE = f"{ORIGIN}/voice"
WSS = "wss://media.example.com/ms/TOKEN"
IDENTITY = Identity("AC" + "a" * 32, "CA" + "c" * 32, "+441632960001", "+441632960002")

Answer = Response | Failure
Page = Answer | str | Callable[[Request], Answer | str]


def xml(body: str) -> Response:
    return Response(200, "text/xml", f"<Response>{body}</Response>".encode())


def connect(attributes: str = "", tail: str = "", url: str = WSS, stream: str = "") -> str:
    return f'<Connect {attributes}><Stream url="{url}" {stream}/></Connect>{tail}'


@dataclass
class World:
    """Everything beyond the phone: pages by path, and whether sockets open."""

    phone: PhoneCall
    pages: dict[str, Page]
    refuses: tuple[int, str] | None = None
    keeps_waiting: frozenset[str] = frozenset()  # paths that never answer
    now: float = 100.0
    asked: list[Request] = field(default_factory=list)
    waited: list[bool] = field(default_factory=list)
    asked_at: list[float] = field(default_factory=list)
    opened: list[OpenSocket] = field(default_factory=list)
    opened_at: list[float] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    closed: list[CloseSocket] = field(default_factory=list)
    over: list[Over] = field(default_factory=list)

    def do(self, commands: Sequence[Command]) -> None:
        for command in commands:
            match command:
                case Ask(request, waits):
                    self.asked.append(request)
                    self.waited.append(waits)
                    self.asked_at.append(round(self.now - 100.0, 3))
                    self._answer(request)
                case OpenSocket(stream_sid):
                    self.opened.append(command)
                    self.opened_at.append(round(self.now - 100.0, 3))
                    if self.refuses:
                        self.do(self.phone.socket_refused(stream_sid, *self.refuses, self.now))
                    else:
                        self.do(self.phone.socket_opened(stream_sid, self.now))
                case Send(_, text):
                    self.sent.append(json.loads(text))
                case CloseSocket():
                    self.closed.append(command)
                case Over():
                    self.over.append(command)

    def run(self, until: float) -> None:
        """Up to so many seconds since the call began."""
        while (due := self.phone.deadline()) is not None and due <= 100.0 + until:
            self.now = max(self.now, due)
            self.do(self.phone.tick(self.now))
        self.now = max(self.now, 100.0 + until)

    def close(self, code: int | None = 1000) -> None:
        self.do(self.phone.socket_closed(self.opened[-1].stream_sid, code, self.now))

    def purposes(self) -> list[str]:
        return [request.purpose for request in self.asked]

    def codes(self) -> list[int]:
        return [error.code for error in self.phone.errors]

    def _answer(self, request: Request) -> None:
        path = urlsplit(request.url).path
        if path in self.keeps_waiting:
            return
        page = self.pages[path]
        if callable(page):
            page = page(request)
        answer = xml(page) if isinstance(page, str) else page
        self.do(self.phone.answered(request.id, answer, self.now))


def ring(
    pages: dict[str, Page],
    *,
    caller: Caller | None = None,
    line: Line | None = None,
    profile: PhoneProfile = INSTANT,
    stream_profile: StreamProfile | None = None,
    refuses: tuple[int, str] | None = None,
    keeps_waiting: frozenset[str] = frozenset(),
) -> World:
    phone = PhoneCall(
        IDENTITY,
        line or Line(VOICE),
        auth_token=TOKEN,
        caller=caller or ScriptedCaller([]),
        profile=profile,
        stream_profile=stream_profile,
    )
    world = World(phone, pages, refuses, keeps_waiting)
    world.do(phone.begin(world.now))
    return world


def profile(**changes: Any) -> PhoneProfile:
    instant = {name: getattr(INSTANT, name) for name in INSTANT.__dataclass_fields__}
    return PhoneProfile(**{**instant, **changes})


# --- the webhook -----------------------------------------------------------------------------


def test_the_first_webhook_is_a_signed_form_of_a_ringing_call() -> None:
    world = ring({"/voice": "<Hangup/>"})
    (request,) = world.asked
    fields = parse_qsl(request.body.decode(), keep_blank_values=True)
    assert dict(fields) | {"CallSid": IDENTITY.call_sid, "CallStatus": "ringing"} == dict(fields)
    assert dict(fields)["From"] == dict(fields)["Caller"] == "+441632960001"
    assert dict(fields)["FromCity"] == ""
    assert request.headers["X-Twilio-Signature"] == signature(TOKEN, VOICE, fields)
    assert request.headers["User-Agent"] == "TwilioProxy/1.1"
    assert request.headers["Content-Type"].startswith("application/x-www-form-urlencoded")
    assert (request.method, request.url) == ("POST", VOICE)


def test_a_get_webhook_carries_its_fields_in_the_signed_query() -> None:
    world = ring({"/voice": ""}, line=Line(VOICE + "?tenant=7#rc=2", voice_method="GET"))
    (request,) = world.asked
    assert request.body == b""
    assert "#" not in request.url
    assert request.url.startswith(VOICE + "?tenant=7&AccountSid=AC")
    assert request.headers["X-Twilio-Signature"] == signature(TOKEN, request.url)


def test_the_webhook_may_come_twice_with_one_token_and_only_one_answer_counts() -> None:
    world = ring({"/voice": connect()}, profile=profile(webhook_twice=True))
    assert sorted(world.purposes()) == ["duplicate", "voice"]
    first, second = world.asked
    token = "I-Twilio-Idempotency-Token"
    assert first.headers[token] == second.headers[token]
    assert first.body == second.body
    assert len(world.opened) == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Response(500, "text/xml", b"<Response/>"), 11200),
        (Response(404), 11200),
        (Response(200, "application/json", b"{}"), 12300),
        (Response(200, "", b"<Response/>"), 12300),
        (Response(200, "text/xml", b"<Response>"), 12100),
        (Response(200, "text/xml", b"<Response>" + b" " * 65536 + b"</Response>"), 11750),
        (Failure("timeout"), 11200),
        (Failure("broken"), 11200),
        (Failure("connect"), 11205),
    ],
)
def test_a_failed_webhook_without_fallback_ends_the_call(answer: Answer, code: int) -> None:
    world = ring({"/voice": answer})
    assert world.codes() == [code]
    assert world.over == [Over("failed", "error")]


def test_a_failed_webhook_asks_the_fallback_and_says_why() -> None:
    world = ring(
        {"/voice": Response(503), "/fallback": "<Say>Sorry</Say>"},
        line=Line(VOICE, fallback_url=f"{ORIGIN}/fallback"),
    )
    assert world.purposes() == ["voice", "fallback"]
    fields = dict(world.asked[1].fields)
    assert (fields["ErrorCode"], fields["ErrorUrl"]) == ("11200", VOICE)
    world.run(10)
    assert world.over == [Over("completed", "document")]


def test_a_fallback_that_fails_too_ends_the_call() -> None:
    world = ring(
        {"/voice": Response(503), "/fallback": Response(503)},
        line=Line(VOICE, fallback_url=f"{ORIGIN}/fallback"),
    )
    assert world.purposes() == ["voice", "fallback"]
    assert world.over == [Over("failed", "error")]


def test_a_connection_that_fails_is_tried_once_more_with_the_same_token() -> None:
    attempts: list[int] = []

    def page(request: Request) -> Answer | str:
        attempts.append(request.attempt)
        return Failure("connect") if len(attempts) == 1 else "<Hangup/>"

    world = ring({"/voice": page})
    assert attempts == [1, 2]
    tokens = {request.headers["I-Twilio-Idempotency-Token"] for request in world.asked}
    assert len(tokens) == 1
    assert world.codes() == []


def test_an_answer_after_fifteen_seconds_is_no_answer() -> None:
    world = ring({"/voice": connect()}, keeps_waiting=frozenset({"/voice"}))
    world.run(14.9)
    assert world.over == []
    world.run(15.1)
    assert world.codes() == [11200]
    assert world.over == [Over("failed", "error")]
    world.do(world.phone.answered(world.asked[0].id, xml(connect()), world.now))
    assert world.opened == []


def test_http_redirects_are_followed_by_get_up_to_a_limit() -> None:
    world = ring({"/voice": Response(302, location="/there"), "/there": "<Hangup/>"})
    assert [(r.method, urlsplit(r.url).path) for r in world.asked] == [
        ("POST", "/voice"),
        ("GET", "/there"),
    ]
    assert world.codes() == []
    nowhere = ring({"/voice": Response(302, location="http://[")})
    assert nowhere.codes() == [11200]
    looping = ring({"/voice": Response(307, location="/voice")})
    assert looping.codes() == [11215]
    assert {request.method for request in looping.asked} == {"POST"}


# --- verbs -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("reason", "status"), [("busy", "busy"), ("rejected", "no-answer")])
def test_reject_ends_a_call_that_was_never_answered(reason: str, status: str) -> None:
    assert ring({"/voice": f'<Reject reason="{reason}"/>'}).over == [Over(status, "document")]


def test_say_passes_its_time_and_the_end_of_the_document_hangs_up() -> None:
    world = ring({"/voice": "<Say>0123456789</Say><Pause length='2'/>"})
    assert world.phone.status == "in-progress"
    world.run(2.59)
    assert world.over == []
    world.run(2.61)
    assert world.over == [Over("completed", "document")]


def test_a_redirect_loop_ends_somewhere() -> None:
    world = ring({"/voice": "<Redirect>/voice</Redirect>"})
    assert world.over == [Over("failed", "error")]


def test_a_relative_redirect_goes_from_the_document_it_is_in() -> None:
    world = ring({"/voice": "<Redirect method='GET'>next</Redirect>", "/next": "<Hangup/>"})
    assert world.asked[1].url.startswith(f"{ORIGIN}/next?")


def test_dial_ends_by_asking_its_action() -> None:
    world = ring(
        {"/voice": '<Dial action="/after">+44</Dial><Say>never</Say>', "/after": "<Hangup/>"},
        profile=profile(handover_s=4.0, dial_status="busy"),
    )
    world.run(5)
    assert world.asked_at == [0.0, 4.0]
    assert dict(world.asked[1].fields)["DialCallStatus"] == "busy"
    assert world.over == [Over("completed", "document")]


# --- streams ---------------------------------------------------------------------------------


def test_a_stream_opens_with_a_signed_upgrade_and_its_start() -> None:
    body = (
        f'<Connect><Stream url="{WSS}?a=b"><Parameter name="tenant" value="7"/></Stream></Connect>'
    )
    world = ring({"/voice": body})
    (opened,) = world.opened
    assert opened.url == WSS
    assert dict(opened.headers) == {"X-Twilio-Signature": signature(TOKEN, WSS)}
    connected, start = world.sent[:2]
    assert connected["event"] == "connected"
    assert start["start"]["customParameters"] == {"tenant": "7"}
    assert start["start"]["callSid"] == IDENTITY.call_sid
    assert start["streamSid"] == opened.stream_sid
    assert [w.code for w in world.phone.warnings] == [31920]  # the query


def test_the_measured_delays_lie_between_document_and_socket() -> None:
    world = ring({"/voice": connect()}, profile=PhoneProfile())
    world.run(0.4)
    assert world.opened_at == [0.365]


def test_a_caller_who_hangs_up_ends_stream_socket_and_call() -> None:
    world = ring({"/voice": connect('action="/after"')}, caller=ScriptedCaller([HangUp(At(1.0))]))
    world.run(5)
    assert world.sent[-1]["event"] == "stop"
    assert world.closed == [CloseSocket(world.opened[0].stream_sid)]
    assert world.over == [Over("completed", "caller")]
    assert world.purposes() == ["voice"]
    assert world.phone.deadline() is None


def test_a_socket_may_stay_open_when_the_caller_is_gone() -> None:
    world = ring(
        {"/voice": connect()},
        caller=ScriptedCaller([HangUp(At(1.0))]),
        stream_profile=StreamProfile(linger_s=30.0, sends_stop=False),
    )
    world.run(5)
    assert world.sent[-1]["event"] == "media"
    assert world.closed == [CloseSocket(world.opened[0].stream_sid, linger_s=30.0)]


@pytest.mark.parametrize(
    ("code", "logged"), [(1000, 31921), (1008, 31921), (None, 31903), (1002, 31924)]
)
def test_a_socket_the_server_ends_is_logged_and_the_action_asked(
    code: int | None, logged: int
) -> None:
    world = ring({"/voice": connect('action="/after"'), "/after": "<Say>Bye</Say>"})
    world.run(1.0)
    world.close(code)
    assert world.codes() == [logged]
    assert world.purposes() == ["voice", "action"]
    assert dict(world.asked[1].fields)["CallStatus"] == "in-progress"
    world.run(3.0)
    assert world.over == [Over("completed", "document")]


def test_without_an_action_the_next_verb_runs() -> None:
    world = ring({"/voice": connect(tail="<Redirect>/failover</Redirect>"), "/failover": connect()})
    world.run(1.0)
    world.close(None)
    assert world.purposes() == ["voice", "redirect"]
    assert len(world.opened) == 2
    first, second = world.phone.streams
    assert first.stream_sid != second.stream_sid
    assert first.ended and not second.ended


def test_without_anything_behind_the_stream_the_call_is_over() -> None:
    world = ring({"/voice": connect()})
    world.close()
    assert world.over == [Over("completed", "document")]


def test_the_seam_between_two_streams_takes_its_measured_time() -> None:
    world = ring({"/voice": connect('action="/voice"')}, profile=PhoneProfile())
    world.run(2.0)
    world.close()
    world.run(3.0)
    assert world.asked_at == [0.0, 2.3]
    assert world.opened_at == [0.365, 2.665]


@pytest.mark.parametrize(
    ("refuses", "url", "code"),
    [
        ((31920, "403"), WSS, 31920),
        (None, "ws://media.example.com/ms", 31922),
        (None, "wss://", 31923),
    ],
)
def test_a_failed_handshake_goes_on_or_hangs_up(
    refuses: tuple[int, str] | None, url: str, code: int
) -> None:
    pages: dict[str, Page] = {"/voice": connect('action="/after"', url=url), "/after": "<Hangup/>"}
    goes_on = ring(pages, refuses=refuses)
    assert goes_on.purposes() == ["voice", "action"]
    assert goes_on.over == [Over("completed", "document")]
    hangs_up = ring(pages, refuses=refuses, profile=profile(failed_handshake="hang_up"))
    assert hangs_up.purposes() == ["voice"]
    assert hangs_up.over == [Over("completed", "error")]
    assert goes_on.codes() == hangs_up.codes() == [code]


def test_ws_is_refused_unless_it_is_asked_for() -> None:
    url = "ws://127.0.0.1:8080/ms"
    assert ring({"/voice": connect(url=url)}).codes() == [31922]
    world = ring({"/voice": connect(url=url)}, profile=profile(allow_ws=True))
    assert world.opened[0].url == url


def test_frames_of_the_far_end_reach_the_stream_and_its_warnings_the_log() -> None:
    world = ring({"/voice": connect()})
    sid = world.opened[0].stream_sid
    mark = json.dumps({"event": "mark", "streamSid": sid, "mark": {"name": "a"}})
    world.do(world.phone.socket_message(sid, mark, world.now))
    assert world.sent[-1]["mark"] == {"name": "a"}
    world.do(world.phone.socket_message(sid, b"binary", world.now))
    assert [w.code for w in world.phone.warnings] == [31950]


def test_a_reader_too_slow_is_logged_once() -> None:
    world = ring({"/voice": connect()})
    world.phone.congested(world.now)
    world.phone.congested(world.now)
    assert [w.code for w in world.phone.warnings] == [31930]


# --- REST ------------------------------------------------------------------------------------


def test_completion_stops_the_stream_and_ends_the_call_without_its_action() -> None:
    world = ring({"/voice": connect('action="/after"')})
    world.run(1.0)
    world.do(world.phone.update(world.now, status="completed"))
    assert world.sent[-1]["event"] == "stop"
    assert len(world.closed) == 1
    assert world.over == [Over("completed", "rest")]
    assert world.purposes() == ["voice"]


def test_a_new_document_stops_the_stream_asks_its_action_and_runs_without_its_answer() -> None:
    world = ring({"/voice": connect('action="/after"'), "/after": "<Hangup/>"})
    world.run(1.0)
    dial = "<Response><Dial>+441632960003</Dial></Response>"
    world.do(world.phone.update(world.now, twiml=dial))
    assert world.sent[-1]["event"] == "stop"
    assert world.purposes() == ["voice", "action"]
    assert world.over == []
    world.run(9.0)
    assert world.over == [Over("completed", "document")]


def test_the_interrupted_action_comes_first_and_the_new_document_after_it() -> None:
    pages: dict[str, Page] = {"/voice": connect('action="/after"'), "/after": "", "/new": connect()}
    world = ring(pages, profile=PhoneProfile())
    world.run(2.0)
    world.do(world.phone.update(world.now, url=f"{ORIGIN}/new"))
    world.run(4.0)
    assert world.purposes() == ["voice", "action", "update"]
    assert world.asked_at == [0.0, 2.32, 2.651]
    assert len(world.phone.streams) == 2


def test_a_new_document_needs_no_action_where_none_is_asked() -> None:
    world = ring({"/voice": connect('action="/after"')}, profile=profile(updates_ask_action=False))
    world.do(world.phone.update(world.now, twiml="<Response><Hangup/></Response>"))
    assert world.purposes() == ["voice"]
    assert world.over == [Over("completed", "document")]


def test_an_answer_to_what_an_update_has_overtaken_changes_nothing() -> None:
    world = ring({"/voice": connect()}, keeps_waiting=frozenset({"/voice"}))
    world.do(world.phone.update(101.0, twiml="<Response><Pause length='5'/></Response>"))
    world.do(world.phone.answered(world.asked[0].id, xml(connect()), 102.0))
    assert world.opened == []
    world.run(20.0)
    assert world.over == [Over("completed", "document")]
    assert world.codes() == []
    assert [e.request.purpose for e in world.phone.exchanges] == ["voice"]


def test_a_relative_url_in_inline_twiml_is_an_error() -> None:
    world = ring({"/voice": connect()})
    twiml = "<Response><Redirect>/next</Redirect></Response>"
    world.do(world.phone.update(world.now, twiml=twiml))
    assert world.codes() == [15004]


def test_an_update_after_the_end_is_refused() -> None:
    world = ring({"/voice": "<Hangup/>"})
    with pytest.raises(NotInProgress):
        world.phone.update(world.now, status="completed")


def test_an_update_in_the_moment_the_caller_hangs_up_loses_nothing() -> None:
    world = ring({"/voice": connect()}, caller=ScriptedCaller([HangUp(At(0.1))]))
    world.do(world.phone.update(105.0, status="completed"))
    assert world.sent[-1]["event"] == "stop"
    assert world.over == [Over("completed", "caller")]


def test_an_update_during_the_handshake_takes_the_socket_back() -> None:
    world = ring({"/voice": connect()}, profile=profile(socket_after_s=0.5))
    world.run(0.4)
    phone = world.phone
    (opening,) = phone.tick(100.5)
    assert isinstance(opening, OpenSocket)
    world.do(phone.update(100.6, status="completed"))
    assert world.closed == [CloseSocket(opening.stream_sid)]
    assert phone.socket_opened(opening.stream_sid, 100.7) == []
    assert phone.streams == []


# --- the end, and callbacks ------------------------------------------------------------------


def test_the_time_limit_ends_the_call_as_rest_would() -> None:
    world = ring({"/voice": connect()}, profile=profile(time_limit_s=3.0))
    world.run(10)
    assert world.sent[-1]["event"] == "stop"
    assert world.over == [Over("completed", "limit")]


def test_a_caller_may_hang_up_while_the_webhook_is_out() -> None:
    world = ring({"/voice": connect()}, keeps_waiting=frozenset({"/voice"}))
    world.do(world.phone.caller_hangs_up(101.0))
    assert world.over == [Over("completed", "caller")]
    world.do(world.phone.answered(world.asked[0].id, xml(connect()), 102.0))
    assert world.opened == []


def test_status_callbacks_tell_the_course_of_the_call() -> None:
    events = frozenset({"initiated", "ringing", "answered", "completed"})
    line = Line(VOICE, status_callback=f"{ORIGIN}/status", status_events=events)
    world = ring({"/voice": "<Pause length='61'/>", "/status": Response(204)}, line=line)
    world.run(70)
    told = [dict(r.fields) for r in world.asked if r.purpose == "status"]
    assert [f["CallStatus"] for f in told] == ["initiated", "ringing", "in-progress", "completed"]
    assert [f["SequenceNumber"] for f in told] == ["0", "1", "2", "3"]
    assert (told[3]["CallDuration"], told[3]["Duration"]) == ("61", "2")
    assert told[0]["Timestamp"] == "Thu, 01 Jan 1970 00:01:40 +0000"
    assert "CallDuration" not in told[2]
    assert not any(
        w for r, w in zip(world.asked, world.waited, strict=True) if r.purpose == "status"
    )
    assert world.phone.warnings == []


def test_only_the_end_is_told_unless_more_is_subscribed() -> None:
    line = Line(VOICE, status_callback=f"{ORIGIN}/status")
    world = ring({"/voice": "<Reject/>", "/status": Response(200)}, line=line)
    assert [dict(r.fields)["CallStatus"] for r in world.asked] == ["ringing", "no-answer"]


def test_a_status_callback_that_fails_is_a_warning() -> None:
    line = Line(VOICE, status_callback=f"{ORIGIN}/status")
    world = ring({"/voice": "<Reject/>", "/status": Response(500)}, line=line)
    assert [w.code for w in world.phone.warnings] == [15003]
    assert world.codes() == []


def test_stream_callbacks_tell_start_and_stop() -> None:
    stream = f'name="main" statusCallback="{ORIGIN}/events"'
    world = ring({"/voice": connect(stream=stream), "/events": Response(200)})
    world.run(1.0)
    world.close()
    told = [dict(r.fields) for r in world.asked if r.purpose == "stream-status"]
    assert [f["StreamEvent"] for f in told] == ["stream-started", "stream-stopped"]
    assert {f["StreamSid"] for f in told} == {world.opened[0].stream_sid}
    assert {f["StreamName"] for f in told} == {"main"}
    assert told[0]["Timestamp"].startswith("1970-01-01T00:01:40")


def test_a_failed_handshake_is_told_as_a_stream_error() -> None:
    stream = f'statusCallback="{ORIGIN}/events"'
    world = ring(
        {"/voice": connect(stream=stream), "/events": Response(200)}, refuses=(31920, "HTTP 403")
    )
    told = [dict(r.fields) for r in world.asked if r.purpose == "stream-status"]
    assert [(f["StreamEvent"], f["StreamError"]) for f in told] == [
        ("stream-error", "31920 HTTP 403")
    ]


def test_callbacks_may_come_late_twice_and_out_of_order() -> None:
    events = frozenset({"initiated", "ringing", "answered", "completed"})
    line = Line(VOICE, status_callback=f"{ORIGIN}/status", status_events=events)
    orders = set()
    for seed in range(8):
        world = ring(
            {"/voice": "<Hangup/>", "/status": Response(200)},
            line=line,
            profile=profile(
                callback_delay_s=0.1, callback_jitter_s=1.0, callbacks_twice=True, seed=seed
            ),
        )
        assert world.over == [Over("completed", "document")]
        world.run(5.0)
        told = [dict(r.fields)["SequenceNumber"] for r in world.asked if r.purpose == "status"]
        assert sorted(told) == sorted("001122")
        orders.add(tuple(told))
    assert len(orders) > 1


def test_the_same_call_is_the_same_twice() -> None:
    def trace() -> list[object]:
        world = ring(
            {"/voice": connect('action="/after"'), "/after": "<Hangup/>"},
            caller=ScriptedCaller([HangUp(At(1.0))]),
            profile=PhoneProfile(),
        )
        world.run(5.0)
        return [world.asked, world.opened, world.sent, world.over]

    assert trace() == trace()


def test_every_request_and_its_answer_is_kept() -> None:
    world = ring({"/voice": "<Redirect>/next</Redirect>", "/next": Response(500)})
    kept = [(e.request.purpose, e.answer) for e in world.phone.exchanges]
    assert [purpose for purpose, _ in kept] == ["voice", "redirect"]
    assert kept[1][1] == Response(500)
