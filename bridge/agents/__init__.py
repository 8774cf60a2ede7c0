"""What ops configure: the agent document."""
