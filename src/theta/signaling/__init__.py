"""How peers that cannot reach each other yet agree on a peer connection: spec/signaling.md (SIG-n). No I/O."""
