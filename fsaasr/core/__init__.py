"""Types that every stage shares; imports nothing of the other folders."""
