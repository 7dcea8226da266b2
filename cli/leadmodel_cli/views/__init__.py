"""Views of a LeadModel for people: table, tree and prose. Pure functions of documents."""
