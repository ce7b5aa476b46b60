"""The manners of the API: errors, pages, versions, repeats, limits, documentation."""
