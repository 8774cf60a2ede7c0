"""The tables' history, from nothing to today."""
