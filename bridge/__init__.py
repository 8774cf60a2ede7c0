"""Offhook: a phone bridge for realtime voice models."""

from importlib.metadata import version

__version__ = version("offhook")
