"""What was measured, as one HTML page that needs nothing but itself."""
