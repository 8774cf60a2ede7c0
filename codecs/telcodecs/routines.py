"""The C routines of ``audioop``, wherever this Python has them."""

import warnings

with warnings.catch_warnings():
    # Leaves the standard library in 3.13, where the distribution audioop-lts takes its place.
    warnings.filterwarnings("ignore", "'audioop' is deprecated", DeprecationWarning)
    import audioop

__all__ = ["audioop"]
