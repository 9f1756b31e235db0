//! Activation functions as operators; operator set 13 has some of them, the others are several.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, SQRT_2};

use super::{FLOAT, Message, Writer, attribute};
use crate::network::Activation;

impl Writer {
    /// Writes a function of the value named `x`, which makes the one named `out`.
    pub(super) fn activation(&mut self, function: Activation, x: &str, out: &str) {
        let mut node = |op: &str, attributes| self.node(op, &[x.to_owned()], out, attributes);
        match function {
            Activation::Relu => node("Relu", vec![]),
            Activation::Sigmoid => node("Sigmoid", vec![]),
            Activation::Tanh => node("Tanh", vec![]),
            Activation::LeakyRelu { slope } => node("LeakyRelu", vec![float("alpha", slope)]),
            Activation::Elu { alpha } => node("Elu", vec![float("alpha", alpha)]),
            Activation::Softplus => node("Softplus", vec![]),
            Activation::HardSigmoid => node("HardSigmoid", hard()),
            Activation::Exp => node("Exp", vec![]),
            Activation::Log => node("Log", vec![]),
            Activation::Sqrt => node("Sqrt", vec![]),
            Activation::Abs => node("Abs", vec![]),
            Activation::Square => self.node("Mul", &[x.to_owned(), x.to_owned()], out, vec![]),
            Activation::Relu6 => {
                let bounds = [0.0, 6.0].map(|bound| self.number(bound));
                self.node("Clip", &[vec![x.to_owned()], bounds.to_vec()].concat(), out, vec![]);
            }
            Activation::Silu => self.gated(x, ("Sigmoid", vec![], x), out),
            Activation::HardSwish => self.gated(x, ("HardSigmoid", hard(), x), out),
            Activation::Gelu { approximate: false } => {
                let scaled = self.with_number("Mul", x, FRAC_1_SQRT_2, &format!("{out}.scaled"));
                let erf = self.step("Erf", &scaled, &format!("{out}.erf"));
                let twice = self.with_number("Add", &erf, 1.0, &format!("{out}.twice"));
                let half = self.with_number("Mul", x, 0.5, &format!("{out}.half"));
                self.node("Mul", &[half, twice], out, vec![]);
            }
            Activation::Gelu { approximate: true } => {
                let inner = |part: &str| format!("{out}.{part}");
                self.node("Mul", &[x.to_owned(), x.to_owned()], &inner("square"), vec![]);
                let cubic = self.with_number("Mul", &inner("square"), 0.044715, &inner("cubic"));
                let factor = self.with_number("Add", &cubic, 1.0, &inner("factor"));
                self.node("Mul", &[x.to_owned(), factor], &inner("sum"), vec![]);
                let by = SQRT_2 * FRAC_2_SQRT_PI;
                let twice = self.with_number("Mul", &inner("sum"), by, &inner("twice"));
                self.gated(x, ("Sigmoid", vec![], &twice), out);
            }
        }
    }

    /// x times a function of another value.
    fn gated(&mut self, x: &str, (op, attributes, of): (&str, Vec<Message>, &str), out: &str) {
        let gate = format!("{out}.gate");
        self.node(op, &[of.to_owned()], &gate, attributes);
        self.node("Mul", &[x.to_owned(), gate], out, vec![]);
    }

    fn step(&mut self, op: &str, x: &str, out: &str) -> String {
        self.node(op, &[x.to_owned()], out, vec![]);
        out.to_owned()
    }

    fn with_number(&mut self, op: &str, x: &str, number: f64, out: &str) -> String {
        let number = self.number(number);
        self.node(op, &[x.to_owned(), number], out, vec![]);
        out.to_owned()
    }

    fn number(&mut self, number: f64) -> String {
        self.constant(FLOAT, &[], &(number as f32).to_le_bytes())
    }
}

/// x/6 + 1/2, kept from 0 to 1; the operator's own slope is 1/5.
fn hard() -> Vec<Message> {
    vec![float("alpha", 1.0 / 6.0), float("beta", 0.5)]
}

fn float(name: &str, value: f64) -> Message {
    attribute(name, 1, Message::default().float(2, value as f32))
}
