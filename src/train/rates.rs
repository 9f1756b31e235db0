//! What losses are at growing learning rates (Smith 2017, section 3.3): a rate is read off before a run.

use serde::Serialize;

/// The rates that are tried: each step's is the one before times a factor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sweep {
    /// The first.
    pub from: f64,
    /// The last.
    pub to: f64,
}

impl Default for Sweep {
    fn default() -> Self {
        Self { from: 1e-5, to: 10.0 }
    }
}

impl Sweep {
    /// The rate of step number `step` of so many, counted from 0.
    pub fn rate(self, step: u64, steps: u64) -> f64 {
        let along = step as f64 / steps.saturating_sub(1).max(1) as f64;
        self.from * (self.to / self.from).powf(along)
    }
}

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tried {
    /// Counted from 1.
    pub step: u64,
    /// Its rate.
    pub rate: f64,
    /// The loss of its batch, before its update.
    pub loss: f64,
    /// The mean of the losses so far, the newer ones counting more.
    pub smoothed: f64,
}

/// What has been tried.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rates {
    /// In order.
    pub tried: Vec<Tried>,
    /// Whether the loss grew so large that it ended there.
    pub diverged: bool,
    sum: f64,
    weight: f64,
}

/// How far a loss fell.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Fall {
    /// So far.
    pub by: f64,
    /// The deviation of batches from the smoothed loss.
    pub scatter: f64,
}

impl Fall {
    /// Whether chance may have made it: a smoothed loss sees ten batches or so.
    pub fn is_faint(self) -> bool {
        self.by < 2.0 * self.scatter
    }
}

/// What the mean of before counts in a smoothed loss: ten steps or so are seen.
const KEPT: f64 = 0.9;
/// How many times the lowest smoothed loss is too much.
const TOO_MUCH: f64 = 4.0;
/// The fewest steps that say something.
pub const FEWEST: u64 = 20;

impl Rates {
    /// Takes the loss of the next step in; whether it is worth going on.
    pub fn add(&mut self, rate: f64, loss: f64) -> bool {
        if !loss.is_finite() {
            self.diverged = true;
            return false;
        }
        self.sum = KEPT * self.sum + (1.0 - KEPT) * loss;
        self.weight = KEPT * self.weight + (1.0 - KEPT);
        let smoothed = self.sum / self.weight;
        self.tried.push(Tried { step: self.tried.len() as u64 + 1, rate, loss, smoothed });
        self.diverged = self.lowest().is_some_and(|low| smoothed > TOO_MUCH * low.smoothed);
        !self.diverged
    }

    /// Where the smoothed loss is lowest.
    pub fn lowest(&self) -> Option<&Tried> {
        self.tried.iter().min_by(|a, b| a.smoothed.total_cmp(&b.smoothed))
    }

    /// How far the smoothed loss fell, and by how much losses of batches scatter about it until there.
    pub fn fall(&self) -> Option<Fall> {
        let lowest = self.lowest()?;
        let before = &self.tried[..lowest.step as usize];
        // One batch tells little of where it began.
        let first = before[before.len().min(10) - 1].smoothed;
        let squares = before.iter().map(|tried| (tried.loss - tried.smoothed).powi(2));
        let scatter = (squares.sum::<f64>() / before.len() as f64).sqrt();
        Some(Fall { by: first - lowest.smoothed, scatter })
    }

    /// Steps on each side of one that its slope is taken over.
    fn reach(&self) -> usize {
        (self.tried.len() / 10).max(2)
    }

    /// Whether the loss falls fastest where the rates begin, so that it may do so faster before.
    pub fn is_steepest_at_the_beginning(&self) -> bool {
        self.steepest().is_some_and(|tried| tried.step <= self.reach() as u64)
    }

    /// Where the smoothed loss falls fastest by the rate's logarithm, before it is lowest: its slope is
    /// that of a straight line through a tenth of the steps on both sides. Nothing where it never falls.
    pub fn steepest(&self) -> Option<&Tried> {
        let last = self.lowest()?.step as usize;
        let reach = self.reach();
        let slope = |middle: usize| {
            let near = middle.saturating_sub(reach)..(middle + reach + 1).min(self.tried.len());
            let centre = (near.start + near.end - 1) as f64 / 2.0;
            // Rates are even by their logarithms, so that steps may stand for them.
            let (mut of_loss, mut of_step) = (0.0, 0.0);
            for at in near {
                let along = at as f64 - centre;
                of_loss += along * self.tried[at].smoothed;
                of_step += along * along;
            }
            of_loss / of_step
        };
        let slopes = (0..last).map(|at| (slope(at), at)).filter(|(slope, _)| *slope < 0.0);
        slopes.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, at)| &self.tried[at])
    }
}

