"""The gate: what it says of an update is what yrs does with it, and what people may do."""
