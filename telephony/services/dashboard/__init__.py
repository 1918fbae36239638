"""What the dashboard shows: figures of a period, and how things stand now."""
