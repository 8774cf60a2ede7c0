"""How Twilio signs what it sends (Security, "Validating requests").

The text that is signed is the URL as Twilio was told to call it, without its fragment and without
credentials; over HTTPS and WSS without a port either, which is dropped before signing. For a form
the decoded fields follow, by name: a field that is there but empty counts by its name.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import urlsplit

Field = tuple[str, str]


def signature(token: str, url: str, fields: Iterable[Field] = ()) -> str:
    """``X-Twilio-Signature`` of a request. For GET and upgrades there are no fields."""
    text = signed_url(url) + _form(fields)
    digest = hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def signed_url(url: str) -> str:
    """The URL as it is signed; query, percent-encoding and slashes stay as they are."""
    url = url.partition("#")[0]
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme in ("https", "wss") and parts.port is not None:
        host = host.rpartition(":")[0]
    rest = url[len(parts.scheme) + len("://") + len(parts.netloc) :]
    return f"{parts.scheme}://{host}{rest}"


def _form(fields: Iterable[Field]) -> str:
    # One value of one name counts once; names and values go by their bytes.
    return "".join(name + value for name, value in sorted(set(fields), key=_bytewise))


def _bytewise(field: Field) -> tuple[bytes, bytes]:
    return field[0].encode(), field[1].encode()
