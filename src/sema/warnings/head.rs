//! Warnings about what stands behind the last layer with weights: the loss reads the net's end as scores.

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::network::{Layer, Network, Value};

/// An activation, a BN or a dropout at the end of the net; two linear layers with nothing between.
pub fn warnings(network: &Network) -> Vec<Diagnostic> {
    let last = network.value(network.output);
    let mut found = Vec::new();
    let what = match last.layer {
        Layer::Activation(activation) => {
            Some((activation.word(), "it bounds the scores of the classes"))
        }
        Layer::BatchNorm { .. } => {
            Some(("bn", "it ties a picture's scores to those of its mini-batch"))
        }
        Layer::Dropout { .. } | Layer::DropPath { .. } => {
            Some(("dropout", "it drops the scores of some classes"))
        }
        _ => None,
    };
    if let Some((name, cost)) = what {
        let text = format!("the net ends with {name}, and the loss reads its end as scores");
        found.push(
            warn(last, text, "behind the last layer").hint(format!(
                "{cost}, and the loss has its own softmax: end with linear(classes)"
            )),
        );
    }
    let linear = |value: &&Value| matches!(value.layer, Layer::Linear { .. });
    for value in network.values.iter().filter(linear) {
        let read = value.args.first().map(|&read| network.value(read));
        if read.as_ref().is_some_and(linear) {
            let text = "a linear layer reads another with nothing between them";
            found
                .push(warn(value, text.to_owned(), "two that compute what one can").hint(
                    "put an activation between them: linear(128) -> relu -> linear(classes)",
                ));
        }
    }
    found
}

fn warn(value: &Value, text: String, label: &str) -> Diagnostic {
    let warning = Diagnostic::error(Code::Head, value.span, text).label(label);
    Diagnostic { severity: Severity::Warning, ..warning }
}
