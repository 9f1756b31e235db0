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
    /// How far it reaches.
    pub reach: Reach,
    /// Whether it counts something: no numbers between whole ones.
    pub whole: bool,
}

/// How far an axis reaches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reach {
    /// To round numbers around what is drawn.
    Round,
    /// The same, and zero is on it.
    FromZero,
    /// Exactly as far as what is drawn.
    Exact,
    /// Between two ends.
    Between(f64, f64),
}

impl Axis {
    /// A linear axis.
    pub fn linear(label: &str) -> Self {
        let (scale, reach) = (Scale::Linear, Reach::Round);
        Self { label: label.into(), scale, reversed: false, reach, whole: false }
    }

    /// A linear axis of whole numbers.
    pub fn count(label: &str) -> Self {
        Self { whole: true, ..Self::linear(label) }
    }

    /// A logarithmic axis.
    pub fn log(label: &str) -> Self {
        Self { scale: Scale::Log, ..Self::linear(label) }
    }

    /// The same between two ends.
    pub fn between(self, low: f64, high: f64) -> Self {
        Self { reach: Reach::Between(low, high), ..self }
    }

    /// The same with zero on it.
    pub fn from_zero(self) -> Self {
        Self { reach: Reach::FromZero, ..self }
    }

    /// The same without any room.
    pub fn exact(self) -> Self {
        Self { reach: Reach::Exact, ..self }
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

/// Decades below which a logarithmic axis also has marks at 2 and 5.
const FEW_DECADES: f64 = 3.0;

/// Longest axis that counts something and has a mark at each number.
const MOST_BETWEEN: f64 = 120.0;

/// An axis with its ends known.
pub struct Fitted {
    scale: Scale,
    /// Whether it counts something.
    whole: bool,
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
        let held = values.filter(|&v| axis.holds(v));
        let [low, high] = match axis.reach {
            Reach::Between(low, high) => [low, high],
            Reach::Round | Reach::Exact | Reach::FromZero => {
                held.fold([f64::INFINITY, f64::NEG_INFINITY], |[a, b], v| [a.min(v), b.max(v)])
            }
        };
        let mut ends = [low, high].map(|v| if scale == Scale::Log { v.log10() } else { v });
        if !ends.iter().all(|end| end.is_finite()) {
            ends = [0.0, 1.0];
        }
        if axis.reach == Reach::FromZero && scale == Scale::Linear {
            ends = [ends[0].min(0.0), ends[1].max(0.0)];
        }
        let span = (ends[1] - ends[0]).max(1e-9 * ends[1].abs()).max(1e-12);
        let step = match scale {
            Scale::Linear if axis.whole => round_step((span / 6.0).max(1.0)),
            Scale::Linear => round_step(span / 6.0),
            Scale::Log => (span / 7.0).ceil().max(1.0),
        };
        if matches!(axis.reach, Reach::Round | Reach::FromZero) {
            ends = match scale {
                Scale::Log if span < FEW_DECADES => [ends[0] - 0.04, ends[1] + 0.04],
                Scale::Linear | Scale::Log => {
                    [(ends[0] / step).floor() * step, (ends[1] / step).ceil() * step]
                }
            };
        }
        if ends[0] == ends[1] {
            ends[1] += step;
        }
        Self { scale, whole: axis.whole, reversed: axis.reversed, ends, step }
    }

    /// Where a number stands: 0 at the near end, 1 at the far one.
    pub fn place(&self, value: f64) -> f64 {
        let value = if self.scale == Scale::Log { value.log10() } else { value };
        let along = ((value - self.ends[0]) / (self.ends[1] - self.ends[0])).clamp(-0.01, 1.01);
        if self.reversed { 1.0 - along } else { along }
    }

    /// The numbers that are written, as they are written.
    pub fn ticks(&self) -> Vec<(f64, String)> {
        let few = self.ends[1] - self.ends[0] < FEW_DECADES;
        match self.scale {
            Scale::Linear => self.even().map(|at| (at, linear(at, self.step))).collect(),
            Scale::Log if few => self.within_decades(),
            Scale::Log => self.even().map(|at| (10f64.powf(at), power(at))).collect(),
        }
    }

    /// Where it counts something, the numbers that are not written, unless there are many.
    pub fn between(&self) -> Vec<f64> {
        if !self.whole || self.ends[1] - self.ends[0] > MOST_BETWEEN {
            return Vec::new();
        }
        let all = Self { step: 1.0, ..*self };
        all.even().filter(|at| (at / self.step).fract() != 0.0).collect()
    }

    /// Multiples of the step.
    fn even(&self) -> impl Iterator<Item = f64> {
        let first = (self.ends[0] / self.step - 1e-6).ceil();
        let last = (self.ends[1] / self.step + 1e-6).floor();
        let step = self.step;
        (0..=((last - first).clamp(-1.0, 40.0)) as i64).map(move |k| (first + k as f64) * step)
    }

    /// 1, 2, 5, 10, …; or round steps, where even those are too far apart.
    fn within_decades(&self) -> Vec<(f64, String)> {
        let [low, high] = self.ends.map(|end| 10f64.powf(end));
        if self.ends[1] - self.ends[0] < 0.8 {
            let ends = [low, high];
            let step = round_step((high - low) / 6.0);
            let even = Self { scale: Scale::Linear, whole: false, reversed: false, ends, step };
            return even.ticks();
        }
        let (first, last) = (self.ends[0].floor() as i32, self.ends[1].ceil() as i32);
        let all = (first..=last).flat_map(|n| [1.0, 2.0, 5.0].map(|k| (k * 10f64.powi(n), n)));
        let inside = all.filter(|(v, _)| (low..=high).contains(v));
        inside.map(|(v, n)| (v, linear(v, 10f64.powi(n)))).collect()
    }
}

/// The next of 1, 2, 5, 10, … that is no smaller.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0].into_iter().map(|m| m * power).find(|s| *s >= least).unwrap_or(10.0 * power)
}

