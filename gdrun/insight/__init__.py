"""What a run computes, checked: its gradient against central differences."""
