"""The training loop: runs advance together as lanes, on either of two engines."""
