"""`prodigy.components`."""
