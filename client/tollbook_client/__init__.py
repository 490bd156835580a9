"""A client of tollbook over HTTP: publish, ask, follow, verify; synchronous and asynchronous."""

from tollbook_client.aio import AsyncClient
from tollbook_client.errors import (
    ClientError,
    GapError,
    ProblemError,
    ProofError,
    RefusedError,
    UnreachableError,
)
from tollbook_client.proofs import VerifiedReceipt, verify_receipt
from tollbook_client.shapes import Asked, Cell, Change, Receipt, Tolls
from tollbook_client.sync import Client

__all__ = [
    "Asked",
    "AsyncClient",
    "Cell",
    "Change",
    "Client",
    "ClientError",
    "GapError",
    "ProblemError",
    "ProofError",
    "Receipt",
    "RefusedError",
    "Tolls",
    "UnreachableError",
    "VerifiedReceipt",
    "verify_receipt",
]
