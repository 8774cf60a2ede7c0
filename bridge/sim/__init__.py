"""Simulated peers, written from the vendors documents alone."""
