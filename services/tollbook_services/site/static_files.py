"""Style sheets and scripts, under names that change with what is in them."""

from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Annotated, Final

from fastapi import APIRouter, Path, Response

from tollbook_schemas.errors import NotFoundError

_MEDIA: Final = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}
_FOR_EVER: Final = "public, max-age=31536000, immutable"

router = APIRouter(include_in_schema=False)


@cache
def _files() -> dict[str, tuple[str, bytes]]:
    """Each file by its name, with the digest that stands in its URL."""
    folder = files("tollbook_services.site").joinpath("static")
    found = {one.name: one.read_bytes() for one in folder.iterdir() if one.is_file()}
    return {name: (sha256(data).hexdigest()[:12], data) for name, data in found.items()}


def static_url(name: str) -> str:
    """The URL of a file, which is another one once the file is."""
    digest, _ = _files()[name]
    return f"/static/{digest}/{name}"


@router.get("/static/{digest}/{name}")
async def static_file(
    digest: Annotated[str, Path(max_length=64)], name: Annotated[str, Path(max_length=64)]
) -> Response:
    """A file of the pages."""
    known, data = _files().get(name, ("", b""))
    if known != digest or not data:
        raise NotFoundError(f"there is no file {name!r} of this version")
    media = _MEDIA[name.rpartition(".")[2]]
    return Response(data, headers={"Cache-Control": _FOR_EVER}, media_type=media)
