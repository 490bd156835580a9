"""Routes about tokens: who am I, and for administrators making and revoking them."""

from datetime import datetime
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from tollbook_services.access.principal import Principal
from tollbook_services.access.roles import MAY, Action, Role
from tollbook_services.access.tokens import Tokens
from tollbook_services.api.running import Running, running_of
from tollbook_services.api.security import needs
from tollbook_services.api.told import Responses, answers, problems

router = APIRouter(prefix="/v1", tags=["access"])

Held = Annotated[Running, Depends(running_of)]


class NewToken(BaseModel):
    """A token to make."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")
    role: Role
    sources: list[str] = Field(default_factory=list, max_length=100)
    expires_at: datetime | None = None


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
    responses=_MADE | problems(400, 422),
    dependencies=[Depends(needs(Action.ADMINISTER))],
)
async def create_token(running: Held, wanted: NewToken) -> Response:
    """Make a token; its secret is in this answer and nowhere else."""
    tokens = Tokens(running.book.redis)
    made, text = await tokens.create(wanted.name, wanted.role, wanted.sources, wanted.expires_at)
    return _json({**made.document(), "token": text}, 201)


@router.delete(
    "/tokens/{token_id}",
    responses=answers(TokenDocument) | problems(404, 422),
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
