"""Where messages leave: one interface, five outcomes, and the Console channel that writes nothing out."""
