"""How lists are narrowed down, over the API and on the console, by what they list."""
