"""Room (the host) and Peer (a participant): the pipeline, written out in order."""
