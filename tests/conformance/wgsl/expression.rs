//! Expressions, of all threads of a workgroup at a time.

use std::rc::Rc;

use naga::{
    BinaryOperator, Expression, Handle, Literal, MathFunction, RelationalFunction, TypeInner,
};

use super::Fault;
use super::layout::{Kind, part};
use super::scalar::{binary, converted, math, rounded, unary};
use super::value::{Lanes, Pointer, Root, Tile, Value};
use super::workgroup::{Frame, Own, Workgroup};

fn map(a: &Lanes, f: impl Fn(u32) -> u32) -> Lanes {
    a.iter().map(|&a| f(a)).collect()
}

fn zip(a: &Lanes, b: &Lanes, f: impl Fn(u32, u32) -> u32) -> Lanes {
    a.iter().zip(b.iter()).map(|(&a, &b)| f(a, b)).collect()
}

impl<'a> Workgroup<'a, '_> {
    /// The value of an expression: what its statement left, or what needs none.
    pub fn value(
        &mut self,
        frame: &mut Frame<'a>,
        handle: Handle<Expression>,
        mask: &[bool],
    ) -> Result<Value, Fault> {
        if let Some(value) = &frame.values[handle.index()] {
            return Ok(value.clone());
        }
        let value = self.evaluate(frame, handle, mask)?;
        frame.values[handle.index()] = Some(value.clone());
        Ok(value)
    }

    /// The type of an expression.
    pub fn inner(&self, frame: &Frame<'a>, handle: Handle<Expression>) -> &'a TypeInner {
        frame.info[handle].ty.inner_with(&self.kernel.module.types)
    }

    /// What a pointer points at.
    pub fn pointee(&self, frame: &Frame<'a>, handle: Handle<Expression>) -> TypeInner {
        match *self.inner(frame, handle) {
            TypeInner::Pointer { base, .. } => self.kernel.module.types[base].inner.clone(),
            TypeInner::ValuePointer { size: Some(size), scalar, .. } => {
                TypeInner::Vector { size, scalar }
            }
            TypeInner::ValuePointer { size: None, scalar, .. } => TypeInner::Scalar(scalar),
            ref other => other.clone(),
        }
    }

    /// The kind of every component of an expression.
    fn kinds(&self, frame: &Frame<'a>, handle: Handle<Expression>) -> Result<Vec<Kind>, Fault> {
        let cells = self.cells(self.inner(frame, handle))?;
        Ok(cells.into_iter().map(|cell| cell.kind).collect())
    }

    fn kind(&self, frame: &Frame<'a>, handle: Handle<Expression>) -> Result<Kind, Fault> {
        self.kinds(frame, handle)?.first().copied().ok_or_else(|| "nothing".into())
    }

    fn splat(&self, bits: u32) -> Value {
        Value::Plain(vec![self.lanes(|_| bits)])
    }

    fn literal(&self, literal: Literal) -> Result<Value, Fault> {
        let bits = match literal {
            Literal::F32(x) => x.to_bits(),
            Literal::F16(x) => x.to_f32().to_bits(),
            Literal::U32(x) => x,
            Literal::I32(x) => x as u32,
            Literal::Bool(x) => u32::from(x),
            other => return Err(format!("{other:?} is not interpreted")),
        };
        Ok(self.splat(bits))
    }

    pub fn zero(&self, inner: &TypeInner) -> Result<Value, Fault> {
        if let TypeInner::CooperativeMatrix { columns, rows, .. } = *inner {
            let subgroups = self.threads().div_ceil(self.subgroup_size()?);
            let tile: Tile = vec![0.0; columns as usize * rows as usize].into();
            return Ok(Value::Matrix(vec![tile; subgroups]));
        }
        let zero = self.lanes(|_| 0);
        Ok(Value::Plain(vec![zero; self.cells(inner)?.len()]))
    }

    /// A constant.
    fn constant(&self, handle: Handle<Expression>) -> Result<Value, Fault> {
        let module = &self.kernel.module;
        match module.global_expressions[handle] {
            Expression::Literal(literal) => self.literal(literal),
            Expression::Constant(constant) => self.constant(module.constants[constant].init),
            Expression::ZeroValue(ty) => self.zero(&module.types[ty].inner),
            Expression::Compose { ref components, .. } => {
                joined(components.iter().map(|c| self.constant(*c)))
            }
            Expression::Splat { size, value } => {
                let value = self.constant(value)?.single()?.clone();
                Ok(Value::Plain(vec![value; size as usize]))
            }
            ref other => Err(format!("as a constant, {other:?} is not interpreted")),
        }
    }

    pub fn evaluate(
        &mut self,
        frame: &mut Frame<'a>,
        handle: Handle<Expression>,
        mask: &[bool],
    ) -> Result<Value, Fault> {
        let module = &self.kernel.module;
        match frame.function.expressions[handle] {
            Expression::Literal(literal) => self.literal(literal),
            Expression::Constant(constant) => self.constant(module.constants[constant].init),
            Expression::ZeroValue(ty) => self.zero(&module.types[ty].inner),
            Expression::Compose { ref components, .. } => {
                joined(components.iter().map(|c| self.value(frame, *c, mask)))
            }
            Expression::Access { base, index } => {
                let index = self.value(frame, index, mask)?.single()?.clone();
                self.access(frame, base, &index, mask)
            }
            Expression::AccessIndex { base, index } => {
                let index = self.lanes(|_| index);
                self.access(frame, base, &index, mask)
            }
            Expression::Splat { size, value } => {
                let value = self.value(frame, value, mask)?.single()?.clone();
                Ok(Value::Plain(vec![value; size as usize]))
            }
            Expression::Swizzle { size, vector, pattern } => {
                let vector = self.value(frame, vector, mask)?;
                let vector = vector.plain()?;
                let chosen = pattern[..size as usize].iter();
                Ok(Value::Plain(chosen.map(|c| vector[*c as usize].clone()).collect()))
            }
            Expression::FunctionArgument(at) => Ok(frame.arguments[at as usize].clone()),
            Expression::GlobalVariable(variable) => Ok(self.pointer(Root::Shared(variable))),
            Expression::LocalVariable(variable) => Ok(self.pointer(Root::Own(variable))),
            Expression::Load { pointer } => self.load(frame, pointer, mask),
            Expression::Unary { op, expr } => {
                let kind = self.kind(frame, expr)?;
                let value = self.value(frame, expr, mask)?;
                // A first time to learn whether there is such a function.
                unary(op, kind, 0)?;
                let one = |x| unary(op, kind, x).unwrap_or_default();
                Ok(Value::Plain(value.plain()?.iter().map(|lanes| map(lanes, one)).collect()))
            }
            Expression::Binary { op, left, right } => self.binary(frame, op, [left, right], mask),
            Expression::Select { condition, accept, reject } => {
                let condition = self.value(frame, condition, mask)?;
                let [accept, reject] = [accept, reject].map(|e| self.value(frame, e, mask));
                select(condition.plain()?, accept?.plain()?, reject?.plain()?)
            }
            Expression::Relational { fun, argument } => {
                let argument = self.value(frame, argument, mask)?;
                let all = argument.plain()?;
                let of = |f: &dyn Fn(usize) -> bool| self.lanes(|t| u32::from(f(t)));
                let lanes = match fun {
                    RelationalFunction::All => of(&|t| all.iter().all(|lanes| lanes[t] != 0)),
                    RelationalFunction::Any => of(&|t| all.iter().any(|lanes| lanes[t] != 0)),
                    other => return Err(format!("{other:?} is not interpreted")),
                };
                Ok(Value::Plain(vec![lanes]))
            }
            Expression::Math { fun, arg, arg1, arg2, arg3: None } => {
                self.math(frame, fun, arg, [arg1, arg2], mask)
            }
            Expression::As { expr, kind, convert } => {
                let from = self.kinds(frame, expr)?;
                let value = self.value(frame, expr, mask)?;
                let width = convert.unwrap_or(4);
                let to = Kind::of(naga::Scalar { kind, width })?;
                if convert.is_none() && from.contains(&Kind::F16) {
                    return Err("bits of f16 are not interpreted".into());
                }
                let lanes = value.plain()?.iter().zip(from);
                let one = |(lanes, from): (&Lanes, Kind)| match convert {
                    None => lanes.clone(),
                    Some(_) => map(lanes, |x| converted(from, to, x)),
                };
                Ok(Value::Plain(lanes.map(one).collect()))
            }
            Expression::ArrayLength(pointer) => {
                let TypeInner::Array { stride, .. } = self.pointee(frame, pointer) else {
                    return Err("the length of what is no array".into());
                };
                let pointer = self.value(frame, pointer, mask)?;
                let Root::Shared(variable) = pointer.pointer()?.root else {
                    return Err("an array without a length in a function".into());
                };
                let halves = self.memory[variable.index()].len() as u32;
                Ok(self.splat(2 * halves / stride))
            }
            Expression::CooperativeLoad { columns, rows, ref data, .. } => {
                self.load_matrix(frame, [rows as usize, columns as usize], data, mask)
            }
            Expression::CooperativeMultiplyAdd { a, b, c } => {
                self.multiply_add(frame, [a, b, c], mask)
            }
            ref other => Err(format!("this is not interpreted: {other:?}")),
        }
    }

    fn pointer(&self, root: Root) -> Value {
        Value::Pointer(Pointer { root, at: self.lanes(|_| 0) })
    }

    /// A part of a composite, or a pointer to it.
    fn access(
        &mut self,
        frame: &mut Frame<'a>,
        base: Handle<Expression>,
        index: &Lanes,
        mask: &[bool],
    ) -> Result<Value, Fault> {
        let inner = self.pointee(frame, base);
        let value = self.value(frame, base, mask)?;
        // Equal indices are looked up once.
        let mut known = None;
        let mut cells = 0;
        let mut at = Vec::with_capacity(index.len());
        for (t, &index) in index.iter().enumerate() {
            if let Some((same, place)) = known
                && same == index
            {
                at.push(place);
                continue;
            }
            let place = match part(&self.kernel.module, &inner, index)? {
                Some(part) => {
                    cells = part.cells;
                    [part.at, part.cell as u32]
                }
                None if mask[t] => return Err(format!("there is no part number {index}")),
                None => [0, 0],
            };
            known = Some((index, place));
            at.push(place);
        }
        match value {
            Value::Pointer(Pointer { root, at: base }) => {
                let unit = usize::from(matches!(root, Root::Own(_)));
                let at = base.iter().zip(&at).map(|(base, at)| base.saturating_add(at[unit]));
                Ok(Value::Pointer(Pointer { root, at: at.collect() }))
            }
            Value::Plain(components) => {
                let cell = |cell: usize| self.lanes(|t| components[at[t][1] as usize + cell][t]);
                Ok(Value::Plain((0..cells).map(cell).collect()))
            }
            Value::Matrix(_) => Err("parts of a matrix are not interpreted".into()),
        }
    }

    fn load(
        &mut self,
        frame: &mut Frame<'a>,
        pointer: Handle<Expression>,
        mask: &[bool],
    ) -> Result<Value, Fault> {
        let inner = self.pointee(frame, pointer);
        let value = self.value(frame, pointer, mask)?;
        let Pointer { root, at } = value.pointer()?;
        let variable = match root {
            Root::Shared(variable) => variable.index(),
            Root::Own(variable) => {
                return match &frame.own[variable.index()] {
                    Own::Matrix(tiles) => Ok(Value::Matrix(tiles.clone())),
                    Own::Plain(own) => {
                        let count = self.cells(&inner)?.len();
                        let cell = |i: usize| self.lanes(|t| own[at[t] as usize + i][t]);
                        Ok(Value::Plain((0..count).map(cell).collect()))
                    }
                };
            }
        };
        let (cells, moment) = (self.cells(&inner)?, self.moment(variable));
        let mut out = vec![vec![0; mask.len()]; cells.len()];
        for (t, _) in mask.iter().enumerate().filter(|(_, on)| **on) {
            let who = self.who(t);
            for (cell, out) in cells.iter().zip(&mut out) {
                let at = at[t].saturating_add(cell.at);
                out[t] = self.memory[variable].load(at, cell.kind, who, moment)?;
            }
        }
        Ok(Value::Plain(out.into_iter().map(Rc::from).collect()))
    }

    fn binary(
        &mut self,
        frame: &mut Frame<'a>,
        op: BinaryOperator,
        [left, right]: [Handle<Expression>; 2],
        mask: &[bool],
    ) -> Result<Value, Fault> {
        let matrix =
            |handle| matches!(self.inner(frame, handle), TypeInner::CooperativeMatrix { .. });
        if matrix(left) || matrix(right) {
            return Err("sums of matrices are not interpreted".into());
        }
        let f = binary(op, self.kind(frame, left)?)?;
        let [left, right] = [left, right].map(|e| self.value(frame, e, mask));
        let (left, right) = (left?, right?);
        let (a, b) = (left.plain()?, right.plain()?);
        // A number beside a vector stands for all of its components.
        let count = a.len().max(b.len());
        let of = |all: &[Lanes], i: usize| all[if all.len() == 1 { 0 } else { i }].clone();
        Ok(Value::Plain((0..count).map(|i| zip(&of(a, i), &of(b, i), &f)).collect()))
    }

    fn math(
        &mut self,
        frame: &mut Frame<'a>,
        fun: MathFunction,
        first: Handle<Expression>,
        rest: [Option<Handle<Expression>>; 2],
        mask: &[bool],
    ) -> Result<Value, Fault> {
        let kind = self.kind(frame, first)?;
        let a = self.value(frame, first, mask)?;
        let [b, c] = rest.map(|e| e.map_or(Ok(a.clone()), |e| self.value(frame, e, mask)));
        let (b, c) = (b?, c?);
        let (a, b, c) = (a.plain()?, b.plain()?, c.plain()?);
        if let Some(packed) = packed(fun, a) {
            return Ok(packed);
        }
        if fun == MathFunction::Dot {
            let [times, plus] = [BinaryOperator::Multiply, BinaryOperator::Add];
            let (times, plus) = (binary(times, kind)?, binary(plus, kind)?);
            let products = a.iter().zip(b).map(|(a, b)| zip(a, b, &times));
            let sum = products.reduce(|a, b| zip(&a, &b, &plus)).ok_or("an empty vector")?;
            return Ok(Value::Plain(vec![sum]));
        }
        let f = math(fun, kind)?;
        let lanes = a.iter().zip(b).zip(c);
        let one = |((a, b), c): ((&Lanes, &Lanes), &Lanes)| self.lanes(|t| f([a[t], b[t], c[t]]));
        Ok(Value::Plain(lanes.map(one).collect()))
    }
}

