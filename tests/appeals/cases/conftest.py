"""Files of these tests lie in a folder of their own."""

from tests.certification.materials.conftest import store

__all__ = ["store"]
