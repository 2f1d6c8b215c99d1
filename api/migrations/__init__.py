"""Every schema the database ever had, one step a file in `versions/`; `api/database.py` runs them at opening."""
