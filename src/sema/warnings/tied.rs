//! Warnings about a name that stands several times in one chain: one set of weights, where several
//! stages may be meant.

use std::collections::HashSet;

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::sema::hir::{Body, Function, FunctionKind, PlainKind, Program, Scope, Value, ValueKind};
use crate::source::Span;

/// Each `c * 2` and each second `c` of `c -> relu -> c`, where c has weights.
pub fn warnings(program: &Program) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for unit in &program.units {
        let scope = &unit.scope;
        for binding in &scope.bindings {
            match &binding.body {
                Body::Plain(_) => {}
                Body::Function(function) => chain(function, scope, &mut found),
                Body::Value(value) => applied(value, scope, &mut found),
            }
        }
    }
    found
}

fn applied(value: &Value, scope: &Scope, found: &mut Vec<Diagnostic>) {
    match &value.kind {
        ValueKind::Input
        | ValueKind::Argument(_)
        | ValueKind::Plain(_)
        | ValueKind::Binding(_)
        | ValueKind::Made(..) => {}
        ValueKind::Def(_, values, _) => {
            values.iter().for_each(|value| applied(value, scope, found));
        }
        ValueKind::Apply(function, inner, _) => {
            chain(function, scope, found);
            applied(inner, scope, found);
        }
        ValueKind::Negate(inner) => applied(inner, scope, found),
        ValueKind::Join(_, all) => all.iter().for_each(|value| applied(value, scope, found)),
        ValueKind::Fold(first, rest) => {
            applied(first, scope, found);
            rest.iter().for_each(|(_, operand)| applied(operand, scope, found));
        }
    }
}

fn chain(function: &Function, scope: &Scope, found: &mut Vec<Diagnostic>) {
    let mut seen = HashSet::new();
    stages(function, &mut |stage, repeated| {
        let FunctionKind::Binding(i) = stage.kind else { return };
        if (!seen.insert(i) || repeated) && has_weights(stage, scope) {
            found.push(warning(&scope.bindings[i].name, stage.span));
        }
    });
}

/// The stages of a chain, and whether each is repeated.
fn stages<'a>(function: &'a Function, visit: &mut dyn FnMut(&'a Function, bool)) {
    match &function.kind {
        FunctionKind::Chain(all) => all.iter().for_each(|stage| stages(stage, visit)),
        FunctionKind::Repeat(stage, times) => {
            let several = !matches!(times.kind, PlainKind::Number(n) if n <= 1.0);
            stages(stage, &mut |stage, repeated| visit(stage, repeated || several));
        }
        FunctionKind::Layer(..)
        | FunctionKind::Unit(..)
        | FunctionKind::Def(..)
        | FunctionKind::Binding(_) => visit(function, false),
    }
}

fn has_weights(function: &Function, scope: &Scope) -> bool {
    match &function.kind {
        FunctionKind::Layer(layer, _) => layer.has_weights(),
        FunctionKind::Def(..) => false,
        FunctionKind::Unit(..) => true,
        FunctionKind::Chain(all) => all.iter().any(|stage| has_weights(stage, scope)),
        FunctionKind::Repeat(stage, _) => has_weights(stage, scope),
        FunctionKind::Binding(i) => match &scope.bindings[*i].body {
            Body::Function(function) => has_weights(function, scope),
            Body::Plain(_) | Body::Value(_) => false,
        },
    }
}

fn warning(name: &str, span: Span) -> Diagnostic {
    let text = format!("`{name}` stands several times in this chain, with one set of weights");
    Diagnostic { severity: Severity::Warning, ..Diagnostic::error(Code::Tied, span, text) }
        .label("the same weights again")
        .hint("for a set each, write what the name stands for, or bind another name to it")
}
