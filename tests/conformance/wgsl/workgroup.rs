//! One workgroup: statements, with masks of the threads that take part.

use std::rc::Rc;

use naga::valid::FunctionInfo;
use naga::{
    AddressSpace, Barrier, Binding, Block, BuiltIn, Expression, Function, Handle, Statement,
    SwitchValue, TypeInner,
};

use super::Fault;
use super::layout::{Cell, cells};
use super::memory::{Memory, Moment, Who};
use super::module::Kernel;
use super::value::{Lanes, Pointer, Root, Tile, Value};

/// Which threads take part.
pub type Mask = Vec<bool>;

/// Turns after which a loop is taken for endless.
const MOST_TURNS: usize = 1 << 20;

/// A dispatch in the midst of its workgroup.
pub struct Workgroup<'a, 'm> {
    pub kernel: &'a Kernel,
    /// Of each global variable.
    pub memory: Vec<Memory<'m>>,
    /// Threads of a subgroup, if there are any.
    pub subgroup: Option<u32>,
    pub groups: [u32; 3],
    pub group: u32,
    /// Of workgroup memory and of buffers.
    moments: [Moment; 2],
}

/// A variable of each thread.
#[derive(Clone)]
pub enum Own {
    /// Of each component the bits of each thread.
    Plain(Vec<Vec<u32>>),
    /// Of each subgroup.
    Matrix(Vec<Tile>),
}

/// A function at work.
pub struct Frame<'a> {
    pub function: &'a Function,
    pub info: &'a FunctionInfo,
    pub values: Vec<Option<Value>>,
    pub arguments: Vec<Value>,
    pub own: Vec<Own>,
    result: Option<Vec<Vec<u32>>>,
    /// Who has left each loop or switch around this.
    left: Vec<Mask>,
    /// Who waits for the next turn of each loop around this.
    continued: Vec<Mask>,
}

fn any(mask: &[bool]) -> bool {
    mask.iter().any(|&on| on)
}

fn join(mask: &mut Mask, with: &[bool]) {
    mask.iter_mut().zip(with).for_each(|(on, with)| *on |= with);
}

fn meet(mask: &[bool], with: impl Fn(usize) -> bool) -> Mask {
    mask.iter().enumerate().map(|(at, &on)| on && with(at)).collect()
}

impl<'a, 'm> Workgroup<'a, 'm> {
    pub fn new(
        kernel: &'a Kernel,
        memory: Vec<Memory<'m>>,
        subgroup: Option<u32>,
        groups: [u32; 3],
    ) -> Self {
        let moments = [Moment { epoch: 0, first: 0 }; 2];
        Self { kernel, memory, subgroup, groups, group: 0, moments }
    }

    /// Every workgroup, one after the other.
    pub fn dispatch(&mut self) -> Result<(), Fault> {
        let kernel = self.kernel;
        for group in 0..self.groups.iter().product() {
            self.group = group;
            for (handle, variable) in kernel.module.global_variables.iter() {
                if variable.space == AddressSpace::WorkGroup {
                    self.memory[handle.index()].clear();
                }
            }
            for moment in &mut self.moments {
                let epoch = moment.epoch + 1;
                *moment = Moment { epoch, first: epoch };
            }
            let (function, info) = kernel.entry();
            let arguments = function.arguments.iter();
            let arguments = arguments.map(|a| self.builtin(a.binding.as_ref()));
            let arguments = arguments.collect::<Result<_, _>>()?;
            self.call(function, info, arguments, vec![true; self.threads()])
                .map_err(|fault| format!("workgroup {group}: {fault}"))?;
        }
        Ok(())
    }

    pub fn threads(&self) -> usize {
        self.kernel.threads() as usize
    }

    /// The number of a thread in the dispatch.
    pub fn who(&self, thread: usize) -> Who {
        Who::Thread(self.group * self.kernel.threads() + thread as u32)
    }

    /// Now, in the memory of a global variable.
    pub fn moment(&self, variable: usize) -> Moment {
        let mut variables = self.kernel.module.global_variables.iter();
        let space = variables.nth(variable).map(|(_, v)| v.space);
        self.moments[usize::from(space != Some(AddressSpace::WorkGroup))]
    }

