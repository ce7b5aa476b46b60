"""What the routes of higher floors need to take and to send files; none of its own."""
