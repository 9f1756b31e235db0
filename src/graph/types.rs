//! What every graph speaks of: ids, shapes, types.

/// An enum without fields, with a name in texts for each variant.
macro_rules! listed {
    ($(#[$meta:meta])* pub enum $name:ident {
        $($(#[$doc:meta])* $variant:ident = $text:literal,)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// Every variant.
            pub const ALL: &[$name] = &[$($name::$variant),*];

            /// Its name in texts.
            pub fn name(self) -> &'static str {
                match self { $($name::$variant => $text),* }
            }

            /// The variant of this name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|variant| variant.name() == name)
            }
        }
    };
}
pub(super) use listed;

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

id!(
    NodeId,
    "%",
    "Index into [`Graph::nodes`](super::Graph::nodes); arguments have smaller ids than their users."
);
id!(InputId, "in", "Index into [`Graph::inputs`](super::Graph::inputs).");
id!(ProbeId, "p", "Which factor; whoever has the program made numbers them.");
id!(
    EndId,
    "e",
    "Where the training of some parameters ends; whoever has the program made numbers them."
);
id!(QuantityId, "q", "Which quantity; whoever has the program made numbers them.");
id!(RegionId, "r", "Nodes that are reported together; lowering gives each unit one.");

/// Four extents. Batched tensors are batch × rows × columns × channels (channels last);
/// convolution weights are kernel rows × kernel columns × channels read × channels written;
/// per-channel vectors are 1×1×1×C and scalars 1×1×1×1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Shape(pub [usize; 4]);

impl Shape {
    /// The one-element shape.
    pub const SCALAR: Shape = Shape([1; 4]);

    /// A per-channel vector.
    pub fn channels(c: usize) -> Self {
        Shape([1, 1, 1, c])
    }

    /// Number of elements.
    pub fn len(self) -> usize {
        self.0.iter().product()
    }

    /// Whether there is no element; never true in a verified graph.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Row-major strides, in elements.
    pub fn strides(self) -> [usize; 4] {
        let [_, b, c, d] = self.0;
        [b * c * d, c * d, d, 1]
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [a, b, c, d] = self.0;
        write!(f, "{a}×{b}×{c}×{d}")
    }
}

/// Shape and domain of a node's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Type {
    /// Extents.
    pub shape: Shape,
    /// Whether the first axis is the batch. Parameters, statistics and scalars are not batched.
    pub batched: bool,
}
