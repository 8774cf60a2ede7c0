"""Twilio as we meet it."""
