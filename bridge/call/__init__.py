"""What a call is: a state machine without I/O, clock or logging."""
