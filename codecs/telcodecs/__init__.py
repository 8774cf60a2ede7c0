"""Signal processing for telephone audio: bytes in, bytes out."""
