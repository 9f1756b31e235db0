//! A frame: size and components (T.81, B.2.2 and A.1).

use super::Fault;

/// Components that a frame may have.
pub const MOST_COMPONENTS: usize = 4;

/// A picture's size and what it is made of.
pub struct Frame {
    pub size: Size,
    pub progressive: bool,
    pub components: Vec<Component>,
}

/// Columns and rows, and the largest factors of the components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub columns: usize,
    pub rows: usize,
    most: [usize; 2],
}

/// A component.
pub struct Component {
    pub id: u8,
    /// Blocks in a unit, across and down.
    pub sampling: [usize; 2],
    /// Blocks in a row, whole units.
    pub stride: usize,
    /// How many bits of each coefficient are still to come; nothing where none has come.
    pub missing: [Option<u8>; 64],
    /// Of each block, which coefficients are not zero; kept for progressive frames.
    pub set: Vec<u64>,
}

impl Frame {
    /// From the segment of a frame.
    pub fn parse(segment: &[u8], progressive: bool) -> Result<Self, Fault> {
        let [8, h1, h0, w1, w0, count, rest @ ..] = segment else { return Err(Fault::Unread) };
        let (rows, columns) = (u16::from_be_bytes([*h1, *h0]), u16::from_be_bytes([*w1, *w0]));
        let count = usize::from(*count);
        let (own, _) = rest.as_chunks::<3>();
        // Without rows, a marker behind the first scan would tell them.
        if rows == 0 || columns == 0 || !(1..=MOST_COMPONENTS).contains(&count) || own.len() < count
        {
            return Err(Fault::Unread);
        }
        let factors = |by: u8| [usize::from(by >> 4), usize::from(by & 15)];
        let own = own[..count].iter().map(|&[id, by, _]| (id, factors(by)));
        if own.clone().any(|(_, by)| by.iter().any(|n| !(1..=4).contains(n))) {
            return Err(Fault::Unread);
        }
        let most = [0, 1].map(|axis| own.clone().map(|(_, by)| by[axis]).max().unwrap_or(1));
        let size = Size { columns: columns.into(), rows: rows.into(), most };
        let components = own.map(|(id, sampling)| {
            let stride = size.columns.div_ceil(8 * most[0]) * sampling[0];
            Component { id, sampling, stride, missing: [None; 64], set: Vec::new() }
        });
        Ok(Self { size, progressive, components: components.collect() })
    }

    /// Whether something of every component has come.
    pub fn begun(&self) -> bool {
        self.components.iter().all(|component| component.missing[0].is_some())
    }

    /// Whether all of every component has come.
    pub fn finished(&self) -> bool {
        let mut all = self.components.iter().flat_map(|component| component.missing);
        all.all(|missing| missing == Some(0))
    }

    /// Units across and down, where several components stand together.
    pub fn units(&self) -> (usize, usize) {
        let Size { columns, rows, most } = self.size;
        (columns.div_ceil(8 * most[0]), rows.div_ceil(8 * most[1]))
    }

    /// Makes room for what later scans must know of a component's blocks.
    pub fn remember(&mut self, component: usize) {
        let rows = self.units().1;
        let component = &mut self.components[component];
        if self.progressive && component.set.is_empty() {
            component.set = vec![0; component.stride * rows * component.sampling[1]];
        }
    }

    /// Bytes that decoding takes: three a pixel, or one; and two for each coefficient that must be
    /// kept until the last scan.
    pub fn memory(&self) -> u64 {
        let (columns, rows) = self.units();
        let channels = if self.components.len() == 1 { 1 } else { 3 };
        let pixels = self.size.columns as u64 * self.size.rows as u64;
        let [across, down] = [0, 1].map(|axis| {
            let sampling = |component: &Component| component.sampling[axis] as u64;
            self.components.iter().map(sampling).collect::<Vec<_>>()
        });
        let blocks: u64 = across.iter().zip(&down).map(|(a, d)| a * d).sum();
        let kept = if self.progressive { blocks * columns as u64 * rows as u64 * 128 } else { 0 };
        pixels * channels + kept
    }
}

impl Component {
    /// Blocks across and down where it stands alone in a scan, and from row to row.
    pub fn alone(&self, size: Size) -> (usize, usize, usize) {
        let blocks = |pixels: usize, axis: usize| {
            (pixels * self.sampling[axis]).div_ceil(size.most[axis]).div_ceil(8)
        };
        (blocks(size.columns, 0), blocks(size.rows, 1), self.stride)
    }
}
