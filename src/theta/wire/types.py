"""Field types that the messages share. Lengths are checked by the decoder, before anything else sees the value."""

from typing import Annotated, Literal

from msgspec import Meta

from theta.base import limits

U8 = Annotated[int, Meta(ge=0, le=0xFF)]
U32 = Annotated[int, Meta(ge=0, le=0xFFFF_FFFF)]
U64 = Annotated[int, Meta(ge=0)]
I64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Id16 = Annotated[bytes, Meta(min_length=16, max_length=16)]
Digest32 = Annotated[bytes, Meta(min_length=32, max_length=32)]
PublicKey = Annotated[bytes, Meta(min_length=limits.PUBLIC_KEY_BYTES, max_length=limits.PUBLIC_KEY_BYTES)]
Signature = Annotated[bytes, Meta(min_length=limits.SIGNATURE_BYTES, max_length=limits.SIGNATURE_BYTES)]
PersonName = Annotated[str, Meta(min_length=1, max_length=limits.NAME_CHARACTERS_MAX)]
ChatText = Annotated[str, Meta(min_length=1, max_length=limits.CHAT_CHARACTERS_MAX)]
SoftwareVersion = Annotated[str, Meta(max_length=limits.SOFTWARE_CHARACTERS_MAX)]
Capability = Annotated[str, Meta(min_length=1, max_length=32)]
Capabilities = Annotated[list[Capability], Meta(max_length=limits.CAPABILITIES_MAX)]
RoleName = Literal["viewer", "editor", "admin"]
ElementKind = Literal["object", "vertex", "edge", "face"]
AssetBytes = Annotated[bytes, Meta(max_length=limits.ASSET_PART_BYTES_MAX)]
PolicyName = Literal["", "last-writer-wins", "merge", "reject"]
DictionaryBytes = Annotated[bytes, Meta(min_length=limits.DICTIONARY_BYTES_MIN, max_length=limits.DICTIONARY_BYTES_MAX)]
DescriptorText = Annotated[str, Meta(max_length=limits.STATE_DESCRIPTOR_CHARACTERS_MAX)]
OutcomeName = Literal["applied", "merged", "no-op", "rejected", "suspended"]
"""`merged`: joined with what others did at the same time. `suspended`: its gesture is masked by an undo."""
