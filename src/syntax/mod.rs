//! Text ↔ AST.
