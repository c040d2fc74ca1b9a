"""Holding checkpoints against their records, and a compacted log's base against the room's key: LOG-28."""

from typing import NamedTuple

from theta.base.errors import InvalidValue, StoreCorrupt, UsageError
from theta.base.identifiers import MAIN_BRANCH, Position
from theta.base.limits import IDENTIFIER_BYTES, U64_MAX
from theta.commands.records import BadRecord, BaseRecord, read_base
from theta.commands.store import LogSource, StoredCheckpoint, StoredRecord
from theta.editor.fold_base import FoldBase
from theta.editor.fold_base_bytes import base_bytes, base_of_bytes
from theta.node.asset_shelf import AssetShelf
from theta.node.checkpoint_frames import read_frames
from theta.node.drafting import frames_after_history, read_header
from theta.node.opening import Loaded, load_checkpoint
from theta.node.replica import Replica


class BaseProof(NamedTuple):
    """A compacted log's base, proved, and its checkpoint."""

    seq: int
    base: BaseRecord
    loaded: Loaded

    def begin(self, like: Replica | None = None) -> Replica:
        """A replica that begins with the base, over the log of another one if that is given."""
        replica = self.loaded.replica
        if like is not None:
            replica = Replica(like.assets, like.log)
            replica.reader = like.reader
            self.loaded.begin(replica)
        replica.go_on([], [], self.seq)
        return replica


def prove_base(record: StoredRecord, source: LogSource | None, shelf: AssetShelf) -> BaseProof:
    """A base record: signed by the room's key, and its checkpoint the one that it names, with its chain and document.

    Raises:
        StoreCorrupt: it is not, or there is no source to find the checkpoint in.
    """
    seq = record.seq
    try:
        base = read_base(record.body)
        if (base.seq, base.chain) != (seq, record.chain):
            raise StoreCorrupt(seq, "the base is of another record")
        checkpoint = _find(source, seq)
        if source is None or checkpoint is None or checkpoint.digest != base.checkpoint:
            raise StoreCorrupt(seq, "the checkpoint that the base stands on is missing, or another one")
        loaded = load_checkpoint(source.read_checkpoint(checkpoint), source, shelf)
    except (BadRecord, UsageError) as error:
        raise StoreCorrupt(seq, str(error)) from error
    log = loaded.replica.log
    if (log.head_seq, log.chain, log.genesis.room_key) != (seq, base.chain, base.room_key):
        raise StoreCorrupt(seq, "the base's checkpoint is of another log")
    proof = BaseProof(seq, base, loaded)
    if proof.begin().document.hash != base.document_hash:
        raise StoreCorrupt(seq, "the base's checkpoint does not have the document that the room recorded")
    try:
        _prove_branches(proof)
    except (BadRecord, UsageError) as error:
        raise StoreCorrupt(seq, str(error)) from error
    return proof


def _prove_branches(proof: BaseProof) -> None:
    """Every branch of the log has its section, with the document that this says."""
    main = proof.loaded.replica
    lines, floors = main.log.governance.lines, main.reader.floors
    assert floors is not None
    hashes = floors.branches()
    if hashes.keys() != lines.by_id.keys() - {MAIN_BRANCH} or lines.base_seq != proof.seq:
        raise StoreCorrupt(proof.seq, "the base's checkpoint is not of all branches")
    for branch, document_hash in hashes.items():
        replica = Replica(main.assets, main.log, branch)
        replica.reader = main.reader
        replica.apply_all(proof.seq)
        if replica.document.hash != document_hash:
            name = lines.by_id[branch].name
            raise StoreCorrupt(proof.seq, f"the base's checkpoint has another document of branch {name!r} than it says")


def _find(source: LogSource | None, seq: int) -> StoredCheckpoint | None:
    if source is None:
        return None
    return next((each for each in source.checkpoints() if each.seq == seq), None)


class CheckpointAudit:
    """Compares each checkpoint with a replica of all records, when that has come to where the checkpoint stands.

    Attributes:
        agreeing: how many give what the records give.
        faults: what is wrong with the others.
    """

    def __init__(self, source: LogSource) -> None:
        self.agreeing = 0
        self.faults: list[str] = []
        self._source = source
        self._by_folded: dict[int, list[StoredCheckpoint]] = {}
        self._by_head: dict[int, list[bytes]] = {}
        try:
            for checkpoint in source.checkpoints():
                self._note(checkpoint)
        except StoreCorrupt as error:
            self.faults.append(str(error))

    def handle_base(self, proof: BaseProof) -> None:
        """The log begins with a base, whose checkpoint is proved."""
        waiting = self._by_folded.get(proof.loaded.header.folded, [])
        waiting[:] = [each for each in waiting if each.seq != proof.seq]
        self.agreeing += 1

    def handle_record(self, replica: Replica) -> None:
        """One more record was folded."""
        for checkpoint in self._by_folded.pop(replica.folded_seq, ()):
            try:
                self._compare(replica, checkpoint)
            except (StoreCorrupt, UsageError) as error:
                self._fault(checkpoint.seq, str(error))
        for index in self._by_head.pop(replica.log.head_seq, ()):
            if index != replica.log.index_bytes():
                self._fault(replica.log.head_seq, "its index is not that of the records")
            else:
                self.agreeing += 1

    def finish(self) -> None:
        """There are no more records."""
        for checkpoints in self._by_folded.values():
            for checkpoint in checkpoints:
                self._fault(checkpoint.seq, "it stands at a record that is not in the log")

    def _note(self, checkpoint: StoredCheckpoint) -> None:
        try:
            header = read_header(next(read_frames(self._source.read_checkpoint(checkpoint))).data)
            self._by_folded.setdefault(header.folded, []).append(checkpoint)
        except (StoreCorrupt, UsageError, StopIteration) as error:
            self._fault(checkpoint.seq, str(error))

    def _compare(self, replica: Replica, checkpoint: StoredCheckpoint) -> None:
        frames = read_frames(self._source.read_checkpoint(checkpoint))
        header, index, history = read_header(next(frames).data), next(frames).data, next(frames).data
        position = Position(header.lamport, U64_MAX, U64_MAX)
        if _what_counts(base_of_bytes(history)) != _what_counts(replica.history.base_at(position)):
            raise InvalidValue("history", checkpoint.seq, "what the records come to")
        expected = frames_after_history(replica, position)
        for frame in frames:
            if next(expected, None) != frame:
                raise InvalidValue(
                    frame.kind.name.lower(), frame.data[:IDENTIFIER_BYTES].hex(), "what the records give"
                )
        if next(expected, None) is not None:
            raise InvalidValue("units", checkpoint.seq, "as many as the records give")
        self._by_head.setdefault(header.seq, []).append(index)

    def _fault(self, seq: int, reason: str) -> None:
        self.faults.append(f"the checkpoint at record {seq}: {reason}")


def _what_counts(base: FoldBase) -> bytes:
    """Where old gestures act is looked up for those that are asked for, which may be more or fewer."""
    return base_bytes(base._replace(reaches={}, numbers={}))
