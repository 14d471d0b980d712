"""What controllers are made of: a loop that decides, and watches of objects."""
