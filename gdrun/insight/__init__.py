"""What runs mean: gradients checked, theory, diagnosis."""
