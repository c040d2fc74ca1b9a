"""Random programs on meshes: every operation in one table (`table.py`), each choosing among the elements that live."""