/// A number among others so far apart.
fn linear(value: f64, step: f64) -> String {
    let digits = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
    let value = if value.abs() < step / 1e6 { 0.0 } else { value };
    match value.abs() {
        size if size != 0.0 && !(1e-4..1e7).contains(&size) => format!("{value:.0e}"),
        size if size >= 1e4 && step >= 1e3 => format!("{:.0}k", value / 1e3),
        _ => format!("{value:.digits$}"),
    }
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

    fn texts(axis: &Axis, values: &[f64]) -> Vec<String> {
        let fitted = Fitted::new(axis, values.iter().copied());
        fitted.ticks().into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn ticks_are_round_and_cover_the_numbers() {
        let fitted = Fitted::new(&Axis::linear(""), [6.0, 42.1].into_iter());
        assert_eq!(texts(&Axis::linear(""), &[6.0, 42.1]), ["0", "10", "20", "30", "40", "50"]);
        assert!(fitted.place(6.0) > 0.0 && fitted.place(42.1) < 1.0);
        let fitted = Fitted::new(&Axis::log(""), [3e-5, 0.0, 2.0].into_iter());
        let ticks = fitted.ticks();
        assert_eq!(ticks.first().unwrap().1, "10⁻⁵");
        assert_eq!(ticks.last().unwrap().1, "10¹");
        assert!((fitted.place(1e-5), fitted.place(10.0)) == (0.0, 1.0));
    }

    #[test]
    fn an_exact_axis_ends_where_its_numbers_do_and_one_from_zero_begins_there() {
        let exact = Fitted::new(&Axis::linear("").exact(), [3.0, 64.0].into_iter());
        assert_eq!([exact.place(3.0), exact.place(64.0)], [0.0, 1.0]);
        assert_eq!(texts(&Axis::linear("").exact(), &[3.0, 64.0]), ["20", "40", "60"]);
        assert_eq!(texts(&Axis::count("").exact(), &[1.0, 3.0]), ["1", "2", "3"]);
        let zero = Fitted::new(&Axis::linear("").from_zero(), [45.0, 90.0].into_iter());
        assert_eq!(zero.place(0.0), 0.0);
        assert!((zero.place(90.0) - 2.0 * zero.place(45.0)).abs() < 1e-12);
    }

    #[test]
    fn a_few_decades_have_marks_inside_them() {
        let few = texts(&Axis::log(""), &[0.012, 0.0, -3.0, f64::NAN, 1.7]);
        assert_eq!(few, ["0.02", "0.05", "0.1", "0.2", "0.5", "1"]);
        assert!(texts(&Axis::log(""), &[1.0, 1.5]).len() > 3);
        assert!((5..=10).contains(&texts(&Axis::log(""), &[1e-16, 1.0]).len()));
    }

    #[test]
    fn what_counts_has_a_mark_at_each_number() {
        let units = Fitted::new(&Axis::count("").exact(), [1.0, 9.0].into_iter());
        assert_eq!(units.between(), [1.0, 3.0, 5.0, 7.0, 9.0]);
        assert!(Fitted::new(&Axis::linear(""), [1.0, 9.0].into_iter()).between().is_empty());
        let steps = Fitted::new(&Axis::count("").exact(), [1.0, 64_000.0].into_iter());
        assert!(steps.between().is_empty());
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(texts(&Axis::linear(""), &[0.0, 64_000.0])[1], "20k");
        assert_eq!(texts(&Axis::linear(""), &[0.0, 0.3])[1], "0.05");
        assert_eq!(texts(&Axis::linear(""), &[-4.0, 4.0])[0], "-4");
    }

    #[test]
    fn no_numbers_make_an_axis_too() {
        let fitted = Fitted::new(&Axis::linear("").reversed(), std::iter::empty());
        assert_eq!((fitted.place(0.0), fitted.place(1.0)), (1.0, 0.0));
        assert!(texts(&Axis::log(""), &[]).len() > 1);
        for axis in [Axis::linear(""), Axis::linear("").exact(), Axis::log("")] {
            let fitted = Fitted::new(&axis, [5.0, 5.0].into_iter());
            assert!(fitted.place(5.0).is_finite() && !fitted.ticks().is_empty());
        }
    }
}
