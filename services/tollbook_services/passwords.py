"""A password kept in a file, as secrets of containers are, joined to the URL that it is for."""

from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

from tollbook_schemas.errors import UsageError

PASSWORD_BYTES_MAX: Final = 4096
"""A password is a line; a longer file is another file that was named by mistake."""


def with_password(url: str, file: Path) -> str:
    """The URL with the password of the file; one that has a password already stays as it is.

    A line break at the end of the file is no part of the password. A unix socket takes it too.

    Raises:
        UsageError: the file cannot be read, is empty, or is more than one line of text.
    """
    try:
        parts = urlsplit(url)
        known = parts.password
    except ValueError:
        return url
    if known is not None or "password=" in parts.query:
        return url
    password = quote(_read(file), safe="")
    if parts.scheme == "unix":
        query = f"{parts.query}&password={password}".removeprefix("&")
        return f"{url.partition('?')[0]}?{query}"
    user, at, host = parts.netloc.rpartition("@")
    netloc = f"{user}:{password}@{host}" if at else f":{password}@{host}"
    return urlunsplit(parts._replace(netloc=netloc))


def _read(file: Path) -> str:
    wanted = "TOLLBOOK_REDIS_PASSWORD_FILE names the file with the password, one line of text"
    try:
        with file.open("rb") as opened:
            password = opened.read(PASSWORD_BYTES_MAX + 1).decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {file} ({error}): {wanted}") from error
    if not password:
        raise UsageError(f"{file} is empty: {wanted}")
    if len(password) > PASSWORD_BYTES_MAX or not password.isprintable():
        raise UsageError(f"{file} is no password: {wanted}, at most {PASSWORD_BYTES_MAX} bytes")
    return password
