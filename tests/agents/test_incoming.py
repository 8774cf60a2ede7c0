import pytest

from bridge.agents.incoming import Incoming, address, withheld


@pytest.mark.parametrize(
    "caller",
    ["", " ", "anonymous", "Anonymous", "unknown", "restricted", "unavailable", "private"]
    + ["+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"]
    + ["sip:anonymous@anonymous.invalid"],
)
def test_a_number_that_is_not_shown_is_known_in_all_its_spellings(caller: str) -> None:
    assert withheld(caller)
    assert Incoming("CA1", caller, "+15550001").withheld


@pytest.mark.parametrize("caller", ["+15550001", "12345", "sip:anna@example.com", "client:anna"])
def test_a_number_that_is_shown_is_not_withheld(caller: str) -> None:
    assert not withheld(caller)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("+15550001", "+15550001"),
        (" +15550001 ", "+15550001"),
        ("sip:Shop@Example.COM", "sip:Shop@example.com"),
        ("sips:shop@example.com:5061", "sip:shop@example.com"),
        ("SIP:shop;x=1@example.com;transport=udp?a=b", "sip:shop@example.com"),
        ("sip:shop@[2001:DB8::1]:5060", "sip:shop@[2001:db8::1]"),
        ("sip:example.com", "sip:example.com"),
        ("client:Anna", "client:Anna"),
        ("sip", "sip"),
    ],
)
def test_an_address_has_one_form(written: str, told: str) -> None:
    assert address(written) == told
    assert address(told) == told
