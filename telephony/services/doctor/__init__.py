"""Finding out whether every hop between the portal and its switches works, both ways, and what to do where one does not."""
