"""How one number came about: each rule applied, with what went into it and what came out."""
