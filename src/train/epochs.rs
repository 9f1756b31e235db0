//! Lengths in epochs.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// So many epochs, which need not be whole: 9.9.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Epochs(pub f64);

/// How far a product of a decimal fraction may be from a whole number that was meant.
const ROUNDING: f64 = 1e-9;

/// The whole number that a product with decimal fractions means, if it means one.
pub fn whole(product: f64) -> Option<f64> {
    let whole = product.round();
    ((product - whole).abs() <= ROUNDING * whole.max(1.0)).then_some(whole)
}

impl Epochs {
    /// As steps, where an epoch has `per_epoch`; a part of a step is a whole one, however small.
    pub fn steps(self, per_epoch: u64) -> u64 {
        let steps = self.0 * per_epoch as f64;
        // Numbers without end end at the largest.
        let steps = whole(steps).unwrap_or(steps.ceil()) as u64;
        steps.max(u64::from(self.0 > 0.0))
    }
}

/// A length that is written as steps or as epochs, in steps; 0 where it is written as neither.
pub fn in_steps(iterations: Option<u64>, epochs: Option<Epochs>, per_epoch: u64) -> u64 {
    let of_epochs = || epochs.map(|epochs| epochs.steps(per_epoch));
    iterations.or_else(of_epochs).unwrap_or(0)
}

impl From<u32> for Epochs {
    fn from(epochs: u32) -> Self {
        Self(f64::from(epochs))
    }
}

impl fmt::Display for Epochs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A whole number is written as one, as before there were others.
impl Serialize for Epochs {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        const EXACT: f64 = (1u64 << f64::MANTISSA_DIGITS) as f64;
        match self.0 {
            whole if whole.fract() == 0.0 && (0.0..EXACT).contains(&whole) => {
                to.serialize_u64(whole as u64)
            }
            other => to.serialize_f64(other),
        }
    }
}

impl<'a> Deserialize<'a> for Epochs {
    fn deserialize<D: Deserializer<'a>>(from: D) -> Result<Self, D::Error> {
        f64::deserialize(from).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_step_is_a_step_and_rounding_is_none() {
        // airbench94: ceil(48 · 9.9).
        assert_eq!(Epochs(9.9).steps(48), 476);
        // 1.1 · 50 is a little more than 55 in binary, 1.15 · 100 a little less than 115.
        assert_eq!([Epochs(1.1).steps(50), Epochs(1.15).steps(100)], [55, 115]);
        assert_eq!([Epochs(1e-6).steps(10), Epochs(200.0).steps(390)], [1, 78_000]);
        assert_eq!([Epochs(1e-12).steps(10), Epochs(0.0).steps(10)], [1, 0]);
        assert_eq!(Epochs(1e9).steps(u64::MAX), u64::MAX);
    }

    #[test]
    fn whole_numbers_are_written_as_such() {
        let written = |epochs| serde_yaml::to_string(&Epochs(epochs)).unwrap();
        assert_eq!([written(30.0), written(9.9)], ["30\n", "9.9\n"]);
        let read = |text: &str| serde_yaml::from_str::<Epochs>(text).unwrap();
        assert_eq!([read("30"), read("9.9")], [Epochs(30.0), Epochs(9.9)]);
    }
}
