"""Sockets and nothing else."""
