"""The vectors of the mesh programs, spec/vectors/mesh.json; alone, what this machine makes of them.

python -m tools.mesh_program_vectors           print them, to be compared with what another one printed
"""

import json
import sys
from typing import Any

from tools.mesh_programs import PROGRAMS, run


def mesh_vectors() -> dict[str, Any]:
    """A line for each step of each program: what was done, V, E, F, and digests (`tools.mesh_workpiece.Step`)."""
    return {"programs": {name: [step.line() for step in run(name)] for name in PROGRAMS}}


if __name__ == "__main__":
    json.dump(mesh_vectors(), sys.stdout)
