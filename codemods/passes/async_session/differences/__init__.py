"""What does something else once the driver or the colour has changed."""
