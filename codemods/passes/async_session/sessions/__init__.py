"""Where sessions come from, what is called on them, and who gets them."""
