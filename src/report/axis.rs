//! From numbers to places on an axis, and where its marks stand.

/// How numbers are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Evenly.
    Linear,
    /// By their logarithm; only positive numbers have a place.
    Log,
}

/// A range of numbers, wide enough to be drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    scale: Scale,
    low: f64,
    high: f64,
}

impl Axis {
    /// The range of some numbers, widened to whole marks where it is linear; those without a
    /// place are left out.
    pub fn over(scale: Scale, values: impl Iterator<Item = f64>) -> Self {
        let placed = values.filter(|v| v.is_finite() && (scale == Scale::Linear || *v > 0.0));
        let (low, high) =
            placed.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        let (low, high) = match scale {
            _ if low > high => (0.1, 1.0),
            Scale::Log if high / low < 1.01 => (low / 2.0, high * 2.0),
            Scale::Log => (low / 1.1, high * 1.1),
            Scale::Linear if high - low < 1e-12 => (low - 0.5, high + 0.5),
            Scale::Linear => (low, high),
        };
        Self { scale, low, high }
    }

    /// The same, zero in it.
    pub fn to_zero(self) -> Self {
        Self { low: 0.0_f64.min(self.low), high: self.high * 1.02, ..self }
    }

    /// Its place, 0 to 1 inside the range.
    pub fn place(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Log => (value / self.low).ln() / (self.high / self.low).ln(),
        }
    }

    /// Marks with what is written beside them.
    pub fn marks(&self) -> Vec<(f64, String)> {
        match self.scale {
            Scale::Linear => self.even(),
            Scale::Log => self.powers(),
        }
    }

    fn even(&self) -> Vec<(f64, String)> {
        const ABOUT: f64 = 6.0;
        let raw = (self.high - self.low) / ABOUT;
        let power = 10f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].iter().map(|k| k * power).find(|step| *step >= raw);
        let step = step.unwrap_or(raw);
        let first = (self.low / step).ceil() as i64;
        let last = (self.high / step + 1e-9).floor() as i64;
        (first..=last).map(|k| k as f64 * step).map(|v| (v, number(v))).collect()
    }

    fn powers(&self) -> Vec<(f64, String)> {
        let decades = (self.high / self.low).log10();
        if decades < 0.8 {
            return self.even();
        }
        let within = if decades > 3.0 { &[1.0][..] } else { &[1.0, 2.0, 5.0][..] };
        let every = (decades / 8.0).ceil().max(1.0) as i32;
        let (first, last) = (self.low.log10().floor() as i32, self.high.log10().ceil() as i32);
        let all = (first..=last)
            .filter(|power| power.rem_euclid(every) == 0)
            .flat_map(|power| within.iter().map(move |k| k * 10f64.powi(power)));
        all.filter(|v| (self.low..=self.high).contains(v)).map(|v| (v, number(v))).collect()
    }
}

/// A number as people write it beside a mark.
pub fn number(value: f64) -> String {
    let size = value.abs();
    if size >= 1e5 && value.fract() == 0.0 && (value / 1e3).fract() == 0.0 {
        return format!("{}k", value / 1e3);
    }
    if size != 0.0 && !(1e-3..1e7).contains(&size) {
        return format!("{value:.0e}");
    }
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_even_axes_are_round_and_inside() {
        let axis = Axis::over(Scale::Linear, [3.0, 64.0].into_iter());
        let marks: Vec<String> = axis.marks().into_iter().map(|(_, text)| text).collect();
        assert_eq!(marks, ["20", "40", "60"]);
        assert_eq!([axis.place(3.0), axis.place(64.0)], [0.0, 1.0]);
        let flat = Axis::over(Scale::Linear, [2.0].into_iter());
        assert_eq!(flat.place(2.0), 0.5);
    }

    #[test]
    fn marks_of_logarithmic_axes_are_powers() {
        let axis = Axis::over(Scale::Log, [0.012, 0.0, -3.0, f64::NAN, 1.7].into_iter());
        let marks: Vec<String> = axis.marks().into_iter().map(|(_, text)| text).collect();
        assert_eq!(marks, ["0.02", "0.05", "0.1", "0.2", "0.5", "1"]);
        let middle = (0.012f64 * 1.7).sqrt();
        assert!((axis.place(middle) - 0.5).abs() < 1e-12);
        let wide = Axis::over(Scale::Log, [1e-16, 1.0].into_iter());
        assert!((5..=10).contains(&wide.marks().len()));
        assert!(Axis::over(Scale::Log, std::iter::empty()).marks().len() > 1);
    }

    #[test]
    fn numbers_are_short() {
        let shown = [0.0, 0.5, 64_000.0, 640_000.0, 1e-5, 0.05, -2.0].map(number);
        assert_eq!(shown, ["0", "0.5", "64000", "640k", "1e-5", "0.05", "-2"]);
    }
}
