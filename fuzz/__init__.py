"""Fuzz targets for atheris. Their corpora replay in tests/fuzz."""
