//! What stands on the shortcut of each kind of unit, and what of F is added to it. Needs the
//! language alone: `cargo run --no-default-features --example anatomy_of_a_unit`.

use rnetc::network::anatomy::{Body, Step, sites};
use rnetc::{Diagnostics, Spec};

const SPEC: &str = "
unit plain(w)     { F = conv(3x3, w) -> bn -> relu                        y = F(x) }
unit preact(w)    { F = bn -> relu -> conv(3x3, w)                        y = x + F(x) }
unit scaled(w)    { F = bn -> relu -> conv(3x3, w)                        y = 0.5 * x + 0.5 * F(x) }
unit projected(w) { F = bn -> relu -> conv(3x3, w)  h = conv(1x1, w)      y = h(x) + F(x) }
unit highway(w)   { F = conv(3x3, w) -> relu        t = conv(1x1, w) -> sigmoid
                    y = F(x) * t(x) + x * (1 - t(x)) }
net units { input(16, 8, 8) -> plain(16) -> preact(16) -> scaled(16) -> projected(16) -> highway(16)
            -> global_avg_pool -> linear(10) }
";

fn main() -> Result<(), Diagnostics> {
    let (network, warnings) = Spec::new("units.rnet", SPEC).compile_with_warnings()?;
    for site in sites(&network) {
        let told = match &site.body {
            Body::Residual(residual) => format!(
                "shortcut {}, F in {} term(s)",
                steps(&residual.shortcut.steps),
                residual.branches.len()
            ),
            Body::Carried(shortcut) => format!("shortcut {}, no F", steps(&shortcut.steps)),
            Body::Chain => "no shortcut".to_owned(),
        };
        println!("{:<10} {} → {}: {told}", site.name, site.shapes[0], site.shapes[1]);
    }
    println!("\n{warnings}");
    Ok(())
}

fn steps(steps: &[Step]) -> String {
    let words: Vec<&str> = steps.iter().map(word).collect();
    if words.is_empty() { "the identity".to_owned() } else { words.join(", ") }
}

fn word(step: &Step) -> &'static str {
    match step {
        Step::Scaled(_) => "scaled",
        Step::Gated(gate) if gate.complement => "gated by 1 − g",
        Step::Gated(_) => "gated by g",
        Step::Learned(_) => "scaled by learned numbers",
        Step::Convolved(_) => "convolved",
        Step::Normalised(_) => "normalised",
        Step::Dropped => "dropped",
        Step::Detached => "detached",
        Step::Rectified => "rectified",
        Step::Squashed => "squashed",
        Step::Activated(function) => function.word(),
        Step::Compared => "compared",
        Step::Joined => "joined with other channels",
        Step::Pooled => "pooled",
        Step::Upsampled => "made larger",
        Step::Subsampled => "subsampled",
        Step::Padded => "padded",
        Step::Sliced => "some of its channels",
        Step::Cropped => "cropped",
        Step::Reframed => "cropped and padded",
    }
}
