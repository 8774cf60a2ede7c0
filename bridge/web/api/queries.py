"""The part of a URL behind the "?": a filter that is not known would be left out, and more be
answered than was asked for."""

from collections import Counter
from difflib import get_close_matches

from fastapi import Request

from bridge.web.api.problem import INVALID, FieldError, Problem


def check(request: Request) -> None:
    """Of every route. Raises Problem for a parameter that the route does not have, and for one
    that is given twice: none is a list."""
    route = request.scope["route"]
    known = [each.alias for each in route.dependant.query_params]
    found = []
    for name, times in Counter(each for each, _ in request.query_params.multi_items()).items():
        if name not in known:
            found.append(FieldError(name[:100], f"is not known in the query; {_mend(name, known)}"))
        elif times > 1:
            found.append(FieldError(name, f"is given {times} times in the query; give it once"))
    if found:
        told = "; ".join(f"{each.field}: {each.message}" for each in found)
        raise Problem(INVALID, told[:1000], found[:100])


def _mend(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1)
    if near:
        return f"did you mean {near[0]}?"
    return f"known are {', '.join(known)}" if known else "remove it"
