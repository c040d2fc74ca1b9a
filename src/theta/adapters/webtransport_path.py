"""Where on a room's server WebTransport sessions are; by itself, so that a page's server needs no aioquic to say so."""

WEBTRANSPORT_PATH = "/webtransport"
