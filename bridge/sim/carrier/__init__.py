"""Twilio as a bridge meets it, written from Twilio's documents and from nothing of ours.

From the inside out: ``playback`` is the buffer and the ear, ``stream`` one media stream, ``phone``
a whole call; each a core of (event, now) -> messages. ``caller`` is the person at the other end.
``shell`` puts real sockets around a call, ``rest`` answers for the REST API, ``delivery`` is the
network in between. Where a document leaves something open, ``profile`` has a field for it.
"""
