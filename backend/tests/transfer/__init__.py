"""Jobs on the move between stores and files."""
