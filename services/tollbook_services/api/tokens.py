"""Routes about tokens: who am I, and for administrators making and revoking them."""

from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from typing_extensions import TypedDict

from tollbook_schemas.text import TimeText
from tollbook_schemas.times import instant_of
from tollbook_services.access.principal import Principal
from tollbook_services.access.roles import MAY, Action, Role
from tollbook_services.access.tokens import Tokens
from tollbook_services.api.bodies import whole_body
from tollbook_services.api.running import Running, running_of
from tollbook_services.api.security import needs
from tollbook_services.api.told import Responses, answers, problems

router = APIRouter(prefix="/v1", tags=["access"])

Held = Annotated[Running, Depends(running_of)]

_BODY_BYTES_MAX: Final = 128 * 2**10
"""Bytes of a token to make: a hundred of the longest sources."""


class NewToken(BaseModel):
    """A token to make."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")
    role: Role
    sources: list[str] = Field(default_factory=list, max_length=100)
    expires_at: TimeText | None = None


class TokenDocument(TypedDict):
    """A token without its secret."""

    id: str
    name: str
    role: str
    sources: list[str]
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None


class MadeToken(TokenDocument):
    """A new token; `token` is shown only now."""

    token: str


class TokensDocument(TypedDict):
    """Every token that was ever made, oldest first."""

    tokens: list[TokenDocument]


class Me(TypedDict):
    """Who calls, and what they may do; `sources` is null where they may publish under any."""

    name: str
    role: str | None
    sources: list[str] | None
    may: list[str]


_MADE: Responses = {201: {"model": MadeToken, "description": "The token."}}


_SCHEMA: Final[dict[str, Any]] = NewToken.model_json_schema(
    ref_template="#/components/schemas/{model}"
)
NEW_TOKEN_SCHEMAS: Final[dict[str, Any]] = {**_SCHEMA.pop("$defs"), "NewToken": _SCHEMA}
"""What a token to make looks like, by the names of the components."""

_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewToken"}}},
    }
}


async def new_token(request: Request) -> NewToken:
    """The token that an administrator asks for; read by hand, so that nobody else's body is.

    Raises:
        RequestValidationError: the body is no such document.
        ProblemError: 413, it is too long.
    """
    body = await whole_body(request, _BODY_BYTES_MAX, "name fewer sources, or a prefix/*")
    try:
        return NewToken.model_validate_json(body)
    except ValidationError as error:
        faults = [{**one, "loc": ("body", *one["loc"])} for one in error.errors()]
        raise RequestValidationError(faults) from None


@router.get("/me", responses=answers(Me) | problems())
async def me(caller: Annotated[Principal, Depends(needs(Action.READ))]) -> Response:
    """Who this token belongs to."""
    may = sorted(MAY[caller.role]) if caller.role else []
    sources = None if caller.sources is None else list(caller.sources)
    return _json({"name": caller.name, "role": caller.role, "sources": sources, "may": may})


@router.get(
    "/tokens",
    responses=answers(TokensDocument) | problems(),
    dependencies=[Depends(needs(Action.AUDIT))],
)
async def list_tokens(running: Held) -> Response:
    """Every token, without its secret."""
    found = await Tokens(running.book.redis).all()
    return _json({"tokens": [one.document() for one in found]})


@router.post(
    "/tokens",
    status_code=201,
    responses=_MADE | problems(400, 413, 422, 507),
    dependencies=[Depends(needs(Action.ADMINISTER))],
    openapi_extra=_BODY,
)
async def create_token(request: Request, running: Held) -> Response:
    """Make a token; its secret is in this answer and nowhere else."""
    wanted, tokens = await new_token(request), Tokens(running.book.redis)
    until = None if wanted.expires_at is None else instant_of(wanted.expires_at)
    made, text = await tokens.create(wanted.name, wanted.role, wanted.sources, until)
    return _json({**made.document(), "token": text}, 201)


@router.delete(
    "/tokens/{token_id}",
    responses=answers(TokenDocument) | problems(404, 422, 507),
    dependencies=[Depends(needs(Action.ADMINISTER))],
)
async def revoke_token(
    running: Held, token_id: Annotated[str, Path(min_length=1, max_length=64)]
) -> Response:
    """Refuse a token from now on, everywhere within a second."""
    return _json((await Tokens(running.book.redis).revoke(token_id)).document())


def _json(document: object, status: int = 200) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(orjson.dumps(document), status, headers, "application/json")
