//! Which names an expression mentions, and what needs what by them.

use std::collections::{HashMap, HashSet};

use crate::syntax::ast::{self, Expr, ExprKind};

/// All units and functions, found by name.
pub struct Units<'a> {
    /// Units in the order of the text.
    pub list: Vec<&'a ast::Unit>,
    /// Functions in the order of the text.
    pub defs: Vec<&'a ast::Def>,
    position: HashMap<&'a str, usize>,
    def_position: HashMap<&'a str, usize>,
}

impl<'a> Units<'a> {
    /// Of the units in the order of the text.
    pub fn new(list: Vec<&'a ast::Unit>, defs: Vec<&'a ast::Def>) -> Self {
        let (mut position, mut def_position) = (HashMap::new(), HashMap::new());
        for (i, def) in defs.iter().enumerate() {
            def_position.entry(def.name.text.as_str()).or_insert(i);
        }
        for (i, unit) in list.iter().enumerate() {
            position.entry(unit.name.text.as_str()).or_insert(i);
        }
        Self { list, defs, position, def_position }
    }

    /// Position of the function of this name.
    pub fn find_def(&self, name: &str) -> Option<usize> {
        self.def_position.get(name).copied()
    }

    /// Whether a unit or function has this name.
    pub fn defines(&self, name: &str) -> bool {
        self.find(name).is_some() || self.find_def(name).is_some()
    }

    /// For each function, the functions that it mentions.
    pub fn def_needs(&self) -> Vec<Vec<usize>> {
        let of = |def: &&ast::Def| {
            let own = |name: &&str| def.parameters.iter().any(|p| p.name.text == *name);
            let all = mentions(&def.value).into_iter().filter(|name| !own(name));
            all.filter_map(|name| self.find_def(name)).collect()
        };
        self.defs.iter().map(of).collect()
    }

    /// Position of the unit of this name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.position.get(name).copied()
    }

    /// For each unit, the units it mentions.
    pub fn needs(&self) -> Vec<Vec<usize>> {
        let of = |unit: &&ast::Unit| {
            let own: HashSet<&str> = unit
                .parameters
                .iter()
                .map(|p| p.name.text.as_str())
                .chain(unit.bindings.iter().map(|b| b.name.text.as_str()))
                .collect();
            let all = unit.bindings.iter().flat_map(|b| mentions(&b.value));
            all.filter(|name| !own.contains(name)).filter_map(|name| self.find(name)).collect()
        };
        self.list.iter().map(of).collect()
    }
}

/// Every name an expression mentions.
pub fn mentions(expr: &Expr) -> Vec<&str> {
    let mut names = Vec::new();
    collect(expr, &mut names);
    names
}

fn collect<'a>(expr: &'a Expr, names: &mut Vec<&'a str>) {
    match &expr.kind {
        ExprKind::Number(_) | ExprKind::Kernel(_) => {}
        ExprKind::Name(name) => names.push(name),
        ExprKind::Negate(inner) => collect(inner, names),
        ExprKind::Call(callee, arguments) => {
            collect(callee, names);
            arguments.iter().for_each(|argument| collect(&argument.value, names));
        }
        ExprKind::Fold(first, rest) => {
            collect(first, names);
            rest.iter().for_each(|(_, operand)| collect(operand, names));
        }
        ExprKind::Chain(stages) => stages.iter().for_each(|stage| collect(stage, names)),
    }
}

/// For each binding, the bindings it mentions.
pub fn needs(bindings: &[ast::Binding]) -> Vec<Vec<usize>> {
    let mut position = HashMap::new();
    for (i, binding) in bindings.iter().enumerate() {
        position.insert(binding.name.text.as_str(), i);
    }
    let find = |binding: &ast::Binding| {
        mentions(&binding.value).into_iter().filter_map(|n| position.get(n).copied()).collect()
    };
    bindings.iter().map(find).collect()
}

/// Which nodes the roots need, themselves included.
pub fn reachable(needs: &[Vec<usize>], roots: &[usize]) -> Vec<bool> {
    let mut live = vec![false; needs.len()];
    let mut open = roots.to_vec();
    while let Some(i) = open.pop() {
        if !std::mem::replace(&mut live[i], true) {
            open.extend(&needs[i]);
        }
    }
    live
}
