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
pub struct Layout {
    /// One offset a block, in bytes.
    pub offsets: Vec<usize>,
    /// Bytes of the arena.
    pub size: usize,
}

/// Places large blocks first, each at the lowest offset where it meets no block that is alive
/// at the same time.
pub fn place(blocks: &[Block]) -> Layout {
    let mut order: Vec<usize> = (0..blocks.len()).collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(blocks[i].size), blocks[i].from, i));
    let mut layout = Layout { offsets: vec![0; blocks.len()], size: 0 };
    let mut placed: Vec<usize> = Vec::with_capacity(blocks.len());
    for index in order {
        let block = blocks[index];
        let size = block.size.next_multiple_of(ALIGNMENT);
        let mut taken: Vec<(usize, usize)> = placed
            .iter()
            .filter(|&&p| blocks[p].from <= block.to && block.from <= blocks[p].to)
            .map(|&p| {
                let start = layout.offsets[p];
                (start, start + blocks[p].size.next_multiple_of(ALIGNMENT))
            })
            .collect();
        taken.sort_unstable();
        let mut offset = 0;
        for (start, end) in taken {
            if offset + size <= start {
                break;
            }
            offset = offset.max(end);
        }
        layout.offsets[index] = offset;
        layout.size = layout.size.max(offset + size);
        placed.push(index);
    }
    layout
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_alive_together_do_not_overlap_and_others_share() {
        let block = |size, from, to| Block { size, from, to };
        let blocks = [block(100, 0, 2), block(64, 1, 3), block(100, 3, 4), block(10, 0, 9)];
        let layout = place(&blocks);
        for (i, a) in blocks.iter().enumerate() {
            for (j, b) in blocks.iter().enumerate().skip(i + 1) {
                let together = a.from <= b.to && b.from <= a.to;
                let (x, y) = (layout.offsets[i], layout.offsets[j]);
                assert!(!together || x + a.size <= y || y + b.size <= x, "{i} and {j}");
            }
        }
        assert_eq!(layout.offsets[0], layout.offsets[2]);
        assert_eq!(layout.size, 128 + 64 + 64);
    }
}
