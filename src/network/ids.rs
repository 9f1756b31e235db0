//! Positions in a network's tables, each of a type of its own.

macro_rules! id {
    ($name:ident, $prefix:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);

        impl $name {
            /// Position in its table.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    };
}

id!(ValueId, "v", "Index into [`Network::values`](super::Network::values).");
id!(ModuleId, "m", "Index into [`Network::modules`](super::Network::modules).");
id!(UnitId, "u", "Index into [`Network::units`](super::Network::units).");
