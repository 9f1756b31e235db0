//! What a net came to on the parts of a data set.

use serde::{Deserialize, Serialize};

use crate::train::part::Part;

/// How a net did on the pictures of a part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    /// Mean cross-entropy; none if it is not a number.
    pub loss: Option<f64>,
    /// Pictures classified wrongly, %.
    pub error_percent: f64,
}

/// An evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "Line", try_from = "Line")]
pub struct Evaluation {
    /// Steps done.
    pub step: u64,
    /// Epochs done or begun.
    pub epoch: u64,
    /// On the validation part, where it was measured.
    pub validation: Option<Measure>,
    /// On the test pictures, where they were measured.
    pub test: Option<Measure>,
}

impl Evaluation {
    /// Of a net after so many steps, of which nothing is measured yet.
    pub fn at(step: u64, epoch: u64) -> Self {
        Self { step, epoch, validation: None, test: None }
    }

    /// What came of a part.
    pub fn on(&self, part: Part) -> Option<Measure> {
        match part {
            Part::Validation => self.validation,
            Part::Test => self.test,
        }
    }

    /// The error on a part, %.
    pub fn error_percent(&self, part: Part) -> Option<f64> {
        self.on(part).map(|measure| measure.error_percent)
    }

    /// The same with a part measured.
    #[must_use]
    pub fn with(self, part: Part, measure: Measure) -> Self {
        match part {
            Part::Validation => Self { validation: Some(measure), ..self },
            Part::Test => Self { test: Some(measure), ..self },
        }
    }

    /// The parts that were measured.
    pub fn measured(&self) -> impl Iterator<Item = (Part, Measure)> {
        Part::ALL.into_iter().filter_map(|part| self.on(part).map(|measure| (part, measure)))
    }
}

/// An evaluation as files have it. A loss that is no number is null there, and what was not measured
/// is absent.
#[derive(Serialize, Deserialize)]
struct Line {
    step: u64,
    epoch: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    validation_loss: Option<Option<f64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    validation_error_percent: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    test_loss: Option<Option<f64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    test_error_percent: Option<f64>,
}

impl From<Evaluation> for Line {
    fn from(of: Evaluation) -> Self {
        Self {
            step: of.step,
            epoch: of.epoch,
            validation_loss: of.validation.map(|measure| measure.loss),
            validation_error_percent: of.error_percent(Part::Validation),
            test_loss: of.test.map(|measure| measure.loss),
            test_error_percent: of.error_percent(Part::Test),
        }
    }
}

impl TryFrom<Line> for Evaluation {
    type Error = &'static str;

    fn try_from(line: Line) -> Result<Self, Self::Error> {
        let measure = |error: Option<f64>, loss: Option<Option<f64>>| {
            error.map(|error_percent| Measure { loss: loss.flatten(), error_percent })
        };
        let validation = measure(line.validation_error_percent, line.validation_loss);
        let test = measure(line.test_error_percent, line.test_loss);
        if validation.is_none() && test.is_none() {
            return Err("no part is measured");
        }
        Ok(Self { step: line.step, epoch: line.epoch, validation, test })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_and_lines_of_before_are_read() {
        let test = Measure { loss: Some(2.0), error_percent: 90.0 };
        let validation = Measure { loss: None, error_percent: 80.0 };
        let both = Evaluation::at(3, 1).with(Part::Test, test).with(Part::Validation, validation);
        let one = Evaluation { validation: None, ..both };
        let text = |of: &Evaluation| serde_json::to_string(of).unwrap();
        assert_eq!(
            text(&one),
            "{\"step\":3,\"epoch\":1,\"test_loss\":2.0,\"test_error_percent\":90.0}"
        );
        for of in [both, one, Evaluation { test: None, ..both }] {
            assert_eq!(serde_json::from_str::<Evaluation>(&text(&of)).unwrap(), of);
        }
        assert!(text(&both).contains("\"validation_loss\":null"), "{}", text(&both));
        assert!(serde_json::from_str::<Evaluation>("{\"step\":3,\"epoch\":1}").is_err());
    }
}
