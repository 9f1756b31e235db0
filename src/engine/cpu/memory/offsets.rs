//! Offsets for blocks with live ranges: blocks that are alive together do not overlap.

/// A block to place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Bytes.
    pub size: usize,
    /// First moment it is needed.
    pub from: usize,
    /// Last moment it is needed, included.
    pub to: usize,
}

/// Every block starts at a multiple of this many bytes: a cache line, an AVX-512 vector.
pub const ALIGNMENT: usize = 64;

/// Offsets of the blocks, and the size of the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placed {
    /// One offset a block, in bytes.
    pub offsets: Vec<usize>,
    /// Bytes of the arena.
    pub size: usize,
}

/// Blocks up to this size get memory of their own: sharing it would save nothing worth the search.
const SMALL: usize = 4096;

/// Ranges up to this many moments look for neighbours moment by moment.
const SHORT: usize = 8;

/// Places large blocks first, each at the lowest offset where it meets no block that is alive
/// at the same time. Small blocks and those that live throughout follow one after another.
pub fn place(blocks: &[Block]) -> Placed {
    let end = blocks.iter().map(|b| b.to).max().unwrap_or(0);
    let apart = |b: &Block| b.size <= SMALL || (b.from == 0 && b.to == end);
    let mut order: Vec<usize> = (0..blocks.len()).filter(|&i| !apart(&blocks[i])).collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(blocks[i].size), blocks[i].from, i));
    let mut search =
        Search { blocks, offsets: vec![0; blocks.len()], all: Vec::new(), alive: Vec::new() };
    search.alive.resize(end + 1, Vec::new());
    let mut size = 0;
    for index in order {
        let offset = search.lowest(index);
        search.put(index, offset);
        size = size.max(offset + padded(&blocks[index]));
    }
    let mut offsets = search.offsets;
    for (index, block) in blocks.iter().enumerate().filter(|(_, b)| apart(b)) {
        offsets[index] = size;
        size += padded(block);
    }
    Placed { offsets, size }
}

fn padded(block: &Block) -> usize {
    block.size.next_multiple_of(ALIGNMENT)
}

/// Blocks that have their place, for those that have yet to find one.
struct Search<'a> {
    blocks: &'a [Block],
    offsets: Vec<usize>,
    all: Vec<usize>,
    /// By moment.
    alive: Vec<Vec<usize>>,
}

impl Search<'_> {
    fn put(&mut self, index: usize, offset: usize) {
        self.offsets[index] = offset;
        self.all.push(index);
        for moment in self.blocks[index].from..=self.blocks[index].to {
            self.alive[moment].push(index);
        }
    }

    /// Placed blocks that are alive together with `block`.
    fn together(&self, block: Block) -> Vec<usize> {
        if block.to - block.from > SHORT {
            let meets =
                |&p: &usize| self.blocks[p].from <= block.to && block.from <= self.blocks[p].to;
            return self.all.iter().copied().filter(meets).collect();
        }
        let mut found = self.alive[block.from..=block.to].concat();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The lowest free offset for a block.
    fn lowest(&self, index: usize) -> usize {
        let block = self.blocks[index];
        let mut taken: Vec<(usize, usize)> = self
            .together(block)
            .into_iter()
            .map(|p| (self.offsets[p], self.offsets[p] + padded(&self.blocks[p])))
            .collect();
        taken.sort_unstable();
        let mut offset = 0;
        for (start, end) in taken {
            if offset + padded(&block) <= start {
                break;
            }
            offset = offset.max(end);
        }
        offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_alive_together_do_not_overlap_and_others_share() {
        let block = |size, from, to| Block { size, from, to };
        let blocks = [
            block(10_000, 0, 2),
            block(6_400, 1, 3),
            block(10_000, 3, 4),
            block(10, 1, 3),
            block(9_000, 0, 9),
        ];
        let placed = place(&blocks);
        for (i, a) in blocks.iter().enumerate() {
            for (j, b) in blocks.iter().enumerate().skip(i + 1) {
                let together = a.from <= b.to && b.from <= a.to;
                let (x, y) = (placed.offsets[i], placed.offsets[j]);
                assert!(!together || x + a.size <= y || y + b.size <= x, "{i} and {j}");
            }
        }
        assert_eq!(placed.offsets[0], placed.offsets[2]);
        assert_eq!(placed.size, 10_048 + 6_400 + 64 + 9_024);
    }
}
