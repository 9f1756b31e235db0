//! What `rnetc build` writes.
