//! Definitions: which there are, what names they give, and in which order they need each other.

use std::collections::HashMap;

use super::elaborate::{Elaborator, Local, Typed};
use super::hir::{Binding, Body, Def, Function, Net, Parameter, Program, Scope, Unit};
use super::mentions::{Units, needs, reachable};
use super::warnings::unused;
use super::{names, order};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{self, Definition};

/// Resolves a file. Errors and warnings go to `found`; without a program there is an error.
pub fn program(file: &ast::File, text: &str, found: &mut Vec<Diagnostic>) -> Option<Program> {
    let mut units = Vec::new();
    let (mut defs, mut nets) = (Vec::new(), Vec::new());
    for definition in &file.definitions {
        match definition {
            Definition::Unit(unit) => units.push(unit),
            Definition::Def(def) => defs.push(def),
            Definition::Net(net) => nets.push(net),
        }
    }
    definition_names(file, found);
    let net = only_net(&nets, file, found);
    let units = Units::new(units, defs);
    unit_cycles(&units, found);
    let defs: Vec<_> = units.defs.iter().map(|def| resolve_def(def, &units, text, found)).collect();
    let resolved: Vec<_> =
        units.list.iter().map(|unit| resolve_unit(unit, &units, text, found)).collect();
    let net = net.and_then(|net| {
        unused::units(net, &units, found);
        unused::defs(net, &units, found);
        resolve_net(net, &units, text, found)
    });
    let units = resolved.into_iter().collect::<Option<_>>()?;
    Some(Program { units, defs: defs.into_iter().collect::<Option<_>>()?, net: net? })
}

fn definition_names(file: &ast::File, found: &mut Vec<Diagnostic>) {
    let mut seen = HashMap::new();
    for definition in &file.definitions {
        declare(definition.name(), &mut seen, found);
    }
}

/// Notes a new name; reports it if it is taken.
fn declare<'a>(
    name: &'a ast::Name,
    seen: &mut HashMap<&'a str, Span>,
    found: &mut Vec<Diagnostic>,
) {
    let error = |text: String| Diagnostic::error(Code::DuplicateName, name.span, text);
    if let Some(meaning) = names::reserved(&name.text) {
        found.push(
            error(format!("`{}` is {meaning}", name.text))
                .label("cannot be defined anew")
                .hint("choose another name"),
        );
    } else if let Some(&first) = seen.get(name.text.as_str()) {
        found.push(
            error(format!("`{}` is defined twice", name.text))
                .label("defined again here")
                .also(first, "first defined here")
                .hint("rename or remove one of them"),
        );
    }
    seen.entry(&name.text).or_insert(name.span);
}

fn only_net<'a>(
    nets: &[&'a ast::Net],
    file: &ast::File,
    found: &mut Vec<Diagnostic>,
) -> Option<&'a ast::Net> {
    match nets {
        [net] => return Some(net),
        [] => found.push(
            Diagnostic::error(
                Code::NetStructure,
                file.definitions.last().map_or(Span::new(0, 0), |last| last.name().span),
                "the file has no net",
            )
            .hint("add net NAME(classes = 10) { input(3, 32, 32) -> … -> linear(classes) }"),
        ),
        [first, rest @ ..] => found.extend(rest.iter().map(|net| {
            Diagnostic::error(Code::NetStructure, net.name.span, "the file has more than one net")
                .label("another net")
                .also(first.name.span, "the first one")
                .hint("keep one net in a file; give it parameters for --set to choose variants")
        })),
    }
    nets.first().copied()
}

fn unit_cycles(units: &Units<'_>, found: &mut Vec<Diagnostic>) {
    for cycle in order::sort(&units.needs()).cycles {
        let names: Vec<_> = cycle.iter().map(|&i| &units.list[i].name).collect();
        found.push(cycle_error("unit", &names));
    }
    for cycle in order::sort(&units.def_needs()).cycles {
        let names: Vec<_> = cycle.iter().map(|&i| &units.defs[i].name).collect();
        found.push(cycle_error("function", &names));
    }
}

