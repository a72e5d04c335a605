"""Twilio: sending, webhooks, and what each of its codes does."""
