"""The documents are checked like code: what they show runs, what there is is in them, and links lead somewhere."""
