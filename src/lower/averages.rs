//! Averages of what a training step moves.

use super::Lowering;
use crate::graph::{Average, InputId, NodeId, Origin, Role};
use crate::nn::averages::{self, Averages, average_name, fast_name};

impl Lowering<'_> {
    /// Averages of all that the step moves, under its names.
    pub(super) fn average(&mut self, which: Averages) {
        self.b.set_origin(Origin::default());
        let share = which.lookahead.then(|| self.scalar("lookahead", Role::LookaheadShare));
        let decay = which.ema.then(|| self.scalar("ema", Role::EmaDecay));
        if share.is_none() && decay.is_none() {
            return;
        }
        for at in 0..self.updates.len() {
            let (fast, moved) = self.updates[at];
            let input = self.b.graph().input(fast);
            if !matches!(input.role, Role::Parameter | Role::Statistic) {
                continue;
            }
            let name = input.name.clone();
            self.b.rename(fast, fast_name(&name));
            let mut new = moved;
            if let Some(share) = share {
                let called =
                    if decay.is_some() { average_name(&name, Average::Slow) } else { name.clone() };
                let (input, slow) = self.average_of(fast, called, Average::Slow);
                let (slow, back) = averages::lookahead(&mut self.b, share, slow, new);
                self.updates[at].1 = back;
                self.updates.push((input, slow));
                new = back;
            }
            if let Some(decay) = decay {
                let (input, average) = self.average_of(fast, name, Average::Ema);
                let next = averages::ema(&mut self.b, decay, average, new);
                self.updates.push((input, next));
            }
        }
    }

    /// An input for an average of a tensor.
    fn average_of(&mut self, of: InputId, name: String, average: Average) -> (InputId, NodeId) {
        let ty = self.b.graph().input(of).ty;
        let node = self.b.input(name, Role::Average(average, of), ty);
        (self.input_id(node), node)
    }
}