/// A rate of which two digits say all.
pub fn rounded(rate: f64) -> f64 {
    let unit = 10f64.powf(rate.log10().floor() - 1.0);
    let digits = (rate / unit).round();
    format!("{digits}e{}", unit.log10().round()).parse().unwrap_or(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A loss that falls most at a rate, is lowest at a later one, and grows then.
    fn tried(steps: u64, loss: impl Fn(f64) -> f64) -> Rates {
        let (sweep, mut rates) = (Sweep::default(), Rates::default());
        for step in 0..steps {
            let rate = sweep.rate(step, steps);
            if !rates.add(rate, loss(rate.log10())) {
                break;
            }
        }
        rates
    }

    #[test]
    fn rates_grow_by_a_factor_from_end_to_end() {
        let sweep = Sweep { from: 1e-4, to: 1.0 };
        let rates: Vec<f64> = (0..5).map(|step| sweep.rate(step, 5)).collect();
        let expected = [1e-4, 1e-3, 1e-2, 1e-1, 1.0];
        assert!(rates.iter().zip(expected).all(|(rate, of)| (rate / of - 1.0).abs() < 1e-12));
        assert_eq!(sweep.rate(0, 1), 1e-4);
    }

    #[test]
    fn the_steepest_and_the_lowest_are_where_they_should_be() {
        // 2.3 at first, half of the way down at 10⁻², up from 1 on.
        let loss =
            |log: f64| 2.3 - 1.5 / (1.0 + (-4.0 * (log + 2.0)).exp()) + 30.0 * log.max(0.0).powi(2);
        let rates = tried(400, loss);
        let steepest = rates.steepest().unwrap().rate.log10();
        // Smoothing lags by 1/(1 − 0.9) − 1 = 9 steps of 6/399 of a decade.
        assert!((steepest + 2.0 - 9.0 * 6.0 / 399.0).abs() < 0.05, "{steepest}");
        assert!(!rates.is_steepest_at_the_beginning());
        assert!(tried(400, |log| (-log).exp()).is_steepest_at_the_beginning());
        let lowest = rates.lowest().unwrap().rate.log10();
        assert!((-0.1..0.25).contains(&lowest), "{lowest}");
        assert!(rates.diverged && rates.tried.len() < 400);
        assert!(rates.tried.windows(2).all(|two| two[0].step + 1 == two[1].step));
    }

    #[test]
    fn what_never_falls_has_no_steepest_and_no_number_ends_it() {
        assert_eq!(tried(50, |log| 1.0 + (log + 5.0) / 10.0).steepest(), None);
        let rates = tried(50, |log| if log > 0.0 { f64::NAN } else { 1.0 - log / 10.0 });
        assert!(rates.diverged && rates.tried.len() < 50);
        assert!(rates.tried.iter().all(|tried| tried.loss.is_finite()));
        assert_eq!(Rates::default().steepest(), None);
        assert_eq!(tried(1, |_| 1.0).steepest(), None);
    }

    #[test]
    fn a_fall_that_chance_may_have_made_is_told_from_others() {
        // Between −0.1 and 0.1, a deviation of 0.058.
        let noise = |log: f64| 0.2 * ((log * 1e4).sin() * 43_758.5).fract().abs() - 0.1;
        let flat = tried(200, |log| 2.3 - 0.005 * log + noise(log));
        assert!(flat.fall().unwrap().is_faint(), "{:?}", flat.fall());
        let fallen = tried(200, |log| 2.3 - 1.0 / (1.0 + (-4.0 * (log + 2.0)).exp()) + noise(log));
        let fall = fallen.fall().unwrap();
        assert!(!fall.is_faint() && (0.05..0.15).contains(&fall.scatter), "{fall:?}");
        assert!((fall.by - 1.0).abs() < 0.1, "{fall:?}");
        assert_eq!(Rates::default().fall(), None);
    }

    #[test]
    fn two_digits_are_kept() {
        for (rate, expected) in [(0.123, 0.12), (1.96e-5, 2e-5), (9.97, 10.0), (3.0, 3.0)] {
            assert_eq!(rounded(rate), expected);
        }
    }
}
