"""In place of MineRL while a package is checked: its environments come from the judge."""
