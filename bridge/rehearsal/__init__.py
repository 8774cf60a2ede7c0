"""Whole calls in virtual time: carrier, bridge, model and the network between them."""
