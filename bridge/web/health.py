"""Is the process alive, and does it take calls?"""

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from bridge.registry import Registry
from bridge.store.writer import StoreWriter


class Health(BaseModel):
    product: Literal["offhook"] = "offhook"
    calls: int
    store: Literal["up", "away"]  # calls go on without it
    records_waiting: int  # in the spool, for the store


def router(registry: Registry, writer: StoreWriter) -> APIRouter:
    routes = APIRouter()

    @routes.get("/healthz")
    async def healthz() -> Health:
        return Health(
            calls=registry.running,
            store="up" if writer.up else "away",
            records_waiting=writer.depth,
        )

    @routes.get("/readyz")
    async def readyz(response: Response) -> dict[str, bool]:
        """503 while it drains or is full: a balancer then sends new calls elsewhere."""
        response.status_code = 200 if registry.accepting else 503
        return {"ready": registry.accepting}

    return routes
