"""Forms of the console, by what they make or change."""