    pub fn lanes(&self, f: impl Fn(usize) -> u32) -> Lanes {
        (0..self.threads()).map(f).collect()
    }

    /// Threads of a subgroup, or why a kernel has none.
    pub fn subgroup_size(&self) -> Result<usize, Fault> {
        let size = self.subgroup.ok_or("the adapter has no subgroups")?;
        Ok(size as usize)
    }

    fn builtin(&self, binding: Option<&Binding>) -> Result<Value, Fault> {
        let Some(Binding::BuiltIn(builtin)) = binding else {
            return Err("an argument is no builtin".into());
        };
        let all = self.kernel.threads();
        let [x, y, _] = self.groups;
        let group = [self.group % x, self.group / x % y, self.group / x / y];
        let splat = |n: u32| self.lanes(|_| n);
        Ok(Value::Plain(match builtin {
            BuiltIn::WorkGroupId => group.map(splat).into(),
            BuiltIn::NumWorkGroups => self.groups.map(splat).into(),
            // Nobody promises that subgroups number their threads in this order.
            BuiltIn::LocalInvocationIndex => vec![self.lanes(|t| all - 1 - t as u32)],
            BuiltIn::SubgroupId => {
                let size = self.subgroup_size()?;
                vec![self.lanes(|t| (t / size) as u32)]
            }
            BuiltIn::SubgroupInvocationId => {
                let size = self.subgroup_size()?;
                vec![self.lanes(|t| (t % size) as u32)]
            }
            BuiltIn::SubgroupSize => vec![splat(self.subgroup_size()? as u32)],
            BuiltIn::NumSubgroups => vec![splat(all.div_ceil(self.subgroup_size()? as u32))],
            other => return Err(format!("{other:?} is not interpreted")),
        }))
    }

    fn call(
        &mut self,
        function: &'a Function,
        info: &'a FunctionInfo,
        arguments: Vec<Value>,
        mask: Mask,
    ) -> Result<Option<Value>, Fault> {
        let result = function.result.as_ref();
        let result = result.map(|r| self.cells(&self.kernel.module.types[r.ty].inner));
        let zeros = |cells: Vec<Cell>| vec![vec![0; self.threads()]; cells.len()];
        let mut frame = Frame {
            function,
            info,
            values: vec![None; function.expressions.len()],
            arguments,
            own: Vec::new(),
            result: result.transpose()?.map(zeros),
            left: Vec::new(),
            continued: Vec::new(),
        };
        for (_, variable) in function.local_variables.iter() {
            let own = match variable.init {
                Some(init) => self.value(&mut frame, init, &mask)?,
                None => self.zero(&self.kernel.module.types[variable.ty].inner)?,
            };
            frame.own.push(match own {
                Value::Plain(cells) => Own::Plain(cells.iter().map(|l| l.to_vec()).collect()),
                Value::Matrix(tiles) => Own::Matrix(tiles),
                Value::Pointer(_) => return Err("a variable holds a pointer".into()),
            });
        }
        self.block(&mut frame, &function.body, mask)?;
        Ok(frame.result.map(|cells| Value::Plain(cells.into_iter().map(Rc::from).collect())))
    }

    pub fn cells(&self, inner: &TypeInner) -> Result<Vec<Cell>, Fault> {
        cells(&self.kernel.module, inner)
    }

    /// Runs a block and says who reaches its end.
    fn block(
        &mut self,
        frame: &mut Frame<'a>,
        block: &'a Block,
        mut mask: Mask,
    ) -> Result<Mask, Fault> {
        for (statement, span) in block.span_iter() {
            if !any(&mask) {
                break;
            }
            mask = self
                .statement(frame, statement, mask)
                .map_err(|fault| self.kernel.placed(fault, *span))?;
        }
        Ok(mask)
    }

