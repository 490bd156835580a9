"""The OpenAPI 3.1 document of the HTTP API."""

from importlib.metadata import version
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from tollbook_services.api.event_schema import event_schemas
from tollbook_services.api.tokens import NEW_TOKEN_SCHEMAS
from tollbook_services.api.told import Problem

_TEXT: Final = """\
The HTTP API of a tollbook ledger. Every number can be asked as of the originators' cut-off \
(`as_of`), as of what had been published (`published_as_of`) and as of what this ledger had \
recorded (`known_as_of`). Errors are problem documents (RFC 9457). Events carry their idempotency \
key, `source` and `id`, so publishing the same again is safe."""

_TAGS: Final = [
    {"name": "views", "description": "What is known of a crisis."},
    {"name": "feed", "description": "What changed, as it does."},
    {"name": "events", "description": "Publish events, read them back, prove that they are there."},
    {"name": "log", "description": "Transparency logs, as c2sp.org/tlog-tiles lays them out."},
    {"name": "access", "description": "Tokens."},
    {"name": "ledger", "description": "Crises, areas, and how the ledger stands."},
]


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """The document of an application, made once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title="tollbook",
            version=version("tollbook"),
            openapi_version="3.1.0",
            description=_TEXT,
            license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
            routes=app.routes,
            tags=_TAGS,
        )
        components = document.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        problem = TypeAdapter(Problem).json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(problem.pop("$defs", {}))
        schemas["Problem"] = problem
        schemas.update(event_schemas())
        schemas.update(NEW_TOKEN_SCHEMAS)
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"token": []}, {}]
        app.openapi_schema = document
    return app.openapi_schema
