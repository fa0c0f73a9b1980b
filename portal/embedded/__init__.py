"""The PostgreSQL server that comes with the portal: `server` runs it, `base` is Django's door to it."""
