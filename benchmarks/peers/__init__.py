"""What a user would pick instead, written the way such scripts are usually written."""
