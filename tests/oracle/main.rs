//! Oracle tests of the middle of the compiler: graph, autodiff, interpreter, layers, lowering.
//!
//! Two independent truths: finite differences in f64 (does a gradient belong to its loss?) and
//! PyTorch's numbers in f64 (is the loss the right one?). Each is a function from a program to
//! `Result`, so that [`planted`] can show that it turns red for a wrong program.

#[path = "../support/nets.rs"]
mod nets;

mod support {
    pub mod compare;
    pub mod differences;
    pub mod draft;
    pub mod golden;
    pub mod mutate;
    pub mod numbers;
    pub mod state;
    pub mod zoo;
}

mod finite_differences {
    mod convolutions;
    mod networks;
    mod pointwise;
    mod reductions;
    mod structure;
}

mod graph {
    mod expressions;
    mod fold;
    mod random;
    mod rewrites;
    mod verify;
}

mod goldens {
    mod averages;
    mod layers;
    mod muon;
    mod nets;
    mod optimiser;
    pub mod resnet;
    mod rules;
    mod windows;
}

mod layers {
    mod drawn;
    mod dropout;
    mod named;
}

mod pictures;

mod planted {
    mod against_differences;
    mod against_goldens;
}
