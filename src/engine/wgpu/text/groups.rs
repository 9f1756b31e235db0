//! Contractions by groups of channels: which group a workgroup's tile is of, and which channels of
//! the operands that group has. Where there is one group there is nothing to say.

use crate::engine::wgpu::cut::{Contraction, TileCut};

use super::writer::Writer;

/// The hook that finds a tile's first channel and each thread's own, none (`COLS`) where the tile
/// reaches beyond its group.
pub(super) fn channels(cut: &TileCut) -> Option<(&'static str, String)> {
    let first = first_channel(cut, "LANES * WIDTH")?;
    let own = format!(
        "let own_col = first_col + lane * WIDTH;
let col = select(COLS, own_col, own_col < (channel_group + 1u) * {}u);
",
        cut.group_cols()
    );
    Some(("channels", first + &own))
}

/// The statements that find a tile's group and its first channel, if there are several groups;
/// `each` is an expression for the channels of a tile.
pub(super) fn first_channel(cut: &TileCut, each: &str) -> Option<String> {
    let [tiles, cols] = [cut.group_tiles(), cut.group_cols()];
    (cut.groups > 1).then(|| {
        format!(
            "let channel_group = id % COL_TILES / {tiles}u;
let first_col = channel_group * {cols}u + id % {tiles}u * {each};
"
        )
    })
}

/// The statement that finds the first channel that a tile's group has of the left operand.
pub(super) const LEFT: &str = "let group_channel = channel_group * INNER;\n";

/// The condition that a tile is the first of its group.
pub(super) fn is_first(it: &Contraction) -> String {
    if it.groups == 1 {
        "first_col == 0u".into()
    } else {
        format!("first_col % {}u == 0u", it.channels)
    }
}

/// Channel `channel` that a group has of the left operand, among all groups' there; the group is that
/// of result channel `col`.
pub(super) fn left_channel(
    writer: &mut Writer,
    it: &Contraction,
    channel: &str,
    col: &str,
) -> String {
    if it.groups == 1 {
        return channel.to_owned();
    }
    writer.bind(format!("{col} / {}u * {}u + {channel}", it.channels, it.inner))
}

/// Result channel `col` among those of its group.
pub(super) fn within(it: &Contraction, col: &str) -> String {
    if it.groups == 1 { col.to_owned() } else { format!("({col} % {}u)", it.channels) }
}
