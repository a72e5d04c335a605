"""Subscribers, lists and consent: the most dangerous thing that this software holds."""
