"""Tables of the console, by what they list."""
