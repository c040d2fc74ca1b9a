"""Message types, their MessagePack codec, and the manifest whose hash both sides of a handshake compare."""
