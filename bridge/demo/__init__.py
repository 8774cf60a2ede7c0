"""A telephone line to try out: real sockets, human recordings, no account."""
