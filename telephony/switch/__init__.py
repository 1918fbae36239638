"""The switch's own languages: values in, values out, no Django inside."""
