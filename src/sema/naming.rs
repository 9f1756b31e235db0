//! Module names: `units.3.F.conv1` is the first of several convolutions in the binding F of the
//! third unit; the number is left out where a binding has only one of a kind.

use std::collections::HashMap;
use std::rc::Rc;

use super::attributes::Attributes;
use super::hir::Program;
use super::instance::{Instance, leaves};

/// Names the modules of some functions that stand together under `prefix`.
pub fn name(program: &Program, prefix: &str, functions: &[Rc<Instance<'_>>]) {
    let mut found = Vec::new();
    functions.iter().for_each(|function| leaves(function, &mut found));
    let mut totals: HashMap<&str, usize> = HashMap::new();
    for leaf in &found {
        labels(program, leaf, |label| *totals.entry(label).or_default() += 1);
    }
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for leaf in &found {
        let mut names = Vec::new();
        labels(program, leaf, |label| {
            let number = seen.entry(label).or_default();
            *number += 1;
            names.push(match totals.get(label) {
                // A number that is all a name stands for has that name.
                Some(1) if label == "scalar" && found.len() == 1 => prefix.to_owned(),
                Some(1) | None => format!("{prefix}.{label}"),
                Some(_) => format!("{prefix}.{label}{number}"),
            });
        });
        // Functions are named once, right after they are made, so the cells are empty.
        match &***leaf {
            Instance::Layer(layer) => {
                layer.names.get_or_init(|| names);
            }
            Instance::Unit(call) => {
                call.prefix.get_or_init(|| names.into_iter().next().unwrap_or_default());
            }
            Instance::Def(_) | Instance::Chain(..) | Instance::Bound(..) => {}
        }
    }
}

/// What a function's modules are called; for a shortcut, what they would be called.
fn labels<'p>(program: &'p Program, instance: &Instance<'_>, mut each: impl FnMut(&'p str)) {
    match instance {
        Instance::Layer(layer) => match layer.attributes {
            Attributes::Conv { .. } => each("conv"),
            Attributes::Linear { .. } => each("linear"),
            Attributes::Bn { .. } => each("bn"),
            Attributes::Norm { .. } => each("norm"),
            Attributes::Scale { .. } => each("scale"),
            Attributes::Shift { .. } => each("shift"),
            Attributes::Scalar { .. } => each("scalar"),
            Attributes::Shortcut { project: true, bn, .. } => {
                each("conv");
                if bn {
                    each("bn");
                }
            }
            Attributes::Shortcut { project: false, .. }
            | Attributes::Input(_)
            | Attributes::Activation(_)
            | Attributes::Dropout { .. }
            | Attributes::DropPath { .. }
            | Attributes::Random { .. }
            | Attributes::Detach
            | Attributes::GlobalPool(_)
            | Attributes::ChannelPool(_)
            | Attributes::Pool { .. }
            | Attributes::BlurPool { .. }
            | Attributes::Upsample { .. }
            | Attributes::PadPixels(_)
            | Attributes::Subsample { .. }
            | Attributes::PadChannels { .. }
            | Attributes::SliceChannels { .. }
            | Attributes::Identity => {}
        },
        Instance::Unit(call) => each(&program.units[call.definition].name),
        Instance::Def(_) | Instance::Chain(..) | Instance::Bound(..) => {}
    }
}
