"""A room for people who come and go, in a process of its own; it is asked what it keeps."""

import asyncio
import gc
import logging
import sys
import tempfile
from pathlib import Path
from typing import Any

import psutil

from benches._child import Said, answer_questions
from theta.adapters.collecting import settle_collector
from theta.adapters.files import read_secret, room_secret_path
from theta.adapters.host import RoomHost
from theta.adapters.http_server import HttpSettings
from theta.adapters.lan_server import LanServer
from theta.adapters.listening import listen, url_of
from theta.adapters.signal_server import SignalHub
from theta.adapters.tls_watch import CertificateWatch, certificate_source
from theta.cli.meeting import Meeting
from theta.cli.serve import ServeOptions, open_room, opened_store, run_on_best_loop
from theta.commands.identity import Identity
from theta.session.secret import RoomSecret
from theta.signaling.proof import room_of_key
from theta.signaling.server import SignalSettings


class Faults(logging.Handler):
    """Whatever was logged as an error, and exceptions that nobody took."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))

    def note(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """For the event loop."""
        self.texts.append(f"{context.get('message')}: {context.get('exception')!r}")


async def _serve(folder: Path) -> None:
    faults = Faults()
    logging.getLogger().addHandler(faults)
    asyncio.get_running_loop().set_exception_handler(faults.note)
    options = ServeOptions(folder / "soak.theta", lan=False, port=0)
    watch = CertificateWatch(certificate_source())
    sockets = listen(options.listen_host, options.port)
    with opened_store(options.file) as (store, source):
        room = open_room(options, source, store.assets(), Identity.from_seed(b"o" * 32))
        secret = RoomSecret(read_secret(room_secret_path(options.file)))
        hub = SignalHub(SignalSettings(rooms=frozenset({room_of_key(room.room_key)})))
        host = RoomHost(room, store)
        server = LanServer(host, sockets, watch, HttpSettings(options.listen_host, file=options.file, signaling=hub))
        await server.start()
        settle_collector()
        server.start_quic()
        process = psutil.Process()

        async def where(said: Said) -> Said:
            return {"url": f"{url_of(options.listen_host, sockets)}/#invite={room.invite('editor')}"}

        async def kept(said: Said) -> Said:
            gc.collect()
            return {
                "bytes": process.memory_full_info().uss,
                "tasks": len(asyncio.all_tasks()),
                "descriptors": process.num_fds(),
                "people": len(room.people),
                "records": room.head_seq,
                "faults": faults.texts,
            }

        meeting = Meeting(hub, secret.identity, None, on_this_machine=True)
        async with meeting.open(host):
            await answer_questions({"where": where, "kept": kept})
        await server.stop_accepting()
        await host.close()
        await server.close()
    for each in sockets:
        each.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    with tempfile.TemporaryDirectory() as name:
        run_on_best_loop(_serve(Path(name)))
