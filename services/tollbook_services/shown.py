"""What of an address may be shown: never a password."""

from urllib.parse import urlsplit


def safe_url(url: str) -> str:
    """The URL as it may be shown: without user, password and options."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url.partition("://")[0] + "://..."
    if "@" in parts.path + parts.query + parts.fragment and parts.scheme != "unix":
        return f"{parts.scheme}://..."
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
