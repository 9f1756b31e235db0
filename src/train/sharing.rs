//! How ranks share the pictures of a step, and a test.

use super::TrainError;
use super::recipe::Recipe;
use crate::engine::EngineError;
use crate::graph::Program;
use crate::lower::{self, Form, Goal, Updates};
use crate::network::{Layer, Network};
use crate::ranks::Ranks;

/// Who computes a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sharing {
    /// One process.
    #[default]
    Alone,
    /// So many ranks, each on pictures of its own, with batch statistics of its own; gradients are averaged.
    ByRank(usize),
    /// So many ranks as one: every sum over the batch is over the pictures of all, so that their number
    /// changes nothing but who computes what.
    AsOne(usize),
}

impl Sharing {
    /// Of so many ranks that train a network: as one where a recipe says so, and where it makes no
    /// difference but that numbers are the same.
    pub fn of(recipe: &Recipe, network: &Network, ranks: usize) -> Self {
        if ranks <= 1 {
            return Self::Alone;
        }
        let own = recipe.batch / ranks;
        let ghosts = network.values.iter().filter_map(|value| {
            let Layer::BatchNorm { ghost, .. } = value.layer else { return None };
            Some(ghost.filter(|&size| size < recipe.batch))
        });
        let ghosts: Vec<Option<usize>> = ghosts.collect();
        // A ghost batch that lies on two ranks is no rank's.
        let is_by_rank = |ghost: &Option<usize>| ghost.is_none_or(|size| own.is_multiple_of(size));
        match !recipe.sync_bn && !ghosts.is_empty() && ghosts.iter().all(is_by_rank) {
            true => Self::ByRank(ranks),
            false => Self::AsOne(ranks),
        }
    }

    /// How many ranks there are.
    pub fn ranks(self) -> usize {
        match self {
            Self::Alone => 1,
            Self::ByRank(ranks) | Self::AsOne(ranks) => ranks,
        }
    }

    /// A training step of so many pictures, as each rank is given it.
    pub fn step(self, network: &Network, batch: usize, updates: &Updates, form: Form) -> Program {
        let (batch, ranks) = match self {
            Self::Alone | Self::AsOne(_) => (batch, None),
            Self::ByRank(ranks) => (batch / ranks, Some(ranks)),
        };
        lower::program(network, batch, Goal::Training(updates, Form { ranks, ..form }))
    }
}

/// Refuses ranks of which one computes on another device than the first, before they compute together.
///
/// # Errors
/// [`TrainError::OtherDevice`], or another rank has ended.
pub fn check_devices(ranks: &Ranks, own: &str) -> Result<(), TrainError> {
    let first = ranks.told(own.as_bytes()).map_err(EngineError::Lost)?;
    if first == own.as_bytes() {
        return Ok(());
    }
    let first = String::from_utf8_lossy(&first).into_owned();
    Err(TrainError::OtherDevice { rank: ranks.rank(), own: own.to_owned(), first })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Spec;

    #[test]
    fn ranks_are_one_where_it_is_asked_for_or_makes_no_difference() {
        let of = |layer: &str, ranks: usize, sync_bn: bool| {
            let text = format!(
                "net n(classes = 2) {{ input(3, 8, 8) -> conv(3x3, 4) -> {layer} -> linear(classes) }}"
            );
            let network = Spec::new("n", &text).compile().unwrap();
            let recipe = Recipe { batch: 64, sync_bn, ..Recipe::he2016().unwrap() };
            Sharing::of(&recipe, &network, ranks)
        };
        assert_eq!(of("bn", 1, false), Sharing::Alone);
        assert_eq!(of("bn", 4, false), Sharing::ByRank(4));
        assert_eq!([of("bn", 4, true), of("relu", 4, false)], [Sharing::AsOne(4); 2]);
        // A rank of 16 pictures has whole ghost batches of 8, and half of one of 32.
        assert_eq!(of("bn(ghost: 8)", 4, false), Sharing::ByRank(4));
        assert_eq!(of("bn(ghost: 32)", 4, false), Sharing::AsOne(4));
    }

    #[test]
    fn a_rank_on_another_device_than_the_first_says_which() {
        let all = crate::ranks::threads::ranks(3).unwrap();
        let found: Vec<Option<String>> = std::thread::scope(|scope| {
            let check = |ranks: Ranks| {
                let own = if ranks.rank() == 2 { "cpu (avx2)" } else { "wgpu (GPU)" };
                check_devices(&ranks, own).err().map(|error| error.to_string())
            };
            let all: Vec<_> =
                all.into_iter().map(|ranks| scope.spawn(move || check(ranks))).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let said = "rank 2 computes on cpu (avx2), rank 0 on wgpu (GPU)";
        assert_eq!(found, [None, None, Some(said.to_owned())]);
    }
}