    fn statement(
        &mut self,
        frame: &mut Frame<'a>,
        statement: &'a Statement,
        mask: Mask,
    ) -> Result<Mask, Fault> {
        match statement {
            Statement::Emit(range) => {
                for handle in range.clone() {
                    let value = self.evaluate(frame, handle, &mask).map_err(|fault| {
                        self.kernel.placed(fault, frame.function.expressions.get_span(handle))
                    })?;
                    frame.values[handle.index()] = Some(value);
                }
            }
            Statement::Block(block) => return self.block(frame, block, mask),
            Statement::If { condition, accept, reject } => {
                let condition = self.condition(frame, *condition, &mask)?;
                let accepted = meet(&mask, |t| condition[t] != 0);
                let rejected = meet(&mask, |t| condition[t] == 0);
                let mut end = self.block(frame, accept, accepted)?;
                join(&mut end, &self.block(frame, reject, rejected)?);
                return Ok(end);
            }
            Statement::Switch { selector, cases } => {
                let selector = self.condition(frame, *selector, &mask)?;
                return self.switch(frame, cases, &selector, mask);
            }
            Statement::Loop { body, continuing, break_if } => {
                return self.turns(frame, body, continuing, *break_if, mask);
            }
            Statement::Break => {
                join(frame.left.last_mut().ok_or("a break outside a loop")?, &mask);
                return Ok(vec![false; mask.len()]);
            }
            Statement::Continue => {
                join(frame.continued.last_mut().ok_or("a continue outside a loop")?, &mask);
                return Ok(vec![false; mask.len()]);
            }
            Statement::Return { value } => {
                if let Some(value) = value {
                    let value = self.value(frame, *value, &mask)?;
                    let result = frame.result.as_mut().ok_or("a value nobody waits for")?;
                    assign(result, value.plain()?, &mask);
                }
                return Ok(vec![false; mask.len()]);
            }
            Statement::ControlBarrier(barrier) => self.barrier(*barrier, &mask)?,
            Statement::Store { pointer, value } => {
                let value = self.value(frame, *value, &mask)?;
                let inner = self.pointee(frame, *pointer);
                let pointer = self.value(frame, *pointer, &mask)?;
                self.store(frame, pointer.pointer()?, inner, value, &mask)?;
            }
            Statement::Call { function, arguments, result } => {
                let arguments = arguments.iter().map(|a| self.value(frame, *a, &mask));
                let arguments = arguments.collect::<Result<_, _>>()?;
                let (function, info) = self.kernel.function(*function);
                let value = self.call(function, info, arguments, mask.clone())?;
                if let Some(result) = result {
                    frame.values[result.index()] = value;
                }
            }
            Statement::SubgroupGather { mode, argument, result } => {
                let value = self.gather(frame, *mode, *argument, &mask)?;
                frame.values[result.index()] = Some(value);
            }
            Statement::SubgroupCollectiveOperation { op, collective_op, argument, result } => {
                let value = self.collect(frame, *op, *collective_op, *argument, &mask)?;
                frame.values[result.index()] = Some(value);
            }
            Statement::CooperativeStore { target, data } => {
                self.store_matrix(frame, *target, data, &mask)?;
            }
            other => return Err(format!("this is not interpreted: {other:?}")),
        }
        Ok(mask)
    }

    /// The only component of a condition.
    fn condition(
        &mut self,
        frame: &mut Frame<'a>,
        handle: Handle<Expression>,
        mask: &[bool],
    ) -> Result<Lanes, Fault> {
        Ok(self.value(frame, handle, mask)?.single()?.clone())
    }

    fn turns(
        &mut self,
        frame: &mut Frame<'a>,
        body: &'a Block,
        continuing: &'a Block,
        break_if: Option<Handle<Expression>>,
        mask: Mask,
    ) -> Result<Mask, Fault> {
        let none = vec![false; mask.len()];
        let (mut live, mut out) = (mask, none.clone());
        for _ in 0..MOST_TURNS {
            frame.left.push(none.clone());
            frame.continued.push(none.clone());
            live = self.block(frame, body, live)?;
            join(&mut out, &frame.left.pop().unwrap_or_default());
            join(&mut live, &frame.continued.pop().unwrap_or_default());
            live = self.block(frame, continuing, live)?;
            if let Some(condition) = break_if.filter(|_| any(&live)) {
                let condition = self.condition(frame, condition, &live)?;
                join(&mut out, &meet(&live, |t| condition[t] != 0));
                live = meet(&live, |t| condition[t] == 0);
            }
            if !any(&live) {
                return Ok(out);
            }
        }
        Err("a loop does not end".into())
    }

