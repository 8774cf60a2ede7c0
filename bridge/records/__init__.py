"""What is kept of a call when it is over, what it cost, and how it is shown."""