/// What packs several numbers into 32 bits, or unpacks them.
fn packed(fun: MathFunction, a: &[Lanes]) -> Option<Value> {
    let bytes = |f: fn(u32) -> u32| {
        (0..4).map(|i| map(&a[0], |x| f(x >> (8 * i) & 0xff))).collect::<Vec<_>>()
    };
    let half = |x: u32| half::f16::from_f32(f32::from_bits(x)).to_bits();
    let lanes = match fun {
        MathFunction::Unpack4x8unorm => bytes(|x| (x as f32 / 255.0).to_bits()),
        MathFunction::Unpack4xU8 => bytes(|x| x),
        MathFunction::Unpack2x16float => (0..2)
            .map(|i| {
                let number = |x: u32| half::f16::from_bits((x >> (16 * i)) as u16).to_f32();
                map(&a[0], |x| number(x).to_bits())
            })
            .collect(),
        MathFunction::Pack2x16float => {
            vec![zip(&a[0], &a[1], |a, b| u32::from(half(a)) | u32::from(half(b)) << 16)]
        }
        MathFunction::QuantizeToF16 => {
            a.iter().map(|a| map(a, |x| rounded(Kind::F16, f32::from_bits(x)))).collect()
        }
        _ => return None,
    };
    Some(Value::Plain(lanes))
}

/// The components of several values, one after the other.
fn joined(all: impl Iterator<Item = Result<Value, Fault>>) -> Result<Value, Fault> {
    let mut out = Vec::new();
    for value in all {
        out.extend_from_slice(value?.plain()?);
    }
    Ok(Value::Plain(out))
}

fn select(condition: &[Lanes], accept: &[Lanes], reject: &[Lanes]) -> Result<Value, Fault> {
    let one = |i: usize| {
        let condition = &condition[if condition.len() == 1 { 0 } else { i }];
        let choose = |t: usize| if condition[t] != 0 { accept[i][t] } else { reject[i][t] };
        (0..condition.len()).map(choose).collect()
    };
    Ok(Value::Plain((0..accept.len()).map(one).collect()))
}
