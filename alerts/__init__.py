"""Calls warehouse workers to action by text message, in English, Spanish and Somali."""
