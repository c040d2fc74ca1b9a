"""What people may call themselves and say: text that shows as itself, whatever Unicode version a machine has."""

_FORBIDDEN = frozenset(
    map(
        chr,
        (
            *range(0x20),  # C0 controls
            *range(0x7F, 0xA0),  # delete and C1 controls
            *range(0x2028, 0x202F),  # line and paragraph separators, bidirectional overrides
            *range(0x2066, 0x206A),  # bidirectional isolates
            0xFEFF,  # byte-order mark
        ),
    )
)


def is_plain_text(text: str) -> bool:
    """Whether `text` has something to show and neither control characters nor any that turn its direction (SES-6).

    Joiners are allowed: names in Persian, and many emoji, need them.
    """
    return bool(text.strip()) and _FORBIDDEN.isdisjoint(text)
