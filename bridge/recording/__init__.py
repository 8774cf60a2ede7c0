"""Dual-channel recordings: left what the caller said, right what the caller heard."""
