"""Does the world reach us at our public URL?"""

import httpx

from bridge.doctor.finding import Finding, failed, good, skipped
from bridge.doctor.reach import client, unreached

CHECK = "public url"
VARIABLE = "OFFHOOK_PUBLIC_URL"
GATEWAY = frozenset({502, 503, 504})


async def check(public_url: str | None) -> Finding:
    if public_url is None:
        return skipped(CHECK, f"{VARIABLE} is not set: only this machine can call")
    url = f"{public_url}/healthz"
    async with client(url) as http:
        try:
            answer = await http.get(url)
        except httpx.HTTPError as error:
            why = unreached(error, url, VARIABLE)
            return failed(CHECK, f"{public_url}: {why.told}", why.mend)
    if _is_ours(answer):
        return good(CHECK, f"{public_url} answers")
    return _other(public_url, answer)


def _is_ours(answer: httpx.Response) -> bool:
    """``/healthz`` names the product."""
    try:
        told = answer.json()
    except ValueError:
        return False
    named = isinstance(told, dict) and told.get("product") == "offhook"
    return answer.status_code == 200 and named


def _other(public_url: str, answer: httpx.Response) -> Finding:
    status = answer.status_code
    if status in GATEWAY:
        return failed(
            CHECK,
            f"other server: a proxy answers at {public_url} with {status}, it finds nobody behind",
            "start `offhook serve`, and let the proxy pass everything to its host and port",
        )
    named = answer.headers.get("server", "")
    by = f" ({named[:60]})" if named else ""
    if answer.is_redirect:
        return failed(
            CHECK,
            f"other server: {public_url}{by} redirects ({status}); Twilio's signature would not"
            " fit at another address",
            f"put the address it redirects to into {VARIABLE}, or take the redirect away",
        )
    return failed(
        CHECK,
        f"other server: {public_url}{by} answers {status}, and not as Offhook",
        f"correct {VARIABLE}, or let that server pass everything to `offhook serve`",
    )
