"""Python's garbage collector in a process that keeps a room open.

A room holds hundreds of thousands of objects for as long as it runs, and makes hundreds with every packet. Set as
Python comes, the collector walks through all of them again and again: that took a third of the time of admission, and a
full pass stops the event loop for as long as it takes.
"""

import gc

YOUNG_OBJECTS = 25_000
YOUNG_PASSES = 2
MIDDLE_PASSES = 1_000


def settle_collector() -> None:
    """Call it once the room is open: what is there now stays, and passes come seldom from here on."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, YOUNG_PASSES, MIDDLE_PASSES)
