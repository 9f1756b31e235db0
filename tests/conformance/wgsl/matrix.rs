//! Cooperative matrices, whole subgroups at a time.

use naga::{CooperativeData, Expression, Handle, TypeInner};

use super::Fault;
use super::layout::Kind;
use super::memory::Who;
use super::value::{Pointer, Root, Tile, Value};
use super::workgroup::{Frame, Workgroup};

/// Vulkan's rule for where matrices begin and how far their lines are apart, in bytes.
const ALIGNMENT: u32 = 16;

/// Where a subgroup's matrix stands.
struct Place {
    variable: usize,
    kind: Kind,
    /// Of its first element, in units of 16 bits.
    at: u32,
    /// From line to line, as well.
    stride: u32,
    by_rows: bool,
}

impl Place {
    fn element(&self, row: usize, column: usize) -> Result<u32, Fault> {
        let (line, along) = if self.by_rows { (row, column) } else { (column, row) };
        Ok(self.at + line as u32 * self.stride + along as u32 * self.kind.halves()?)
    }
}

impl<'a> Workgroup<'a, '_> {
    /// The subgroups that take part, none of them in part.
    pub fn whole_subgroups(&self, mask: &[bool]) -> Result<Vec<usize>, Fault> {
        let size = self.subgroup_size()?;
        if !self.threads().is_multiple_of(size) {
            let threads = self.threads();
            return Err(format!("{threads} threads are not whole subgroups of {size}"));
        }
        let mut whole = Vec::new();
        for (subgroup, threads) in mask.chunks(size).enumerate() {
            match threads.iter().filter(|on| **on).count() {
                0 => {}
                all if all == size => whole.push(subgroup),
                some => return Err(format!("a matrix of {some} of {size} threads of a subgroup")),
            }
        }
        Ok(whole)
    }

    /// What all threads of a subgroup say, of 32 bits.
    fn agreed(&self, lanes: &[u32], subgroup: usize, what: &str) -> Result<u32, Fault> {
        let size = self.subgroup_size()?;
        let threads = &lanes[subgroup * size..(subgroup + 1) * size];
        match threads.iter().all(|&n| n == threads[0]) {
            true => Ok(threads[0]),
            false => Err(format!("threads of a subgroup have a matrix at more than one {what}")),
        }
    }

    fn places(
        &mut self,
        frame: &mut Frame<'a>,
        data: &CooperativeData,
        lines: usize,
        mask: &[bool],
    ) -> Result<Vec<(usize, Place)>, Fault> {
        let pointee = self.pointee(frame, data.pointer);
        let cells = self.cells(&pointee)?;
        let kind = cells.first().ok_or("a matrix of nothing")?.kind;
        let unit = cells.len() as u32 * kind.halves()?;
        let pointer = self.value(frame, data.pointer, mask)?;
        let Pointer { root: Root::Shared(variable), at } = pointer.pointer()? else {
            return Err("a matrix in a function's own variable".into());
        };
        let stride = self.value(frame, data.stride, mask)?.single()?.clone();
        let mut places = Vec::new();
        for subgroup in self.whole_subgroups(mask)? {
            let at = self.agreed(at, subgroup, "place")?;
            let stride = unit * self.agreed(&stride, subgroup, "stride")?;
            let aligned = ALIGNMENT.min(2 * lines as u32 * kind.halves()?);
            if !(2 * at).is_multiple_of(aligned) || !(2 * stride).is_multiple_of(aligned) {
                let (at, stride) = (2 * at, 2 * stride);
                return Err(format!("a matrix at byte {at}, {stride} bytes a line"));
            }
            let (variable, by_rows) = (variable.index(), data.row_major);
            places.push((subgroup, Place { variable, kind, at, stride, by_rows }));
        }
        Ok(places)
    }

    pub fn load_matrix(
        &mut self,
        frame: &mut Frame<'a>,
        [rows, columns]: [usize; 2],
        data: &CooperativeData,
        mask: &[bool],
    ) -> Result<Value, Fault> {
        let along = if data.row_major { columns } else { rows };
        let places = self.places(frame, data, along, mask)?;
        let nothing: Tile = vec![f32::NAN; rows * columns].into();
        let mut tiles = vec![nothing; self.threads() / self.subgroup_size()?];
        for (subgroup, place) in places {
            let moment = self.moment(place.variable);
            let mut tile = Vec::with_capacity(rows * columns);
            for row in 0..rows {
                for column in 0..columns {
                    let at = place.element(row, column)?;
                    let memory = &mut self.memory[place.variable];
                    let bits = memory.load(at, place.kind, Who::Several, moment)?;
                    tile.push(f32::from_bits(bits));
                }
            }
            tiles[subgroup] = tile.into();
        }
        Ok(Value::Matrix(tiles))
    }

    pub fn store_matrix(
        &mut self,
        frame: &mut Frame<'a>,
        target: Handle<Expression>,
        data: &CooperativeData,
        mask: &[bool],
    ) -> Result<(), Fault> {
        let [rows, columns] = self.extents(frame, target)?;
        let value = self.value(frame, target, mask)?;
        let along = if data.row_major { columns } else { rows };
        for (subgroup, place) in self.places(frame, data, along, mask)? {
            let moment = self.moment(place.variable);
            for (at, element) in value.matrix()?[subgroup].iter().enumerate() {
                let at = place.element(at / columns, at % columns)?;
                let memory = &mut self.memory[place.variable];
                memory.store(at, place.kind, element.to_bits(), Who::Several, moment)?;
            }
        }
        Ok(())
    }

    fn extents(&self, frame: &Frame<'a>, handle: Handle<Expression>) -> Result<[usize; 2], Fault> {
        match *self.inner(frame, handle) {
            TypeInner::CooperativeMatrix { rows, columns, .. } => {
                Ok([rows as usize, columns as usize])
            }
            ref other => Err(format!("expected a matrix for {other:?}")),
        }
    }

    /// a·b + c, summed in f64 and rounded once.
    pub fn multiply_add(
        &mut self,
        frame: &mut Frame<'a>,
        [a, b, c]: [Handle<Expression>; 3],
        mask: &[bool],
    ) -> Result<Value, Fault> {
        let ([rows, depth], [_, columns]) = (self.extents(frame, a)?, self.extents(frame, b)?);
        let whole = self.whole_subgroups(mask)?;
        let [a, b, c] = [a, b, c].map(|e| self.value(frame, e, mask));
        let (a, b, c) = (a?, b?, c?);
        let mut out = c.matrix()?.to_vec();
        for subgroup in whole {
            let (a, b) = (&a.matrix()?[subgroup], &b.matrix()?[subgroup]);
            let element = |(at, c): (usize, &f32)| {
                let product = |k: usize| {
                    let (a, b) = (a[at / columns * depth + k], b[k * columns + at % columns]);
                    f64::from(a) * f64::from(b)
                };
                let sum: f64 = (0..depth).map(product).sum();
                (f64::from(*c) + sum) as f32
            };
            debug_assert_eq!(out[subgroup].len(), rows * columns);
            out[subgroup] = out[subgroup].iter().enumerate().map(element).collect();
        }
        Ok(Value::Matrix(out))
    }
}
