"""The state folder as a whole: backup and restore, and what in it is kept and for how long."""
