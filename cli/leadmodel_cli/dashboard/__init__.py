"""The page in a browser: read-only, on loopback, live; one HTML file, one style sheet and one script, without anything from outside."""
