"""The contact book: the only place with names and addresses of people, read in the moment of sending."""
