//! The net, stage by stage.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::attributes::{self, Attributes};
use super::expander::{Expander, Failure};
use super::hir::{Function, FunctionKind, Plain, Program};
use super::instance::{self, Instance, UnitCall};
use super::naming;
use super::network_builder::MAX_UNITS;
use super::places::Places;
use super::plain::{Env, Term};
use crate::diagnostic::{Code, Diagnostic};
use crate::network::{Chw, Layer, Network, UnitId, UnitInstance, ValueId};
use crate::source::{Source, Span};

/// Builds the network with the given values of the net's parameters, and says what its places come
/// to. `sides` are rows and columns of the pictures in place of those that `input` says.
pub fn network(
    program: &Program,
    source: &Source,
    settings: Vec<Option<Term>>,
    sides: Option<[usize; 2]>,
) -> Result<(Network, Places), Vec<Diagnostic>> {
    let mut expander = Expander::new(program, source);
    let network = expander.net(&settings, sides).map_err(|failure| match failure.is_empty() {
        false => failure.errors(),
        true => vec![Diagnostic::error(
            Code::UnitStructure,
            program.net.span,
            "this net cannot be built",
        )],
    })?;
    Ok((network, expander.places))
}

impl<'a> Expander<'a> {
    fn net(
        &mut self,
        settings: &[Option<Term>],
        sides: Option<[usize; 2]>,
    ) -> Result<Network, Failure> {
        let definition = &self.program.net;
        let env = Env::new(&definition.scope, settings, (0, 0))?;
        self.places.evaluated(&env);
        let mut repeated = Vec::new();
        repeats(&definition.chain, &mut repeated);
        attributes::all_times(&repeated, &env)?;
        let chain = instance::make(self, &definition.chain, &env, &[])?;
        let mut stages = Vec::new();
        instance::leaves(&chain, &mut stages);
        self.count_units(&stages)?;
        name_sections(self.program, &stages);
        let written = self.stages(&stages, sides)?;
        let input = written[0];
        let output = self.chains(&chain, input, &mut written.into_iter());
        self.classes(output, definition.chain.span)?;
        let number = |(name, term): (&str, Term)| match term {
            Term::Number(number) => Some((name.to_owned(), number)),
            Term::Kernel(_) | Term::Word(_) => None,
        };
        let built = std::mem::take(&mut self.net);
        Ok(Network {
            name: definition.name.clone(),
            source: self.source.clone(),
            values: built.values,
            modules: built.modules,
            units: built.units,
            input,
            output,
            settings: env.parameters().filter_map(number).collect(),
        })
    }

