"""The web app, put together from the parts it is given."""

from fastapi import FastAPI

from bridge.registry import Registry
from bridge.store.writer import StoreWriter
from bridge.web import health, voice
from bridge.web.api import Services, join
from bridge.web.voice import Gate


def create_app(gate: Gate, registry: Registry, services: Services, writer: StoreWriter) -> FastAPI:
    app = FastAPI(title="Offhook", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(voice.router(gate, registry))
    app.include_router(health.router(registry, writer))
    join(app, services)
    return app
