"""What people look for and keep: saved searches, alerts, favourites, views."""
