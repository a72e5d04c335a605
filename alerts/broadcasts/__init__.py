"""Alerts: audience, text, deliveries, fan-out, report."""
