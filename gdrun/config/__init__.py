"""The experiment: YAML read with positions, validated, overridden, and written."""
