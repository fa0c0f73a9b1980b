"""Template tags of the house; templates say `{% load components %}` and get them all."""
