//! Studies: what many runs, or one run taken apart, say together.

pub mod table;
