"""What every app shares: columns, records, API manners."""
