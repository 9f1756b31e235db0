//! Memory that threads share, and who touched what since the last barrier.

use super::Fault;
use super::layout::Kind;

/// Every 16 bits of what nobody has written: NaN as f16 and as f32, and no index as u32.
pub const UNWRITTEN: u16 = 0xffff;

/// Who touches memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A thread, by its number in the dispatch.
    Thread(u32),
    /// Several, together or one after the other.
    Several,
}

impl Who {
    fn is(self, other: Who) -> bool {
        self != Who::Several && self == other
    }
}

/// When memory was touched.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Since the last barrier; later ones are larger.
    pub epoch: u32,
    /// The first epoch of this workgroup: all before it are of others, which no barrier orders.
    pub first: u32,
}

impl Moment {
    fn is_unordered(self, epoch: u32) -> bool {
        epoch == self.epoch || epoch < self.first
    }
}

type Touch = Option<(Who, u32)>;

/// A buffer, or a variable in workgroup memory.
#[derive(Debug)]
pub struct Memory<'a> {
    halves: &'a mut [u16],
    read: Vec<Touch>,
    written: Vec<Touch>,
}

impl<'a> Memory<'a> {
    pub fn new(halves: &'a mut [u16]) -> Self {
        let touches = vec![None; halves.len()];
        Self { read: touches.clone(), written: touches, halves }
    }

    /// Forgets what was stored and who did it.
    pub fn clear(&mut self) {
        self.halves.fill(UNWRITTEN);
        self.read.fill(None);
        self.written.fill(None);
    }

    /// Units of 16 bits.
    pub fn len(&self) -> usize {
        self.halves.len()
    }

    fn span(&self, at: u32, kind: Kind) -> Result<std::ops::Range<usize>, Fault> {
        let span = at as usize..at as usize + kind.halves()? as usize;
        if span.end > self.halves.len() {
            let (byte, bytes) = (2 * span.start, 2 * self.halves.len());
            return Err(format!("byte {byte} of {bytes}"));
        }
        Ok(span)
    }

    /// The bits of a component.
    pub fn load(&mut self, at: u32, kind: Kind, who: Who, now: Moment) -> Result<u32, Fault> {
        let span = self.span(at, kind)?;
        for i in span.clone() {
            if let Some((other, then)) = self.written[i]
                && now.is_unordered(then)
                && !who.is(other)
            {
                return Err(format!("{who:?} reads byte {} that {other:?} wrote", 2 * i));
            }
            match &mut self.read[i] {
                // Readers of other workgroups stay known.
                Some((other, then)) if now.is_unordered(*then) && !who.is(*other) => {
                    *other = Who::Several;
                }
                touch => *touch = Some((who, now.epoch)),
            }
        }
        Ok(match self.halves[span] {
            [half] => half::f16::from_bits(half).to_f32().to_bits(),
            [low, high] => u32::from(low) | u32::from(high) << 16,
            _ => unreachable!("components have one or two units"),
        })
    }

    /// Stores the bits of a component.
    pub fn store(
        &mut self,
        at: u32,
        kind: Kind,
        bits: u32,
        who: Who,
        now: Moment,
    ) -> Result<(), Fault> {
        let span = self.span(at, kind)?;
        for i in span.clone() {
            for (touch, did) in [(self.written[i], "wrote"), (self.read[i], "read")] {
                if let Some((other, then)) = touch
                    && now.is_unordered(then)
                    && !who.is(other)
                {
                    return Err(format!("{who:?} writes byte {} that {other:?} {did}", 2 * i));
                }
            }
            self.written[i] = Some((who, now.epoch));
        }
        match &mut self.halves[span] {
            [half] => *half = half::f16::from_f32(f32::from_bits(bits)).to_bits(),
            [low, high] => (*low, *high) = (bits as u16, (bits >> 16) as u16),
            _ => unreachable!("components have one or two units"),
        }
        Ok(())
    }
}
