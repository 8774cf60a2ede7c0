"""What outlives a process: agents, routes, calls, tokens and who changed what."""
