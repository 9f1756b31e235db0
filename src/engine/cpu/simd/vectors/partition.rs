//! How an extent of any size is put together from the block sizes that kernels exist for.

/// A block that a kernel computes: `size` of what is counted, times `vectors` of channels.
pub struct Block {
    pub size: usize,
    pub vectors: usize,
    pub cost: u64,
}

/// Equal blocks in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Index into the blocks that were offered.
    pub block: usize,
    /// Where the first begins.
    pub first: usize,
    /// How many.
    pub count: usize,
}

/// Vectors of channels that are computed together, over the whole extent.
pub struct Column {
    /// First vector.
    pub first: usize,
    /// How many.
    pub vectors: usize,
    /// The extent, in blocks of so many vectors.
    pub shares: Vec<Share>,
}

/// Above this, the cheapest block by size is taken; below, every combination is weighed.
const WEIGHED: usize = 64;

/// The cheapest way to cover `size` times `vectors`, each column in one order of blocks.
/// Blocks must hold size 1 for each number of vectors in them, and one vector.
pub fn columns(size: usize, vectors: usize, blocks: &[Block]) -> Vec<Column> {
    let mut widths: Vec<usize> = blocks.iter().map(|block| block.vectors).collect();
    widths.sort_unstable();
    widths.dedup();
    widths.reverse();
    let covers: Vec<Cover> = widths
        .iter()
        .map(|&width| {
            let wide = |block: &Block| (block.vectors == width).then_some((block.size, block.cost));
            cover(size, &blocks.iter().map(wide).collect::<Vec<_>>())
        })
        .collect();
    let options: Vec<_> =
        widths.iter().zip(&covers).map(|(&width, cover)| Some((width, cover.cost))).collect();
    let mut found = Vec::new();
    for share in cover(vectors, &options).shares {
        let width = widths[share.block];
        found.extend((0..share.count).map(|i| Column {
            first: share.first + i * width,
            vectors: width,
            shares: covers[share.block].shares.clone(),
        }));
    }
    found
}

struct Cover {
    cost: u64,
    shares: Vec<Share>,
}

/// Covers `extent` with the options (size and cost) that are not `None`, in their order.
fn cover(extent: usize, options: &[Option<(usize, u64)>]) -> Cover {
    let known = || options.iter().enumerate().filter_map(|(i, o)| o.map(|(s, c)| (i, s, c)));
    let mut counts = vec![0; options.len()];
    let mut rest = extent;
    if let Some((i, size, _)) = known().min_by_key(|&(_, size, cost)| cost * 1024 / size as u64) {
        counts[i] = extent.saturating_sub(WEIGHED).div_ceil(size);
        rest -= counts[i] * size;
    }
    // best[n]: cost of covering n, and the option to begin with.
    let mut best = vec![(0, 0)];
    for n in 1..=rest {
        let begin = known()
            .filter(|&(_, size, _)| size <= n)
            .map(|(i, size, cost)| (best[n - size].0 + cost, i))
            .min();
        best.push(begin.unwrap_or((u64::MAX / 2, 0)));
    }
    while let Some((size, _)) = options[best[rest].1].filter(|_| rest > 0) {
        counts[best[rest].1] += 1;
        rest -= size;
    }
    let mut found = Cover { cost: 0, shares: Vec::new() };
    let mut first = 0;
    for (block, size, cost) in known().filter(|&(block, ..)| counts[block] > 0) {
        let count = counts[block];
        found.shares.push(Share { block, first, count });
        found.cost += cost * count as u64;
        first += size * count;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_cover_every_extent_once() {
        let sizes = [(14, 2), (8, 2), (1, 2), (16, 1), (3, 1), (1, 1)];
        let block = |(size, vectors)| Block { size, vectors, cost: (size * vectors + 3) as u64 };
        let blocks: Vec<_> = sizes.into_iter().map(block).collect();
        for size in (0..200).chain([1024, 5000]) {
            for vectors in 0..9 {
                let mut next = 0;
                for column in columns(size, vectors, &blocks) {
                    assert_eq!(column.first, next);
                    next += column.vectors;
                    let mut at = 0;
                    for share in &column.shares {
                        let block = &blocks[share.block];
                        assert_eq!((share.first, block.vectors), (at, column.vectors));
                        at += share.count * block.size;
                    }
                    assert_eq!(at, size);
                }
                assert_eq!(next, vectors);
            }
        }
    }

    #[test]
    fn two_even_blocks_beat_one_large_and_many_small() {
        let options = [Some((16, 17)), Some((8, 9)), Some((7, 8)), Some((1, 5))];
        let share = |block, first| Share { block, first, count: 1 };
        assert_eq!(cover(15, &options).shares, [share(1, 0), share(2, 8)]);
    }
}
