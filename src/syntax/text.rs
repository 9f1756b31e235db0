//! The tree as text, for a person who looks at what the parser made: a line a node, what belongs
//! to it further in, its place in the text (in bytes) behind it.

use std::fmt::{self, Display, Formatter};

use super::ast::{Argument, Binding, Definition, Expr, ExprKind, File, Parameter};

impl Display for File {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let none = Vec::new();
        for definition in &self.definitions {
            let (word, parameters, bindings, span) = match definition {
                Definition::Unit(unit) => ("unit", &unit.parameters, &unit.bindings, unit.span),
                Definition::Def(def) => ("def", &def.parameters, &none, def.span),
                Definition::Net(net) => ("net", &net.parameters, &net.bindings, net.span),
            };
            writeln!(f, "{word} {}  {span}", definition.name().text)?;
            parameters.iter().try_for_each(|it| parameter(f, it))?;
            bindings.iter().try_for_each(|it| binding(f, it))?;
            match definition {
                Definition::Net(net) => {
                    net.chain.iter().try_for_each(|chain| expression(f, 1, "", chain))?;
                }
                Definition::Def(def) => expression(f, 1, "= ", &def.value)?,
                Definition::Unit(_) => {}
            }
        }
        Ok(())
    }
}

fn parameter(f: &mut Formatter<'_>, parameter: &Parameter) -> fmt::Result {
    let name = &parameter.name.text;
    match &parameter.default {
        Some(default) => expression(f, 1, &format!("parameter {name} = "), default),
        None => writeln!(f, "  parameter {name}  {}", parameter.name.span),
    }
}

fn binding(f: &mut Formatter<'_>, binding: &Binding) -> fmt::Result {
    let word = if binding.let_word.is_some() { "let " } else { "" };
    expression(f, 1, &format!("{word}{} = ", binding.name.text), &binding.value)
}

/// An expression behind what it is to the one it stands in.
fn expression(f: &mut Formatter<'_>, depth: usize, lead: &str, expr: &Expr) -> fmt::Result {
    let line = |f: &mut Formatter<'_>, text: &dyn Display| {
        writeln!(f, "{:1$}{lead}{text}  {span}", "", 2 * depth, span = expr.span)
    };
    let inside = depth + 1;
    match &expr.kind {
        ExprKind::Number(number) => line(f, number),
        ExprKind::Kernel([rows, columns]) => line(f, &format_args!("{rows}x{columns}")),
        ExprKind::Name(name) => line(f, name),
        ExprKind::Negate(of) => {
            line(f, &"negate")?;
            expression(f, inside, "", of)
        }
        ExprKind::Call(callee, arguments) => {
            line(f, &"call")?;
            expression(f, inside, "", callee)?;
            arguments.iter().try_for_each(|it| argument(f, inside, it))
        }
        ExprKind::Fold(first, rest) => {
            line(f, &"fold")?;
            expression(f, inside, "", first)?;
            rest.iter().try_for_each(|(operator, operand)| {
                expression(f, inside, &format!("{} ", operator.text()), operand)
            })
        }
        ExprKind::Chain(links) => {
            line(f, &"chain")?;
            links.iter().try_for_each(|link| expression(f, inside, "-> ", link))
        }
    }
}

fn argument(f: &mut Formatter<'_>, depth: usize, argument: &Argument) -> fmt::Result {
    let label = argument.label.as_ref().map_or(String::new(), |name| format!("{}: ", name.text));
    expression(f, depth, &format!("argument {label}"), &argument.value)
}