fn resolve_def(
    def: &ast::Def,
    units: &Units<'_>,
    text: &str,
    found: &mut Vec<Diagnostic>,
) -> Option<Def> {
    let mut elaborator = Elaborator::new(text, units, false, found);
    elaborator.in_def = true;
    let (mut seen, mut numbers, mut values) = (HashMap::new(), Vec::new(), 0);
    for parameter in &def.parameters {
        let name = &parameter.name;
        // What a unit has by itself, a function is given.
        if name.text != "x" || seen.contains_key("x") {
            declare(name, &mut seen, elaborator.found);
        }
        seen.entry(&name.text).or_insert(name.span);
        let Some(default) = &parameter.default else {
            elaborator.names.insert(name.text.clone(), Local::Argument(values));
            values += 1;
            continue;
        };
        let default = elaborator.plain(default, &format!("the default of `{}`", name.text))?;
        elaborator.names.insert(name.text.clone(), Local::Parameter(numbers.len()));
        let (name, span) = (name.text.clone(), name.span);
        numbers.push(Parameter { name, span, default: Some(default) });
    }
    if values == 0 {
        let text = format!("`{}` is given no value", def.name.text);
        return elaborator.report(
            Diagnostic::error(Code::UnitStructure, def.name.span, text)
                .label("a function of what?")
                .hint("what has no default is a value: def swish(v, beta = 1) = v * sigmoid(beta * v)"),
        );
    }
    let body = elaborator.value(&def.value, &format!("`{}`", def.name.text))?;
    let length = def.span.range().len();
    let scope = Scope { parameters: numbers, bindings: Vec::new(), order: Vec::new(), length };
    Some(Def { name: def.name.text.clone(), scope, body })
}

fn cycle_error(what: &str, cycle: &[&ast::Name]) -> Diagnostic {
    const SHOWN: usize = 4;
    let first = cycle[0];
    let path: Vec<_> = cycle.iter().take(SHOWN).map(|name| name.text.as_str()).collect();
    let dots = if cycle.len() > SHOWN { " → …" } else { "" };
    let message = if cycle.len() == 1 {
        format!("{what} `{}` needs itself", first.text)
    } else {
        format!("these need each other: {}{dots} → {}", path.join(" → "), first.text)
    };
    let mut error = Diagnostic::error(Code::Cycle, first.span, message).label("part of the circle");
    for name in cycle.iter().skip(1).take(SHOWN - 1) {
        error = error.also(name.span, "and this");
    }
    error.hint("break the circle: a chain repeats a stage with `stage * n`")
}

fn resolve_unit(
    unit: &ast::Unit,
    units: &Units<'_>,
    text: &str,
    found: &mut Vec<Diagnostic>,
) -> Option<Unit> {
    let mut elaborator = Elaborator::new(text, units, true, found);
    let position = |name: &str| unit.bindings.iter().position(|b| b.name.text == name);
    let roots: Vec<usize> = [position("y"), position("f")].into_iter().flatten().collect();
    let scope = scope(&unit.parameters, &unit.bindings, unit.span, &roots, &mut elaborator);
    if position("y").is_none() {
        found.push(
            Diagnostic::error(
                Code::UnitStructure,
                unit.name.span,
                format!("unit `{}` has no y", unit.name.text),
            )
            .label("nothing says what it computes")
            .hint("add y = h(x) + F(x)"),
        );
    }
    unused::in_unit(unit, &roots, found);
    let (scope, y) = (scope?, position("y")?);
    Some(Unit { name: unit.name.text.clone(), scope, y, f: position("f") })
}

fn resolve_net(
    net: &ast::Net,
    units: &Units<'_>,
    text: &str,
    found: &mut Vec<Diagnostic>,
) -> Option<Net> {
    let mut elaborator = Elaborator::new(text, units, false, found);
    let scope = scope(&net.parameters, &net.bindings, net.span, &[], &mut elaborator);
    let chain: Option<Function> = match &net.chain {
        Some(chain) => elaborator.function(chain),
        None => {
            let error = Diagnostic::error(
                Code::NetStructure,
                net.name.span,
                format!("net `{}` has no chain of layers", net.name.text),
            );
            found.push(error.hint("end it with input(3, 32, 32) -> … -> linear(classes)"));
            None
        }
    };
    unused::in_net(net, found);
    Some(Net { name: net.name.text.clone(), span: net.name.span, scope: scope?, chain: chain? })
}

