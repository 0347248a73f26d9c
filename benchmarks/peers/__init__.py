"""The tools of the race: how each is installed, fed and started."""
