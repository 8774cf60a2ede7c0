"""Agents tried out before they answer: test conversations, and stored calls run again."""
