//! What the sources themselves must keep to.

mod flags;
