//! Warnings about definitions that nothing needs.

use std::collections::HashSet;

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::sema::mentions::{Units, mentions, needs, reachable};
use crate::syntax::ast::{Binding, Name, Net, Parameter, Unit};

fn warn(name: &Name, what: &str, hint: &str) -> Diagnostic {
    Diagnostic {
        severity: Severity::Warning,
        ..Diagnostic::error(
            Code::Unused,
            name.span,
            format!("{what} `{}` is never used", name.text),
        )
        .label("never used")
        .hint(hint)
    }
}

/// Units that the net does not reach.
pub fn units(net: &Net, units: &Units<'_>, found: &mut Vec<Diagnostic>) {
    let in_chain = net.chain.iter().flat_map(|chain| mentions(chain));
    let roots: Vec<usize> = in_chain.filter_map(|name| units.find(name)).collect();
    for (unit, used) in units.list.iter().zip(reachable(&units.needs(), &roots)) {
        if !used {
            found.push(warn(&unit.name, "unit", "use it in the net or remove it"));
        }
    }
}

/// Functions that neither the net nor a unit reaches, and parameters that a function does not need.
pub fn defs(net: &Net, units: &Units<'_>, found: &mut Vec<Diagnostic>) {
    let in_chain = net.chain.iter().flat_map(|chain| mentions(chain));
    let bodies = units.list.iter().flat_map(|unit| &unit.bindings);
    let all = in_chain.chain(bodies.flat_map(|binding| mentions(&binding.value)));
    let roots: Vec<usize> = all.filter_map(|name| units.find_def(name)).collect();
    for (def, used) in units.defs.iter().zip(reachable(&units.def_needs(), &roots)) {
        if !used {
            found.push(warn(&def.name, "function", "use it in a unit or the net, or remove it"));
        }
        parameters(&def.parameters, mentions(&def.value).into_iter().collect(), found);
    }
}

/// Bindings and parameters of a unit that y and f (the `roots`) do not need.
pub fn in_unit(unit: &Unit, roots: &[usize], found: &mut Vec<Diagnostic>) {
    let live = reachable(&needs(&unit.bindings), roots);
    bindings(&unit.bindings, &live, "add it to y or remove it", found);
    let used = unit.bindings.iter().flat_map(|b| mentions(&b.value)).collect();
    parameters(&unit.parameters, used, found);
}

/// Bindings and parameters of the net that the chain does not need.
pub fn in_net(net: &Net, found: &mut Vec<Diagnostic>) {
    let in_chain: HashSet<&str> = net.chain.iter().flat_map(|chain| mentions(chain)).collect();
    let roots: Vec<usize> = (0..net.bindings.len())
        .filter(|&i| in_chain.contains(net.bindings[i].name.text.as_str()))
        .collect();
    let live = reachable(&needs(&net.bindings), &roots);
    bindings(&net.bindings, &live, "use it in the chain or remove it", found);
    let in_bindings = net.bindings.iter().flat_map(|b| mentions(&b.value));
    parameters(&net.parameters, in_bindings.chain(in_chain).collect(), found);
}

fn bindings(all: &[Binding], live: &[bool], hint: &str, found: &mut Vec<Diagnostic>) {
    for (binding, live) in all.iter().zip(live) {
        if !live {
            found.push(warn(&binding.name, "binding", hint));
        }
    }
}

fn parameters<'a>(all: &'a [Parameter], mut used: HashSet<&'a str>, found: &mut Vec<Diagnostic>) {
    used.extend(all.iter().flat_map(|p| p.default.iter()).flat_map(|default| mentions(default)));
    for parameter in all {
        if !used.contains(parameter.name.text.as_str()) {
            found.push(warn(&parameter.name, "parameter", "use it or remove it"));
        }
    }
}
