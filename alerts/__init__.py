"""Calls warehouse workers to action by text message, in English, Spanish and Somali."""

from importlib.metadata import version

__version__ = version("alerts")  # written once, in pyproject.toml
