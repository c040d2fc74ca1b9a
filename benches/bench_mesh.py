"""The mesh against its bars, with compas, trimesh and OpenMesh beside it. `make bench-mesh`.

OpenMesh is measured where it is installed: it has no wheels, and building it takes CMake and minutes
(`.venv/bin/python -m pip install openmesh`, Python 3.11).
"""

import sys

from benches._mesh_local import local_rows
from benches._mesh_operations import operation_rows
from benches._mesh_whole import whole_rows
from benches._report import report


def main() -> int:
    """Measure, and say whether every bar is kept."""
    return 0 if report("mesh", [*local_rows(), *whole_rows(), *operation_rows()]) else 1


if __name__ == "__main__":
    sys.exit(main())
