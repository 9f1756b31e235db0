//! Bugs planted in an engine's reading of a program: the comparison with the interpreter, which
//! reads the right one, must see them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rnetc::engine::{Device, Engine, EngineError, Executable};
use rnetc::graph::builder::Builder;
use rnetc::graph::{AxisMap, Op, Output, Program, Remap, Role, Shape, Type};

use super::compare::agree;
use super::support::{cpu, gpu};

/// An engine that takes rows from elsewhere, as one with a wrong index map would.
struct Misreading {
    engine: Box<dyn Engine>,
    rows: fn(&mut AxisMap),
}

impl Engine for Misreading {
    fn device(&self) -> Device {
        self.engine.device()
    }

    fn compile(&self, program: &Program) -> Result<Box<dyn Executable>, EngineError> {
        let mut misread = program.clone();
        for node in &mut misread.graph.nodes {
            if let Op::Remap(remap) = &mut node.op {
                (self.rows)(&mut remap.axes[1]);
            }
        }
        self.engine.compile(&misread)
    }
}

/// Rows of pictures of eight, re-indexed.
fn program(rows: AxisMap) -> Program {
    let mut b = Builder::new();
    let ty = Type { shape: Shape([2, 8, 3, 4]), batched: true };
    let x = b.input("images", Role::Images, ty);
    let mut axes = ty.shape.0.map(AxisMap::identity);
    axes[1] = rows;
    let moved = b.remap(Remap { axes }, x);
    let outputs = Output::quantities([moved]);
    Program { graph: b.finish(), outputs, updates: Vec::new(), batch: 2 }
}

/// Whether the comparison finds a difference, and no other fault.
fn is_caught(map: AxisMap, rows: fn(&mut AxisMap)) -> bool {
    let mut engines = vec![("cpu", cpu())];
    engines.extend(gpu().map(|engine| ("wgpu", Box::new(engine) as Box<dyn Engine>)));
    engines.into_iter().all(|(on, engine)| {
        let engines = vec![(on, Box::new(Misreading { engine, rows }) as Box<dyn Engine>)];
        let compared = || agree("planted", &program(map), 1e-6, engines);
        let Err(panic) = catch_unwind(AssertUnwindSafe(compared)) else { return false };
        panic.downcast_ref::<String>().is_some_and(|message| message.contains("is off by"))
    })
}

#[test]
fn wrong_index_maps_are_caught() {
    let every_second = AxisMap { len: 4, mul: 2, offset: 0, div: 1 };
    let padded = AxisMap { len: 10, mul: 1, offset: -1, div: 1 };
    let spread = AxisMap { len: 15, mul: 1, offset: 0, div: 2 };
    for map in [every_second, padded, spread] {
        assert!(!is_caught(map, |_| {}), "{map} as it is");
        assert!(is_caught(map, |rows| rows.offset += 1), "{map}, one too far");
        assert!(is_caught(map, |rows| rows.offset -= 1), "{map}, one too near");
        assert!(is_caught(map, |rows| rows.mul += 1), "{map}, factor too large");
        assert!(is_caught(map, |rows| rows.div += 1), "{map}, divisor too large");
    }
}
