"""Mutexes and semaphores: what they are called, and who gets them."""
