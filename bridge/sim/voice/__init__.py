"""Voice for the simulators: detection, transcription, speech."""
