"""The peer of bench_room: the least that passes messages on. No signatures, no order, no fold, no document.

A message that begins with 1 is committed to SQLite (WAL, FULL) before everyone gets it; any other is passed on at once.
"""

import sqlite3
import sys
from pathlib import Path

from aiohttp import WSMsgType, web


def make_app(database: Path) -> web.Application:
    """The relay, with its commits in `database`."""
    store = sqlite3.connect(database, isolation_level=None)
    store.execute("PRAGMA journal_mode=WAL")
    store.execute("PRAGMA synchronous=FULL")
    store.execute("CREATE TABLE records (seq INTEGER PRIMARY KEY, body BLOB)")
    everyone: set[web.WebSocketResponse] = set()

    async def relay(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        everyone.add(socket)
        async for message in socket:
            if message.type is not WSMsgType.BINARY:
                break
            if message.data[0] == 1:
                store.execute("INSERT INTO records (body) VALUES (?)", (message.data,))
            for other in list(everyone):
                await other.send_bytes(message.data)
        everyone.discard(socket)
        return socket

    app = web.Application()
    app.router.add_get("/ws", relay)
    return app


if __name__ == "__main__":
    web.run_app(make_app(Path(sys.argv[1])), host="127.0.0.1", port=int(sys.argv[2]), print=lambda *_: None)
