"""Everything people read about a run: a record in, text out. Pure; writing it anywhere belongs to a publisher."""
