"""The models of this app; each slice keeps its own."""

from appeals.platforms import Platform

__all__ = ["Platform"]
