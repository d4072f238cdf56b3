"""What the server means: decisions as plain functions of facts."""