/// Parameters and bindings of one definition. Bindings that `roots` do not need are not live.
fn scope(
    parameters: &[ast::Parameter],
    bindings: &[ast::Binding],
    whole: Span,
    roots: &[usize],
    elaborator: &mut Elaborator<'_>,
) -> Option<Scope> {
    let mut seen = HashMap::new();
    let mut resolved = Vec::new();
    for (i, parameter) in parameters.iter().enumerate() {
        declare(&parameter.name, &mut seen, elaborator.found);
        special_parameter(&parameter.name, elaborator);
        let default = parameter.default.as_ref().map(|value| {
            elaborator.plain(value, &format!("the default of `{}`", parameter.name.text))
        });
        elaborator.names.insert(parameter.name.text.clone(), Local::Parameter(i));
        let (name, span) = (parameter.name.text.clone(), parameter.name.span);
        resolved.push(match default {
            None => Some(Parameter { name, span, default: None }),
            Some(default) => default.map(|d| Parameter { name, span, default: Some(d) }),
        });
    }
    for (i, binding) in bindings.iter().enumerate() {
        declare(&binding.name, &mut seen, elaborator.found);
        elaborator.names.insert(binding.name.text.clone(), Local::Binding(i));
    }
    let needs = needs(bindings);
    let order = binding_order(bindings, &needs, elaborator.found);
    let live = reachable(&needs, roots);
    let mut bodies: Vec<Option<Body>> = bindings.iter().map(|_| None).collect();
    elaborator.kinds = vec![None; bindings.len()];
    for &i in &order {
        bodies[i] = body(&bindings[i], elaborator);
        elaborator.kinds[i] = bodies[i].as_ref().map(Body::kind);
    }
    let bindings: Option<Vec<_>> = bindings
        .iter()
        .zip(bodies)
        .zip(live)
        .map(|((b, body), live)| Some(Binding { name: b.name.text.clone(), body: body?, live }))
        .collect();
    let parameters: Option<Vec<_>> = resolved.into_iter().collect();
    let length = whole.range().len();
    Some(Scope { parameters: parameters?, bindings: bindings?, order, length })
}

fn special_parameter(name: &ast::Name, elaborator: &mut Elaborator<'_>) {
    if matches!(name.text.as_str(), "y" | "f") {
        elaborator.found.push(
            Diagnostic::error(
                Code::DuplicateName,
                name.span,
                format!("`{}` is what a unit computes, not what it is given", name.text),
            )
            .label("cannot be a parameter")
            .hint("choose another name"),
        );
    }
}

fn binding_order(
    bindings: &[ast::Binding],
    needs: &[Vec<usize>],
    found: &mut Vec<Diagnostic>,
) -> Vec<usize> {
    let order = order::sort(needs);
    for cycle in order.cycles {
        let names: Vec<_> = cycle.iter().map(|&i| &bindings[i].name).collect();
        found.push(cycle_error("binding", &names));
    }
    order.nodes
}

fn body(binding: &ast::Binding, elaborator: &mut Elaborator<'_>) -> Option<Body> {
    let what = format!("`{}`", binding.name.text);
    if binding.let_word.is_some() || !elaborator.in_unit {
        return elaborator.plain(&binding.value, &what).map(Body::Plain);
    }
    match binding.name.text.as_str() {
        "y" => elaborator.value(&binding.value, &what).map(Body::Value),
        "f" => elaborator.function(&binding.value).map(Body::Function),
        _ => elaborator.expr(&binding.value).map(|typed| match typed {
            Typed::Plain(plain) => Body::Plain(plain),
            Typed::Function(function) => Body::Function(function),
            Typed::Value(value) => Body::Value(value),
        }),
    }
}
