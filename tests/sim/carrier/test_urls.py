"""URLs that may be anything."""

from bridge.sim.carrier.urls import is_url, resolved


def test_what_can_be_called() -> None:
    assert is_url("https://a.example/x", "http", "https")
    assert is_url("wss://[::1]:8443", "wss")
    for wrong in ("a.example/x", "https://", "https://[", "https://a:b/", "ws://a/", ""):
        assert not is_url(wrong, "http", "https")


def test_what_makes_no_sense_stays_as_it_is() -> None:
    assert resolved("https://a.example/x/y", "z?b=c") == "https://a.example/x/z?b=c"
    assert resolved("https://a.example/x", "https://b.example/") == "https://b.example/"
    assert resolved("https://a.example/x", "//[") == "//["
