"""URLs as they come from documents and headers: they may be anything."""

from urllib.parse import urljoin, urlsplit


def is_url(url: str, *schemes: str) -> bool:
    """Whether it names a host that can be called by one of the schemes."""
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, a bracket that is not closed
        return False


def resolved(base_url: str, url: str) -> str:
    """A URL as seen from another one; what makes no sense stays as it is."""
    try:
        return urljoin(base_url, url)
    except ValueError:
        return url
