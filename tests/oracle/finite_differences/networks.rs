//! Whole networks: the gradients that lowering appends, against differences of their loss.

use rnetc::lower;

use crate::support::differences::check;
use crate::support::{state, zoo};

#[test]
fn every_kind_of_network() {
    for (name, network) in zoo::all() {
        for batch in [3, 2] {
            let program = lower::gradients(&network, batch);
            let inputs = state::random(&program, 11);
            check(&program, &inputs, 9).unwrap_or_else(|e| panic!("{name}, batch {batch}: {e}"));
        }
    }
}

/// A draw differs from seed to seed, and each one's gradient is right.
#[test]
fn under_several_seeds() {
    for network in [zoo::dropout(), zoo::drop_path()] {
        let program = lower::gradients(&network, 2);
        let seed = crate::support::differences::input_named(&program, "seed").expect("a seed");
        let mut losses = Vec::new();
        for value in 0..4 {
            let mut inputs = state::random(&program, 5);
            inputs.insert(seed, vec![f64::from(value)]);
            check(&program, &inputs, 5).unwrap_or_else(|e| panic!("seed {value}: {e}"));
            losses.push(rnetc::graph::interp::run(&program, &inputs).0[0][0]);
        }
        losses.dedup();
        assert_eq!(losses.len(), 4, "every seed draws differently");
    }
}