    fn switch(
        &mut self,
        frame: &mut Frame<'a>,
        cases: &'a [naga::SwitchCase],
        selector: &[u32],
        mask: Mask,
    ) -> Result<Mask, Fault> {
        let named = |value: u32| {
            cases.iter().position(|case| match case.value {
                SwitchValue::U32(n) => n == value,
                SwitchValue::I32(n) => n as u32 == value,
                SwitchValue::Default => false,
            })
        };
        let default = cases.iter().position(|case| case.value == SwitchValue::Default);
        let taken: Vec<_> = selector.iter().map(|&value| named(value).or(default)).collect();
        frame.left.push(vec![false; mask.len()]);
        let (mut falling, mut end) = (vec![false; mask.len()], vec![false; mask.len()]);
        for (at, case) in cases.iter().enumerate() {
            let mut live = meet(&mask, |t| taken[t] == Some(at));
            join(&mut live, &falling);
            let through = self.block(frame, &case.body, live)?;
            falling.fill(false);
            join(if case.fall_through { &mut falling } else { &mut end }, &through);
        }
        join(&mut end, &frame.left.pop().unwrap_or_default());
        Ok(end)
    }

    fn barrier(&mut self, barrier: Barrier, mask: &[bool]) -> Result<(), Fault> {
        if let Some(missing) = mask.iter().position(|on| !on) {
            return Err(format!("thread {missing} does not reach a barrier that others reach"));
        }
        for (flag, moment) in [Barrier::WORK_GROUP, Barrier::STORAGE].into_iter().zip(0..) {
            if barrier.contains(flag) {
                self.moments[moment as usize].epoch += 1;
            }
        }
        match barrier.difference(Barrier::WORK_GROUP | Barrier::STORAGE).is_empty() {
            true => Ok(()),
            false => Err(format!("{barrier:?} is not interpreted")),
        }
    }

    fn store(
        &mut self,
        frame: &mut Frame<'a>,
        Pointer { root, at }: &Pointer,
        inner: TypeInner,
        value: Value,
        mask: &[bool],
    ) -> Result<(), Fault> {
        let own = match root {
            Root::Own(variable) => &mut frame.own[variable.index()],
            Root::Shared(variable) => {
                return self.share(variable.index(), at, &inner, value.plain()?, mask);
            }
        };
        match (own, value) {
            (Own::Plain(own), Value::Plain(value)) => {
                for (t, _) in mask.iter().enumerate().filter(|(_, on)| **on) {
                    let first = at[t] as usize;
                    for (cell, value) in own[first..].iter_mut().zip(&value) {
                        cell[t] = value[t];
                    }
                }
            }
            (Own::Matrix(own), Value::Matrix(value)) => {
                let whole = self.whole_subgroups(mask)?;
                for subgroup in whole {
                    own[subgroup] = value[subgroup].clone();
                }
            }
            _ => return Err("a variable of another type".into()),
        }
        Ok(())
    }

    fn share(
        &mut self,
        variable: usize,
        at: &Lanes,
        inner: &TypeInner,
        value: &[Lanes],
        mask: &[bool],
    ) -> Result<(), Fault> {
        let (cells, moment) = (self.cells(inner)?, self.moment(variable));
        for (t, _) in mask.iter().enumerate().filter(|(_, on)| **on) {
            let who = self.who(t);
            for (cell, value) in cells.iter().zip(value) {
                let at = at[t].saturating_add(cell.at);
                self.memory[variable].store(at, cell.kind, value[t], who, moment)?;
            }
        }
        Ok(())
    }
}

/// Gives those that take part a new value.
fn assign(to: &mut [Vec<u32>], value: &[Lanes], mask: &[bool]) {
    for (cell, value) in to.iter_mut().zip(value) {
        for (t, _) in mask.iter().enumerate().filter(|(_, on)| **on) {
            cell[t] = value[t];
        }
    }
}