    fn count_units(&mut self, stages: &[&Rc<Instance<'a>>]) -> Result<(), Diagnostic> {
        let calls = || stages.iter().filter_map(|stage| unit_call(stage));
        if let Some(call) = calls().nth(MAX_UNITS) {
            let text = format!("the net has more than {MAX_UNITS} units");
            return Err(Diagnostic::error(Code::TooLarge, call.span, text)
                .label("passes the limit here")
                .hint("repeat its units less often"));
        }
        self.position = (0, calls().count());
        Ok(())
    }

    /// What each stage writes, from the pictures on.
    fn stages(
        &mut self,
        stages: &[&Rc<Instance<'a>>],
        sides: Option<[usize; 2]>,
    ) -> Result<Vec<ValueId>, Failure> {
        let mut value = self.input(stages.first(), sides)?;
        let mut written = vec![value];
        for stage in &stages[1..] {
            value = match &***stage {
                Instance::Unit(call) => self.top_unit(call, value)?,
                Instance::Layer(_)
                | Instance::Def(_)
                | Instance::Chain(..)
                | Instance::Bound(..) => self.apply(stage, value, Span::default())?,
            };
            written.push(value);
        }
        Ok(written)
    }

    /// Notes what the chains come to whose stages were applied one by one.
    fn chains(
        &mut self,
        instance: &Instance<'a>,
        read: ValueId,
        written: &mut std::vec::IntoIter<ValueId>,
    ) -> ValueId {
        match instance {
            Instance::Chain(stages, span) => {
                let mut last = read;
                for stage in stages {
                    last = self.chains(stage, last, written);
                }
                self.note(*span, read, last);
                last
            }
            Instance::Layer(_) | Instance::Def(_) | Instance::Unit(_) | Instance::Bound(..) => {
                written.next().unwrap_or(read)
            }
        }
    }

    fn input(
        &mut self,
        stage: Option<&&Rc<Instance<'a>>>,
        sides: Option<[usize; 2]>,
    ) -> Result<ValueId, Diagnostic> {
        if let Some(Instance::Layer(layer)) = stage.map(|stage| &***stage)
            && let Attributes::Input(shape) = layer.attributes
        {
            let shape = sides.map_or(shape, |[h, w]| Chw { h, w, ..shape });
            let pictures = self.net.value(Layer::Input, vec![], shape, layer.span)?;
            self.note(layer.span, pictures, pictures);
            return Ok(pictures);
        }
        let span = match stage.map(|stage| &***stage) {
            Some(Instance::Layer(layer)) => layer.span,
            Some(Instance::Unit(call)) => call.span,
            Some(Instance::Def(call)) => call.span,
            Some(Instance::Chain(..) | Instance::Bound(..)) | None => self.program.net.chain.span,
        };
        Err(Diagnostic::error(Code::NetStructure, span, "the net does not start with `input`")
            .label("the first stage")
            .hint("start with the pictures' channels, rows and columns: input(3, 32, 32) -> …"))
    }

    /// A unit that stands in the net itself.
    fn top_unit(&mut self, call: &UnitCall<'a>, input: ValueId) -> Result<ValueId, Failure> {
        let id = UnitId(self.net.units.len() as u32);
        let (_, count) = self.position;
        self.position = (id.index() + 1, count);
        (self.net.unit, self.net.applied) = (Some(id), BTreeSet::new());
        let applied = self.unit(call, input, &format!("unit {}", id.index() + 1))?;
        self.net.unit = None;
        self.position = (0, count);
        self.note(call.span, input, applied.output);
        let mut inner = std::mem::take(&mut self.net.applied);
        inner.remove(&call.definition);
        let name = |definition: usize| self.program.units[definition].name.clone();
        self.net.units.push(UnitInstance {
            inner: inner.into_iter().map(name).collect(),
            definition: name(call.definition),
            index: id.index() + 1,
            input,
            bindings: applied.bindings,
            sum: applied.sum,
            output: applied.output,
            span: call.span,
        });
        Ok(applied.output)
    }

    fn classes(&self, output: ValueId, span: Span) -> Result<(), Diagnostic> {
        let shape = self.net.shape(output);
        if shape.h == 1 && shape.w == 1 {
            return Ok(());
        }
        let text = format!("the net ends with {shape}; it must end with one number for each class");
        Err(Diagnostic::error(Code::NetStructure, span, text)
            .label(format!("ends with {shape}"))
            .hint("end it with … -> global_avg_pool -> linear(classes)"))
    }
}

/// How often the stages of a chain are repeated.
fn repeats<'a>(function: &'a Function, found: &mut Vec<&'a Plain>) {
    match &function.kind {
        FunctionKind::Chain(stages) => stages.iter().for_each(|stage| repeats(stage, found)),
        FunctionKind::Repeat(stage, times) => {
            repeats(stage, found);
            found.push(times);
        }
        FunctionKind::Layer(..)
        | FunctionKind::Unit(..)
        | FunctionKind::Def(..)
        | FunctionKind::Binding(_) => {}
    }
}

fn unit_call<'r, 'a>(stage: &'r Rc<Instance<'a>>) -> Option<&'r UnitCall<'a>> {
    match &**stage {
        Instance::Unit(call) => Some(call),
        Instance::Layer(_) | Instance::Def(_) | Instance::Chain(..) | Instance::Bound(..) => None,
    }
}

/// Names by section: `stem` before the first unit, `units.N`, `between.N` after unit N, `head`
/// after the last; `layers` in a net without units.
fn name_sections(program: &Program, stages: &[&Rc<Instance<'_>>]) {
    let count = stages.iter().filter(|stage| unit_call(stage).is_some()).count();
    let mut done = 0;
    for run in stages.chunk_by(|a, b| unit_call(a).is_none() && unit_call(b).is_none()) {
        if let [stage] = run
            && let Some(call) = unit_call(stage)
        {
            done += 1;
            call.prefix.get_or_init(|| format!("units.{done}"));
            continue;
        }
        let prefix = match (done, count) {
            (0, 0) => "layers".to_owned(),
            (0, _) => "stem".to_owned(),
            _ if done == count => "head".to_owned(),
            _ => format!("between.{done}"),
        };
        let layers: Vec<_> = run.iter().map(|&stage| Rc::clone(stage)).collect();
        naming::name(program, &prefix, &layers);
    }
}
