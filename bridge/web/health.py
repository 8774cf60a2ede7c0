"""Is the process alive, and does it take calls?"""

from fastapi import APIRouter, Response

from bridge.registry import Registry


def router(registry: Registry) -> APIRouter:
    routes = APIRouter()

    @routes.get("/healthz")
    async def healthz() -> dict[str, int]:
        return {"calls": registry.running}

    @routes.get("/readyz")
    async def readyz(response: Response) -> dict[str, bool]:
        """503 while it drains or is full: a balancer then sends new calls elsewhere."""
        response.status_code = 200 if registry.accepting else 503
        return {"ready": registry.accepting}

    return routes
