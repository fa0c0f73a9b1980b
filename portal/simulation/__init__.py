"""A simulated stretch of time: the real engine and the real domain functions, people with habits, and a virtual clock.

Nothing here writes a state that a person or the engine could not have brought about, but for the opening balance. The
run lives in a database of its own, whose clock is the simulation's.
"""
