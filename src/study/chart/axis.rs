//! Axes: where a number stands, and which numbers are written.

/// How numbers are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences, equal lengths.
    Linear,
    /// Equal ratios, equal lengths.
    Log,
}

/// An axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What it shows, with its unit.
    pub label: String,
    /// How.
    pub scale: Scale,
    /// Whether it runs from large to small.
    pub reversed: bool,
    /// The ends; none: what the marks need.
    pub range: Option<[f64; 2]>,
}

impl Axis {
    /// A linear axis as long as needed.
    pub fn linear(label: &str) -> Self {
        Self { label: label.into(), scale: Scale::Linear, reversed: false, range: None }
    }

    /// A logarithmic axis as long as needed.
    pub fn log(label: &str) -> Self {
        Self { scale: Scale::Log, ..Self::linear(label) }
    }

    /// The same between two ends.
    pub fn between(self, low: f64, high: f64) -> Self {
        Self { range: Some([low, high]), ..self }
    }

    /// The same from large to small.
    pub fn reversed(self) -> Self {
        Self { reversed: true, ..self }
    }

    /// Whether a number has a place on it.
    pub fn holds(&self, value: f64) -> bool {
        value.is_finite() && (self.scale == Scale::Linear || value > 0.0)
    }
}

/// An axis with its ends known.
pub struct Fitted {
    scale: Scale,
    reversed: bool,
    /// Ends, as logarithms on a logarithmic axis.
    ends: [f64; 2],
    /// Between the numbers written.
    step: f64,
}

impl Fitted {
    /// Fits an axis to numbers.
    pub fn new(axis: &Axis, values: impl Iterator<Item = f64>) -> Self {
        let scale = axis.scale;
        let [low, high] = axis.range.unwrap_or_else(|| {
            let held = values.filter(|&v| axis.holds(v));
            held.fold([f64::INFINITY, f64::NEG_INFINITY], |[a, b], v| [a.min(v), b.max(v)])
        });
        let mut ends = [low, high].map(|v| if scale == Scale::Log { v.log10() } else { v });
        if !ends.iter().all(|end| end.is_finite()) {
            ends = [0.0, 1.0];
        }
        let span = (ends[1] - ends[0]).max(1e-9 * ends[1].abs()).max(1e-12);
        let step = match scale {
            Scale::Linear => round_step(span / 6.0),
            Scale::Log => (span / 7.0).ceil().max(1.0),
        };
        if axis.range.is_none() {
            ends = [(ends[0] / step).floor() * step, (ends[1] / step).ceil() * step];
        }
        if ends[0] == ends[1] {
            ends[1] += step;
        }
        Self { scale, reversed: axis.reversed, ends, step }
    }

    /// Where a number stands: 0 at the near end, 1 at the far one.
    pub fn place(&self, value: f64) -> f64 {
        let value = if self.scale == Scale::Log { value.log10() } else { value };
        let along = ((value - self.ends[0]) / (self.ends[1] - self.ends[0])).clamp(-0.02, 1.02);
        if self.reversed { 1.0 - along } else { along }
    }

    /// The numbers that are written, as they are written.
    pub fn ticks(&self) -> Vec<(f64, String)> {
        let first = (self.ends[0] / self.step - 1e-6).ceil();
        let last = (self.ends[1] / self.step + 1e-6).floor();
        (0..=((last - first).clamp(0.0, 40.0)) as i64)
            .map(|k| {
                let at = (first + k as f64) * self.step;
                match self.scale {
                    Scale::Linear => (at, linear(at, self.step)),
                    Scale::Log => (10f64.powf(at), power(at)),
                }
            })
            .collect()
    }
}

/// The next of 1, 2, 5, 10, … that is no smaller.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0].into_iter().map(|m| m * power).find(|s| *s >= least).unwrap_or(10.0 * power)
}

fn linear(value: f64, step: f64) -> String {
    let digits = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
    let value = if value.abs() < step / 1e6 { 0.0 } else { value };
    if value.abs() >= 1e6 { format!("{value:.1e}") } else { format!("{value:.digits$}") }
}

/// 10ⁿ, where n fits a superscript.
fn power(exponent: f64) -> String {
    let exponent = exponent.round() as i64;
    let raised = |c: char| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        digit => char::from_u32('⁰' as u32 + digit as u32 - '0' as u32).unwrap_or(digit),
    };
    format!("10{}", exponent.to_string().chars().map(raised).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_cover_the_numbers() {
        let fitted = Fitted::new(&Axis::linear(""), [6.0, 42.1].into_iter());
        let text: Vec<String> = fitted.ticks().into_iter().map(|(_, text)| text).collect();
        assert_eq!(text, ["0", "10", "20", "30", "40", "50"]);
        assert!(fitted.place(6.0) > 0.0 && fitted.place(42.1) < 1.0);
        let fitted = Fitted::new(&Axis::log(""), [3e-5, 0.0, 2.0].into_iter());
        let ticks = fitted.ticks();
        assert_eq!(ticks.first().unwrap().1, "10⁻⁵");
        assert_eq!(ticks.last().unwrap().1, "10¹");
        assert!((fitted.place(1e-5), fitted.place(10.0)) == (0.0, 1.0));
    }

    #[test]
    fn no_numbers_make_an_axis_too() {
        let fitted = Fitted::new(&Axis::linear("").reversed(), std::iter::empty());
        assert_eq!((fitted.place(0.0), fitted.place(1.0)), (1.0, 0.0));
        let fitted = Fitted::new(&Axis::linear(""), [5.0, 5.0].into_iter());
        assert!(fitted.place(5.0).is_finite() && !fitted.ticks().is_empty());
    }
}
