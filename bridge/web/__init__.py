"""The web app: webhooks, media socket, health."""
